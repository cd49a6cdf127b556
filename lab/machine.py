"""The lab's machine as a platform file: imported from its device tree, its /sys and the kernel's sources."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from lab.fetch import qemu
from lab.run import OUT, run, virt
from lab.scenario import FROM_4_GIB_DOWN, UNRECOGNISED, Scenario, telling
from lab.told import lay_out

VERSIONS = {"6.1": "6.1.192", "6.12": "6.12.117"}
"""What Debian's images that the lab fetches are built from."""
IOVA = "{:#x} + {:#x}".format(*FROM_4_GIB_DOWN)
BOARD = ("-cpu", "cortex-a57", "-smp", "1", "-nographic", "-net", "none")
PCI = re.compile(r"pci-0000-([0-9a-f]{2})-([0-9a-f]{2})\.([0-7])")


def device_tree(scenario: Scenario) -> Path:
    """The device tree that QEMU gives the machine's first kernel."""
    blob = OUT / f"its-{'on' if scenario.its else 'off'}-{scenario.memory}.dtb"
    line = [qemu(), "-machine", f"{virt(scenario)},dumpdtb={blob}", "-m", str(scenario.memory), *BOARD]
    subprocess.run(line, check=True, capture_output=True, timeout=30)
    return blob


def imported(tree: Path, scenario: Scenario) -> Path:
    """The platform file that an import makes of a scenario's machine and a kernel tree."""
    tells = telling(scenario)
    made = OUT / f"machine-{tells.name.removeprefix('tells-')}-its-{'on' if scenario.its else 'off'}.yaml"
    told = OUT / tells.name / "console.txt"
    if not told.exists():
        run(tells)
    with told.open(encoding="utf-8") as console:
        lay_out(console, OUT / "sys")
    made.unlink(missing_ok=True)
    line = ["import", "--dtb", device_tree(scenario), "--kernel", tree, "--sysfs", OUT / "sys", "-o", made]
    subprocess.run([sys.executable, "-m", "kexecspec", *map(str, line)], check=True, capture_output=True)
    return made


def handoffs(scenario: Scenario) -> list[Any]:
    """The handoffs of a scenario; its kernels are k1, k2 and so on. init.sh loads each of them by kexec_load."""
    steps = [step.partition("@")[0] for step in scenario.plan]
    loaded = {"kind": "kexec -e", "loaded_by": "kexec_load"}
    words: dict[str, dict[str, str]] = {"kexec": loaded, "crash": {"kind": "crash"}}
    made = [{"from": f"k{n}", "to": f"k{n + 1}", **words[step]} for n, step in enumerate(steps, 1) if step in words]
    resets = [f"k{n} -reboot --force-> k1" for n, step in enumerate(steps, 1) if step == "reboot"]
    return [*made, *resets]


def kernels(scenario: Scenario, drives: list[str]) -> dict[str, Any]:
    """Its kernels, with what decides what they do. A crash kernel is given elfcorehdr by kexec, in its device tree.
    Where there is a second card the first kernel has no driver for it; `drives` are the devices that it has one for."""
    made: dict[str, Any] = {}
    release, crashed = scenario.first, False
    for number, step in enumerate(scenario.plan, 1):
        words = (scenario.append, scenario.more if number > 1 else "", scenario.once if number == 2 else "")
        line = " ".join(word for word in words if word)
        made[f"k{number}"] = {"version": VERSIONS[release], "cmdline": line}
        if crashed:
            made[f"k{number}"]["kdump"] = UNRECOGNISED not in line
        if number > 1 and "lab.driver=none" in scenario.more:
            made[f"k{number}"]["devices"] = []
        elif number == 1 and scenario.beside:
            made["k1"]["devices"] = drives
        kind, _, named = step.partition("@")
        release, crashed = named or release, kind == "crash"
    return made


def stream(device: str) -> int:
    """The stream of a PCI device, which is its requester: the machine's iommu-map is one to one."""
    found = PCI.fullmatch(device)
    assert found is not None
    return int(found[1], 16) << 8 | int(found[2], 16) << 3 | int(found[3])


def platform(scenario: Scenario, base: Path) -> Path:
    """The platform file of a scenario: the imported machine with the kernels and handoffs of the scenario, and whether
    it is booted through EFI. Said here is what an import does not say: the streams of PCI devices, where their I/O
    addresses are, and that these are registered after all platform devices, as their bus is only looked at when its
    bridge probes, a second card first.
    """
    content = yaml.safe_load(base.read_text(encoding="utf-8"))
    devices = content["devices"]
    watched = [name for name, device in devices.items() if device["driver"] == scenario.driver]
    content |= {"platform": f"lab-{scenario.name}", "kernels": kernels(scenario, watched)}
    content |= {"handoffs": handoffs(scenario), "first": "k1"}
    for gic in content["interrupt_controllers"].values() if scenario.its else ():
        gic["efi"] = scenario.efi
    for name, device in devices.items():
        device |= {"after": [*content["smmus"]], "streams": [stream(name)], "iova": IOVA}
        device.pop("domain", None)
    content["devices"] = {name: devices[name] for name in sorted(devices, key=lambda name: name in watched)}
    path = OUT / scenario.name / "platform.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
