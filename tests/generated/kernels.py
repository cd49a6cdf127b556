"""Random kernels and handoffs: every family of releases, proposals that nobody merged, payloads, ways to leave."""

from __future__ import annotations

import random
import zlib
from typing import Any

VERSIONS = (
    "5.4.100", "5.4.180", "5.10.19", "5.10.61", "5.10.110", "5.10.240", "5.13", "5.14", "5.15.30", "5.15.180", "5.17",
    "5.19", "6.1.3", "6.1.7", "6.1.130", "6.6", "6.12", "6.12.20", "6.18",
)  # fmt: skip
CHANGES = (
    "smmu3-kexec-adopt", "smmu3-kdump-adopt", "smmu2-shutdown-aborts", "smmu2-shutdown-leaves", "ffa-core-shutdown",
    "smmu3-shutdown-gbpa-abort", "smmu2-kdump-masks-fault-irqs", "tee-shm-register-flag",
)  # fmt: skip
CMDLINES = ("iommu.passthrough=1", "arm-smmu.disable_bypass=0", "arm-smmu-v3.disable_bypass=0", "elfcorehdr=0x1000")
LOADERS = {1: "kexec_load", 2: "kexec_file_load"}
KINDS = ("kexec", "systemctl kexec", "kexec -e", "crash", "reboot", "reboot -f")


def kernels(dice: random.Random, services: tuple[str, ...] | None) -> dict[str, Any]:
    """One to three kernels; `services` are those of the secure world, None without one."""
    made = {name: _linux(dice, services) for name in ("one", "two", "three")[: dice.choices((1, 2, 3), (6, 5, 1))[0]]}
    if dice.random() < 0.12:
        made["tool"] = _payload(dice, services is not None)
    return made


def handoffs(dice: random.Random, kernels: dict[str, Any]) -> list[Any]:
    """Ways to go from one kernel to another: one that leads to each but the first, and up to two more."""
    names = list(kernels)
    made: dict[str, Any] = {}
    wanted = [(dice.choice(names[:number]), end) for number, end in enumerate(names) if number]
    wanted += [(dice.choice(names), dice.choice(names)) for _ in range(dice.randint(0 if wanted else 1, 2))]
    for start, end in wanted:
        kind = dice.choice(KINDS)
        if kernels[start].get("payload") == "other" and dice.random() < 0.7:
            start = "one"
        text = f"{start} -{kind}-> {end}"
        more: dict[str, Any] = {"at_most": dice.randint(1, 2)} if dice.random() < 0.1 else {}
        if "kexec" in kind and (loader := LOADERS.get(zlib.crc32(text.encode()) % 3)):
            more["loaded_by"] = loader
        made[text] = {"from": start, "to": end, "kind": kind, **more} if more else text
    return [made[text] for text in sorted(made)]


def _linux(dice: random.Random, services: tuple[str, ...] | None) -> dict[str, Any]:
    made: dict[str, Any] = {"version": dice.choice(VERSIONS)}
    if services is not None and dice.random() < 0.5:
        made["user_space"] = {"sessions": dice.choice((1, 1, 2))}
        if dice.random() < 0.3:
            made["user_space"]["pages"] = dice.randint(1, 2)
        if services and dice.random() < 0.7:
            made["user_space"]["services"] = list(services)
    if dice.random() < 0.25:
        made["features"] = {dice.choice(CHANGES): True}
    if dice.random() < 0.12:
        made["cmdline"] = dice.choice(CMDLINES)
    if dice.random() < 0.1:
        made["kdump"] = dice.random() < 0.5
    for fact in ("smmu_aware", "tee_aware"):
        if dice.random() < 0.04:
            made[fact] = False
    if services is not None and dice.random() < 0.1:
        made["min_threads"] = 2
    return made


def _payload(dice: random.Random, tee: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"payload": "other"}
    if tee and dice.random() < 0.7:
        made |= {"tee_aware": True, "resumes_threads": True, "conforming": False}
    if dice.random() < 0.2:
        made["smmu_aware"] = True
    return made
