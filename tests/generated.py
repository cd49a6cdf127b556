"""Random small platforms, made from a seed: every driver, SMMU, ABI and kind of handoff turns up sooner or later."""

from __future__ import annotations

import random
from typing import Any

from kexecspec.handoff_text import HandoffText, parse_handoff
from kexecspec.library import library
from kexecspec.platform.contradictions import without
from kexecspec.platform.facts import Platform
from kexecspec.platform.impossible import conflicts
from kexecspec.platform.resolve import resolve
from kexecspec.source import parse

VERSIONS = ("5.4.100", "5.10.19", "5.10.61", "5.13", "5.14", "5.15.30", "6.1.3", "6.1.7", "6.6", "6.12")
CLIENTS = ("tee_bnxt_fw", "tpm_ftpm_tee", "tpm_ftpm_tee-teebus", "optee-rng", "rtc-optee", "scmi-optee")
MASTERS = (
    "generic-pci", "generic-pci-shutdown", "generic-platform", "generic-platform-shutdown", "generic-amba",
    "fsl_enetc", "bnxt_en", "sdhci-of-esdhc", "fsl-edma", "dwc3", "ahci_qoriq", "caam",
)  # fmt: skip
VARIANTS = ("arm,mmu-500", "arm,smmu-v1", "arm,smmu-v2", "qcom,smmu-v2", "arm,smmu-v3")
HANDOFFS = ("kexec", "systemctl kexec", "kexec -e", "crash", "reboot", "reboot -f")


def content(seed: int) -> dict[str, Any]:
    """A platform file as plain data. The heap is small, so that few handoffs fill it."""
    dice = random.Random(seed)
    made: dict[str, Any] = {
        "platform": f"generated-{seed}",
        "memory": {"ram": ["0x8000_0000 + 2GiB"], "crashkernel": "0xc000_0000 + 256MiB"},
    }
    devices: dict[str, Any] = {}
    tee = dice.random() < 0.6
    if tee:
        made["secure_world"] = _secure_world(dice)
        for driver in dice.sample(CLIENTS, dice.randint(0, 1)):
            devices[f"client-{driver}"] = {"driver": driver}
    if not tee or dice.random() < 0.3:
        made["smmus"] = {"smmu": {"variant": dice.choice(VARIANTS)}}
        devices["master"] = _master(dice)
    made["devices"] = devices
    made["kernels"] = {name: _kernel(dice, tee) for name in ("one", "two")[: dice.randint(1, 2)]}
    names = list(made["kernels"])
    edges = {f"{dice.choice(names)} -{dice.choice(HANDOFFS)}-> {dice.choice(names)}" for _ in range(dice.randint(1, 3))}
    made["handoffs"] = sorted(edges)
    if dice.random() < 0.4:
        made["assume"] = {"registration_fails": False}
    return possible(made)


def possible(made: dict[str, Any]) -> dict[str, Any]:
    """`made` without the facts that contradict others, and with each handoff once."""
    while (conflict := next(conflicts(made, library()), None)) is not None:
        made = without(made, conflict.place[:2])
        there = [handoff for handoff in made["handoffs"] if handoff is not None]
        made["handoffs"] = [h for h in there if {parse_handoff(h).start, parse_handoff(h).end} <= set(made["kernels"])]
    once = {(said.start, said.kind, said.end, said.user_space == "running"): text for text, said in _read(made)}
    return {**made, "handoffs": sorted(once.values())}


def _read(made: dict[str, Any]) -> list[tuple[str, HandoffText]]:
    return [(text, parse_handoff(text)) for text in made["handoffs"]]


def platform(seed: int) -> Platform:
    """The resolved platform of `content(seed)`."""
    return resolve(parse("{}", f"generated-{seed}"), f"generated-{seed}", library(), content(seed))


def _secure_world(dice: random.Random) -> dict[str, Any]:
    ffa = dice.random() < 0.25
    return {
        "optee": dice.choice(("3.13.0", "3.16.0", "4.4.0")) if not ffa else "4.4.0",
        "abi": "ffa" if ffa else "smc",
        "threads": dice.randint(1, 2),
        "heap": {"size": 65536, "base_use": dice.choice((20000, 30000, 48000))},
        "supplicant": {"present": dice.random() < 0.8, "may_die": False},
    }


def _master(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"driver": dice.choice(MASTERS), "smmu": "smmu", "streams": [0x400]}
    match dice.randint(0, 3):
        case 0:
            made["domain"] = "identity"
        case 1:
            made["iova"] = "0xc000_0000 + 1MiB"
        case 2:
            made["iova"] = "0x1000_0000 + 1MiB"
        case _:
            made["iova"] = "0xfff0_0000 + 1MiB"
    return made


def _kernel(dice: random.Random, tee: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"version": dice.choice(VERSIONS)}
    if tee and dice.random() < 0.5:
        made["user_space"] = {"sessions": 1}
    return made
