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
    its: bool = False
    rate: float = 0.0
    """Frames that a sender on the host sends each second; 0 for a machine that is idle."""
    wait: int = 3
    append: str = ""
    """Words of every kernel's command line."""
    more: str = ""
    """Words that are added for the kernels after the first."""
    limit: int = 150
    """Seconds after which the run is ended."""

    @property
    def releases(self) -> tuple[str, ...]:
        """The kernels that the machine carries."""
        return (self.first, *(release for release in self.also if release != self.first))


TRAFFIC = 4.0
"""Slow enough that a ring of 256 descriptors is not spent before the next kernel is up: after a crash nobody posts."""

EARLY = "earlycon=pl011,0x9000000 memblock=debug ignore_loglevel"
"""A kernel that stops before its console is up says so here only, and where its memory is."""

TELLS = {
    driver: Scenario(
        f"tells-{driver}", ("tell",), "the machine says what it is made of", wait=1, driver=driver, card=card
    )
    for driver, card in (("e1000e", "e1000e"), ("8139cp", "rtl8139"))
}

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
        "crash-its", ("crash", "stop"), "a crash into a kdump kernel of a machine with an ITS", its=True, rate=TRAFFIC
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
        "crash-6.12", ("crash", "stop"), "a crash into a kdump kernel under traffic, 6.12", first="6.12", rate=TRAFFIC
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
)
