"""What specs/smmu says that a shutdown or a crash leaves is what the executable model is left with.

The model performs the hooks that specs/drivers gives a kernel of each mode; the two descriptions were read from the
sources apart from each other.
"""

from __future__ import annotations

import pytest

from kexecspec.library import library
from kexecspec.machine import DeviceConfig, Hooks, KernelConfig, Machine, MachineConfig, Operation, Range, SmmuConfig
from kexecspec.machine.config import MemoryMap, SecureConfig
from kexecspec.machine.smmu import Entry, Smmu, SmmuV2
from kexecspec.platform.drivers import applies

RAM = MemoryMap(ram=(Range(0x8000_0000, 1 << 30),), crashkernel=(Range(0xB000_0000, 64 << 20),))
ALWAYS = {"smmu2-shutdown", "smmu3-shutdown", "smmu2-disable-bypass-default", "smmu3-unattached-abort"}
MODES = [(spec.name, mode) for spec in library().all("smmu") for mode in spec.content["residues"]]
REAL = {
    "5.10.19": "bypass gbpa", "6.1.0": "bypass gbpa", "6.1.7": "bypass gbpa", "6.12.117": "bypass gbpa",
}  # fmt: skip


def features(residue: dict[str, list[str]]) -> frozenset[str]:
    """The features of a kernel whose shutdown is of this mode."""
    return frozenset({*ALWAYS, *residue.get("when", ())} - set(residue.get("unless", ())))


def left(name: str, mode: str) -> tuple[Smmu, Smmu]:
    """The SMMU before and after a handoff in `mode`, with one device that translates."""
    spec = library().spec("smmu", name)
    assert spec is not None
    content, has = spec.content, features(spec.content["residues"][mode])
    driver = library().spec("drivers", content["driver"])
    assert driver is not None
    hooks = {
        hook: tuple(
            Operation(item if isinstance(item, str) else item["do"])
            for item in driver.content["hooks"][hook]
            if isinstance(item, str) or applies(item, has)
        )
        for hook in ("probe", "shutdown")
    }
    master = Hooks(tuple(Operation(do) for do in ("dma_reset", "dma_map", "dma_start")))
    kernel = KernelConfig(
        "prod", has, drivers={content["driver"]: Hooks(hooks["probe"], hooks["shutdown"]), "ring": master}
    )
    smmu = SmmuConfig("smmu", content["driver"], 3 if content["architecture"] == "v3" else 2)
    device = DeviceConfig("eth", "ring", smmu="smmu", streams=(7,), dma="ring")
    machine = Machine(MachineConfig((kernel,), RAM, SecureConfig(kind="none"), (smmu,), (device,)))
    machine.power_on("prod")
    machine.run_until("up")
    before = machine.state.smmus["smmu"]
    assert before.translates and before.streams[7].entry is Entry.TRANSLATE
    irq = before.gfie if isinstance(before, SmmuV2) else before.evtqen
    assert irq
    if mode == "crash":
        machine.crash("prod")
    else:
        machine.begin("kexec", "prod", "stopped")
        machine.run_until("walk-done")
    return before, machine.state.smmus["smmu"]


def translation(smmu: Smmu) -> str:
    """What the SMMU makes of the device's transactions, in the words of specs/smmu."""
    if isinstance(smmu, SmmuV2):
        if smmu.clientpd:
            return "bypass"
        return "old-tables" if smmu.streams.get(7) else "abort"
    if not smmu.smmuen:
        return "abort" if smmu.gbpa_abort else "gbpa"
    return "old-tables"


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_the_model_is_left_with_what_the_specification_says(name: str, mode: str) -> None:
    spec = library().spec("smmu", name)
    assert spec is not None
    residue = spec.content["residues"][mode]

    _, after = left(name, mode)

    assert translation(after) == residue["translation"]
    kept = after.gfie if isinstance(after, SmmuV2) else after.evtqen
    assert ("kept" if kept else "off") == residue["fault_interrupts"]
    assert ("walked" if translation(after) == "old-tables" else "idle") == residue["tables"]
    assert ("kept" if after.streams.get(7) else "fault") == residue["entries"]


@pytest.mark.parametrize("version", sorted(REAL))
def test_a_kernel_has_one_mode_which_is_the_current_one(version: str) -> None:
    from kexecspec.versions import parse_version

    has = library().features_of(parse_version(version))
    for spec in library().all("smmu"):
        fitting = [
            mode for mode, residue in spec.content["residues"].items() if mode != "crash" and applies(residue, has)
        ]
        assert fitting == [m for m in REAL[version].split() if m in spec.content["residues"]], spec.name
        assert spec.content["residues"][fitting[0]]["status"] == "current"


def test_before_the_drivers_had_a_shutdown_hook_a_kexec_leaves_what_a_crash_leaves() -> None:
    """v3 has had the hook since 7aa8619a66ae (4.14); for v2 the release is the same by inference."""
    from kexecspec.versions import parse_version

    for version, hooked in (("4.4", False), ("4.13", False), ("4.14", True)):
        has = library().features_of(parse_version(version))
        for spec in library().all("smmu"):
            residues = [residue for mode, residue in spec.content["residues"].items() if mode != "crash"]
            left = {residue["translation"] for residue in residues if applies(residue, has)} or {"old-tables"}
            assert ("old-tables" not in left) is hooked, (spec.name, version, left)


def test_the_modes_of_one_smmu_exclude_each_other() -> None:
    """Each proposal alone, beside the hook that there is."""
    for spec in library().all("smmu"):
        residues = {mode: r for mode, r in spec.content["residues"].items() if mode != "crash"}
        for mode, residue in residues.items():
            fitting = [other for other, r in residues.items() if applies(r, features(residue))]
            assert fitting == [mode], (spec.name, mode)
