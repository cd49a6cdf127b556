#!/bin/busybox sh
# The first process of a machine with OP-TEE: user space holds four buffers of 4 MiB, and kexec -e does not end it.
#   lab.step=N   the number of this kernel; lab.last=N  the last of them
export PATH=/bin:/sbin
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
word() { tr ' ' '\n' < /proc/cmdline | sed -n "s/^lab\.$1=//p" | tail -n 1; }
step=$(word step)
insmod /modules/tee.ko
insmod /modules/optee.ko
sleep 1
echo "LAB step=$step up" > /dev/kmsg
hold > /dev/kmsg 2>&1 &
sleep 1
[ "$step" -ge "$(word last)" ] && poweroff -f
(cd / && find bin sbin lib modules init Image -xdev | cpio -o -H newc > /next.cpio 2>/dev/null)
kexec -i -l /Image --initrd=/next.cpio --append="console=ttyAMA0 lab.last=$(word last) lab.step=$((step + 1))"
rm /next.cpio
kexec -e
