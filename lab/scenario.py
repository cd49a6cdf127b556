"""What one run of the lab does: the machine, the kernels, the plan, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """One run. `plan` is what each kernel in turn does (`init.sh` tells the words), which begins with `first`."""

    name: str
    plan: tuple[str, ...]
    about: str
    first: str = "6.1"
    also: tuple[str, ...] = ()
    driver: str = "e1000e"
    card: str = "e1000e"
    """QEMU's name of the network card that the driver is for."""
    beside: str = ""
    """A second card, behind the same SMMU and in the same span of its stream table, that nobody sends anything to."""
    its: bool = False
    efi: bool = False
    """Booted through EFI firmware, which keeps a list of reservations."""
    memory: int = 2048
    """MiB, from 1 GiB on. I/O addresses are taken from the end of 4 GiB downwards: with 4096 they are memory, too."""
    rate: float = 0.0
    """Frames that a sender on the host sends each second; 0 for a machine that is idle."""
    wait: int = 3
    append: str = ""
    """Words of every kernel's command line."""
    more: str = ""
    """Words that are added for the kernels after the first."""
    once: str = ""
    """Words that are added for the second kernel only."""
    crashkernel: str = "512M"
    """What is reserved for crash kernels."""
    look: tuple[tuple[int, int], ...] = ()
    """Physical ranges (start, size) that are filled with a pattern at the start and kept at the end."""
    limit: int = 150
    """Seconds after which the run is ended."""

    @property
    def releases(self) -> tuple[str, ...]:
        """The kernels that the machine carries."""
        return (self.first, *(release for release in self.also if release != self.first))


TRAFFIC = 10.0
"""Slow enough that a ring of 256 descriptors is not spent before the next kernel is up: after a crash nobody posts."""

EARLY = "earlycon=pl011,0x9000000 memblock=debug ignore_loglevel"
"""A kernel that stops before its console is up says so here only, and where its memory is."""

UNRECOGNISED = "elfcorehdr=0xffffffffffffffff"
"""No address of a vmcore, said after the device tree's: is_kdump_kernel() is false."""

BESIDE = "lab.beside=8139cp"

FROM_4_GIB_DOWN = (0xFE00_0000, 0x0200_0000)
"""Where the cards' I/O addresses are: iommu_dma_alloc_iova takes those of a PCI device from the end of 4 GiB downwards,
and a ring with its buffers takes less than this. Memory too, of a machine that has 4 GiB of it. A report looks whether
a run had others.
"""
UP_TO_4_GIB = "512M@0xe0000000"
"""A reservation for crash kernels that has these addresses in it, where no CMA area (cma=0) lies there before it."""


def telling(scenario: Scenario) -> Scenario:
    """A run in which the machine of a scenario says what it is made of."""
    beside = f"-{scenario.beside}" if scenario.beside else ""
    reserved = f"-{scenario.crashkernel}" if scenario.crashkernel != "512M" else ""
    return Scenario(
        f"tells-{scenario.driver}-{scenario.memory}{beside}{reserved}-{scenario.first}",
        ("tell",),
        "the machine says what it is made of",
        first=scenario.first,
        crashkernel=scenario.crashkernel,
        wait=1,
        driver=scenario.driver,
        card=scenario.card,
        beside=scenario.beside,
        memory=scenario.memory,
        append=f"{BESIDE if beside else ''}{' cma=0' if reserved else ''}".strip(),
    )


SCENARIOS = (
    Scenario("kexec-idle", ("kexec", "stop"), "a clean kexec of an idle machine"),
    Scenario("kexec-traffic", ("kexec", "stop"), "a clean kexec under traffic", rate=TRAFFIC),
    Scenario("crash-traffic", ("crash", "stop"), "a crash into a kdump kernel under traffic", rate=TRAFFIC),
    Scenario("crash-idle", ("crash", "stop"), "a crash into a kdump kernel of an idle machine"),
    Scenario(
        "crash-reboot-traffic",
        ("crash", "reboot"),
        "a crash under traffic, then the kdump kernel reboots",
        rate=TRAFFIC,
    ),
    Scenario(
        "crash-no-driver",
        ("crash", "stop"),
        "a crash under traffic; the kdump kernel has no driver for the card",
        rate=TRAFFIC,
        more="lab.driver=none",
    ),
    Scenario(
        "kexec-its",
        ("kexec", "stop"),
        "a clean kexec of a machine with an ITS, booted without EFI",
        its=True,
        limit=90,
        more=EARLY,
    ),
    Scenario(
        "crash-kexec-its",
        ("crash", "kexec", "stop"),
        "a crash of a machine with an ITS, and the kdump kernel goes on by kexec",
        its=True,
        limit=150,
        more=EARLY,
    ),
    Scenario(
        "crash-its",
        ("crash", "stop"),
        "a crash into a kdump kernel of a machine with an ITS",
        its=True,
        rate=TRAFFIC,
    ),
    Scenario(
        "kexec-four", ("kexec",) * 4 + ("stop",), "four clean kexecs in a row under traffic", rate=TRAFFIC, limit=240
    ),
    Scenario("reboot-traffic", ("reboot",), "reboot -f under traffic", rate=200.0),
    Scenario(
        "crash-passthrough",
        ("crash", "stop"),
        "a crash under traffic with identity domains",
        rate=TRAFFIC,
        append="iommu.passthrough=1",
    ),
    Scenario(
        "kexec-passthrough",
        ("kexec", "stop"),
        "a clean kexec under traffic with identity domains",
        rate=TRAFFIC,
        append="iommu.passthrough=1",
    ),
    Scenario(
        "crash-bypass-allowed",
        ("crash", "stop"),
        "a crash under traffic, streams that nobody attached may pass",
        rate=TRAFFIC,
        append="arm-smmu-v3.disable_bypass=0",
    ),
    Scenario(
        "reboot-no-shutdown",
        ("reboot",),
        "reboot -f under traffic; the card's driver has no shutdown hook",
        rate=2000.0,
        driver="8139cp",
        card="rtl8139",
    ),
    Scenario(
        "kexec-no-shutdown",
        ("kexec", "stop"),
        "a clean kexec under traffic; the card's driver has no shutdown hook",
        rate=20.0,
        driver="8139cp",
        card="rtl8139",
    ),
    Scenario("kexec-6.12", ("kexec", "stop"), "a clean kexec under traffic, 6.12", first="6.12", rate=TRAFFIC),
    Scenario(
        "crash-6.12",
        ("crash", "stop"),
        "a crash into a kdump kernel under traffic, 6.12",
        first="6.12",
        rate=TRAFFIC,
    ),
    Scenario(
        "crash-6.1-6.12",
        ("crash@6.12", "stop"),
        "a crash of 6.1 into a kdump kernel of 6.12",
        also=("6.12",),
        rate=TRAFFIC,
    ),
    Scenario(
        "crash-6.12-6.1",
        ("crash@6.1", "stop"),
        "a crash of 6.12 into a kdump kernel of 6.1",
        first="6.12",
        also=("6.1",),
        rate=TRAFFIC,
    ),
    Scenario(
        "kexec-its-6.12",
        ("kexec", "stop"),
        "a clean kexec of a machine with an ITS, 6.12",
        first="6.12",
        its=True,
        limit=150,
        more=EARLY,
    ),
    Scenario(
        "kexec-6.1-6.12-6.1",
        ("kexec@6.12", "kexec@6.1", "stop"),
        "a clean kexec of 6.1 into 6.12 under traffic, and back",
        also=("6.12",),
        rate=TRAFFIC,
    ),
    Scenario(
        "kexec-6.12-6.1-6.12",
        ("kexec@6.1", "kexec@6.12", "stop"),
        "a clean kexec of 6.12 into 6.1 under traffic, and back",
        first="6.12",
        also=("6.1",),
        rate=TRAFFIC,
    ),
    Scenario(
        "kexec-bypass-allowed",
        ("kexec", "stop"),
        "a clean kexec under traffic, streams that nobody attached may pass",
        rate=TRAFFIC,
        append="arm-smmu-v3.disable_bypass=0",
    ),
    Scenario(
        "crash-unrecognised",
        ("crash", "stop"),
        "a crash under traffic into a kernel that does not know it is a kdump kernel",
        rate=TRAFFIC,
        more=UNRECOGNISED,
    ),
    Scenario(
        "crash-unrecognised-6.12",
        ("crash", "stop"),
        "a crash under traffic into a kernel that does not know it is a kdump kernel, 6.12",
        first="6.12",
        rate=TRAFFIC,
        more=UNRECOGNISED,
    ),
    Scenario(
        "crash-beside",
        ("crash", "stop"),
        "a crash under traffic; the kdump kernel binds a second card of the same span first",
        beside="rtl8139",
        rate=TRAFFIC,
        more=BESIDE,
    ),
    Scenario(
        "crash-beside-bypass-allowed",
        ("crash", "stop"),
        "the same, streams that nobody attached may pass",
        beside="rtl8139",
        memory=4096,
        rate=TRAFFIC,
        more=BESIDE,
        append="arm-smmu-v3.disable_bypass=0",
        look=(FROM_4_GIB_DOWN,),
    ),
    Scenario(
        "crash-beside-hits",
        ("crash", "stop"),
        "the same, and the reservation of the kdump kernel is where the cards' I/O addresses are",
        beside="rtl8139",
        memory=4096,
        crashkernel=UP_TO_4_GIB,
        rate=TRAFFIC,
        more=BESIDE,
        append="arm-smmu-v3.disable_bypass=0 cma=0",
    ),
    Scenario(
        "crash-beside-6.12",
        ("crash", "stop"),
        "the same, 6.12",
        first="6.12",
        beside="rtl8139",
        rate=TRAFFIC,
        more=BESIDE,
    ),
    Scenario(
        "kexec-its-efi",
        ("kexec", "stop"),
        "a clean kexec of a machine with an ITS, booted through EFI",
        its=True,
        efi=True,
        more=EARLY,
    ),
    Scenario(
        "kexec-its-efi-6.12",
        ("kexec", "stop"),
        "a clean kexec of a machine with an ITS, booted through EFI, 6.12",
        first="6.12",
        its=True,
        efi=True,
        more=EARLY,
    ),
    Scenario(
        "reboot-no-shutdown-memory",
        ("reboot",),
        "reboot -f under traffic; the card's driver has no shutdown hook, and I/O addresses are memory, too",
        rate=2000.0,
        driver="8139cp",
        card="rtl8139",
        memory=4096,
        look=(FROM_4_GIB_DOWN,),
    ),
    Scenario(
        "crash-unrecognised-kexec-its",
        ("crash", "kexec", "stop"),
        "a crash of a machine with an ITS; the kdump kernel does not know what it is, and goes on to one that does",
        its=True,
        more=EARLY,
        once=UNRECOGNISED,
    ),
    Scenario(
        "crash-unrecognised-kexec-its-6.12",
        ("crash", "kexec", "stop"),
        "the same, 6.12",
        first="6.12",
        its=True,
        more=EARLY,
        once=UNRECOGNISED,
    ),
    Scenario(
        "crash-kexec-its-6.12",
        ("crash", "kexec", "stop"),
        "a crash of a machine with an ITS, and the kdump kernel goes on by kexec, 6.12",
        first="6.12",
        its=True,
        more=EARLY,
    ),
    Scenario(
        "crash-its-6.12",
        ("crash", "stop"),
        "a crash into a kdump kernel of a machine with an ITS, 6.12",
        first="6.12",
        its=True,
        rate=TRAFFIC,
    ),
    Scenario(
        "crash-kexec-traffic",
        ("crash", "kexec", "stop"),
        "a crash under traffic, and the kdump kernel goes on by kexec",
        rate=TRAFFIC,
    ),
    Scenario(
        "crash-reboot-traffic-6.12",
        ("crash", "reboot"),
        "a crash under traffic, then the kdump kernel reboots, 6.12",
        first="6.12",
        rate=TRAFFIC,
    ),
    Scenario(
        "kexec-four-6.12",
        ("kexec",) * 4 + ("stop",),
        "four clean kexecs in a row under traffic, 6.12",
        first="6.12",
        rate=TRAFFIC,
        limit=240,
    ),
    Scenario("reboot-traffic-6.12", ("reboot",), "reboot -f under traffic, 6.12", first="6.12", rate=200.0),
    Scenario(
        "crash-passthrough-6.12",
        ("crash", "stop"),
        "a crash under traffic with identity domains, 6.12",
        first="6.12",
        rate=TRAFFIC,
        append="iommu.passthrough=1",
    ),
    Scenario(
        "kexec-passthrough-6.12",
        ("kexec", "stop"),
        "a clean kexec under traffic with identity domains, 6.12",
        first="6.12",
        rate=TRAFFIC,
        append="iommu.passthrough=1",
    ),
    Scenario(
        "reboot-no-shutdown-memory-6.12",
        ("reboot",),
        "reboot -f under traffic; the card's driver has no shutdown hook, and I/O addresses are memory, too, 6.12",
        first="6.12",
        rate=2000.0,
        driver="8139cp",
        card="rtl8139",
        memory=4096,
        look=(FROM_4_GIB_DOWN,),
    ),
    Scenario(
        "kexec-no-shutdown-6.12",
        ("kexec", "stop"),
        "a clean kexec under traffic; the card's driver has no shutdown hook, 6.12",
        first="6.12",
        rate=20.0,
        driver="8139cp",
        card="rtl8139",
    ),
    Scenario("kexec-idle-6.12", ("kexec", "stop"), "a clean kexec of an idle machine, 6.12", first="6.12"),
    Scenario(
        "crash-idle-6.12", ("crash", "stop"), "a crash into a kdump kernel of an idle machine, 6.12", first="6.12"
    ),
    Scenario(
        "crash-no-driver-6.12",
        ("crash", "stop"),
        "a crash under traffic; the kdump kernel has no driver for the card, 6.12",
        first="6.12",
        rate=TRAFFIC,
        more="lab.driver=none",
    ),
)
