#!/bin/busybox sh
# The first and only process of a lab machine. What it does is on the kernel's command line:
#   lab.plan=STEP,STEP,...   what each kernel in turn does: kexec[@RELEASE], crash[@RELEASE], reboot, tell, stop
#   lab.step=N               which of them is this kernel's
#   lab.wait=SECONDS         how long traffic runs before the step is taken
#   lab.driver=MODULE|none   the network card's driver
#   lab.beside=MODULE        the driver of a second card, which is loaded a second before
#   lab.more=WORD+WORD       words for the next kernel's command line
#   lab.once=WORD+WORD       words for that of the second kernel only
# Lines that begin with LAB are marks; a run is cut into phases at them.
export PATH=/bin:/sbin
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo 8 > /proc/sys/kernel/printk

word() { tr ' ' '\n' < /proc/cmdline | sed -n "s/^lab\.$1=//p" | tail -n 1; }
plan=$(word plan); step=$(word step); wait=$(word wait); driver=$(word driver); more=$(word more)
beside=$(word beside)
release=$(uname -r)
mark() { echo "LAB step=$step $*" > /dev/kmsg; }

mark "up release=$release"
load() {
    [ "$1" = 8139cp ] && insmod "/modules/$release/mii.ko"
    insmod "/modules/$release/$1.ko" || mark "no-driver"
}
if [ -n "$beside" ]; then
    mark "beside $beside"
    load "$beside"
    sleep 1
fi
if [ "$driver" != none ]; then
    mark "driver $driver"
    load "$driver"
    for card in /sys/class/net/*; do
        case "$(readlink "$card/device/driver")" in */"$driver") card=${card##*/}; break ;; esac
    done
fi
# From here on the card may work: opening the interface tests its interrupts and posts the ring.
mark "running"
[ "$driver" = none ] || ifconfig "$card" up 2>/dev/null || mark "no-interface"
action=$(echo "$plan" | cut -d, -f"$step")
next=${action#*@}
[ "$next" = "$action" ] && next=$(echo "$release" | cut -d. -f1-2)
line=$(tr ' ' '\n' < /proc/cmdline | grep -v -e ^lab.step= -e ^lab.once= -e ^elfcorehdr= -e ^crashkernel= | tr '\n' ' ')
line="$line $(echo "$more" "$(word once)" | tr '+' ' ') lab.step=$((step + 1))"

# The next kernel's initramfs is this one again, as it is in memory; without kernels where none comes after it.
pack() {
    case "$(echo "$plan" | cut -d, -f$((step + 1)))" in
        kexec*|crash*) kernels=$(cd / && echo Image*) ;;
        *) kernels= ;;
    esac
    cd / && find bin sbin lib modules init $kernels -xdev | cpio -o -H newc > /next.cpio 2>/dev/null
}
# -c: kexec_load, whatever kexec would do of itself. -i: no checksum, which would take longer than everything else.
case "$action" in
    kexec*) pack; kexec -c -i -l "/Image-$next" --initrd=/next.cpio --append="$line" 2>&1 || mark "no-kexec" ;;
    crash*) pack; kexec -c -i -p "/Image-$next" --initrd=/next.cpio --append="$line" 2>&1 || mark "no-kexec" ;;
esac
rm -f /next.cpio
sleep "${wait:-3}"
[ "$driver" = none ] || mark "received $(cat "/sys/class/net/$card/statistics/rx_packets" 2>/dev/null)"
# What an import reads of a running machine, each line of a file with its name.
tell() {
    for file in /sys/bus/pci/devices/*/uevent /sys/bus/platform/devices/*/uevent /sys/kernel/iommu_groups/*/type \
        /proc/cmdline /proc/sys/kernel/osrelease /proc/iomem; do
        real="$(readlink -f "${file%/*}")/${file##*/}"
        while read -r said; do echo "LABFILE $real $said"; done < "$file"
    done
    for link in /sys/bus/pci/devices/* /sys/bus/platform/devices/* /sys/kernel/iommu_groups/*/devices/* \
        /sys/class/iommu/*/devices/*; do
        echo "LABLINK $(readlink -f "${link%/*}")/${link##*/} $(readlink -f "$link")"
    done
    ls -d /sys/class/iommu/* | while read -r link; do echo "LABLINK $link $(readlink -f "$link")"; done
}
[ "$action" = tell ] && tell
mark "leaving $action"
case "$action" in
    kexec*) kexec -e ;;
    crash*) echo c > /proc/sysrq-trigger ;;
    reboot) reboot -f ;;
    *) mark "done"; poweroff -f ;;
esac
mark "still here"
sleep 5
poweroff -f
