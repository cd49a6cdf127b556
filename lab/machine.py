"""The lab's machine as a platform file: imported from its device tree, its /sys and the kernel's sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from lab.run import OUT, run
from lab.scenario import TELLS, Scenario
from lab.told import lay_out

VERSIONS = {"6.1": "6.1.192", "6.12": "6.12.117"}
"""What Debian's images that the lab fetches are built from."""
QEMU = ("-cpu", "cortex-a57", "-smp", "1", "-m", "2048", "-nographic", "-net", "none")


def device_tree(its: bool) -> Path:
    """The device tree that QEMU gives the machine's first kernel."""
    blob = OUT / f"its-{'on' if its else 'off'}.dtb"
    machine = f"virt,iommu=smmuv3,gic-version=3,its={'on' if its else 'off'},dumpdtb={blob}"
    subprocess.run(["qemu-system-aarch64", "-machine", machine, *QEMU], check=True, capture_output=True, timeout=30)
    return blob


def imported(tree: Path, its: bool, driver: str) -> Path:
    """The platform file that an import makes of the machine and a kernel tree."""
    told = OUT / TELLS[driver].name / "console.txt"
    if not told.exists():
        run(TELLS[driver])
    with told.open(encoding="utf-8") as console:
        lay_out(console, OUT / "sys")
    made = OUT / f"machine-{driver}-its-{'on' if its else 'off'}.yaml"
    made.unlink(missing_ok=True)
    line = ["import", "--dtb", device_tree(its), "--kernel", tree, "--sysfs", OUT / "sys", "-o", made]
    subprocess.run([sys.executable, "-m", "kexecspec", *map(str, line)], check=True, capture_output=True)
    return made


def handoffs(scenario: Scenario) -> list[str]:
    """The handoffs of a scenario; its kernels are k1, k2 and so on."""
    steps = [step.partition("@")[0] for step in scenario.plan]
    words = {"kexec": "kexec -e", "crash": "crash"}
    made = [f"k{n} -{step}-> k{n + 1}" for n, step in enumerate(steps, 1) if step in words]
    return made + [f"k{n} -reboot --force-> k1" for n, step in enumerate(steps, 1) if step == "reboot"]


def kernels(scenario: Scenario) -> dict[str, Any]:
    """Its kernels, with what decides what they do. A crash kernel is given elfcorehdr= by kexec."""
    made: dict[str, Any] = {}
    release, kdump = scenario.first, False
    for number, step in enumerate(scenario.plan, 1):
        made[f"k{number}"] = {"version": VERSIONS[release], "cmdline": scenario.append, "kdump": kdump}
        if number > 1 and "lab.driver=none" in scenario.more:
            made[f"k{number}"]["devices"] = []
        kind, _, named = step.partition("@")
        release, kdump = named or release, kind == "crash"
    return made


def platform(scenario: Scenario, base: Path) -> Path:
    """The platform file of a scenario: the imported machine with the kernels and handoffs of the scenario. Said here is
    what an import does not say: the interrupt controller, and that PCI devices are registered after all platform
    devices, as their bus is only looked at when its bridge probes (of_platform_default_populate comes first)."""
    content = yaml.safe_load(base.read_text(encoding="utf-8"))
    content |= {"platform": f"lab-{scenario.name}", "kernels": kernels(scenario), "handoffs": handoffs(scenario)}
    gic = {"variant": "arm,gic-v3", "its": scenario.its, "efi": False}
    content |= {"first": "k1", "interrupt_controllers": {"gic": gic}}
    for device in content["devices"].values():
        device["after"] = list(content["smmus"])
        device.pop("domain", None)
    path = OUT / scenario.name / "platform.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
