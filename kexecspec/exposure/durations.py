"""How long the phases of a bar last, by the log of a kernel that went through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kexecspec.exposure.bars import Bar
from kexecspec.exposure.exposed import Exposed
from kexecspec.exposure.initcalls import Timed, device_of


@dataclass(frozen=True)
class Lengths:
    """Microseconds of each phase, by name, as far as the log tells; `device` and `smmu` are what it calls these."""

    phases: Mapping[str, int]
    device: str | None
    smmu: str | None


def lengths(one: Exposed, everybody: Sequence[Exposed], smmu_drivers: Mapping[str, str], given: Mapping[str, str],
            log: Timed) -> Lengths:  # fmt: skip
    """The lengths of the phases of `one`; `smmu_drivers` has the driver of each SMMU."""
    alone = sum(1 + len(other.alike) for other in everybody if other.driver == one.driver) == 1
    device = device_of(one.name, one.driver, alone, given, log)
    smmu = None
    if one.smmu:
        driver = smmu_drivers[one.smmu]
        smmu = device_of(one.smmu, driver, list(smmu_drivers.values()).count(driver) == 1, given, log)
    moments = dict(_moments(log, device, smmu))
    return Lengths(dict(_lengths(one, moments)), device, smmu)


def unsafe_for(bar: Bar, found: Lengths) -> tuple[int, bool]:
    """Microseconds of the unsafe phases of a handoff whose lengths are known, and whether all of them are."""
    names = [cell.phase.name for cell in bar.unsafe]
    return sum(found.phases.get(name, 0) for name in names), all(name in found.phases for name in names)


def _moments(log: Timed, device: str | None, smmu: str | None) -> Iterator[tuple[str, int]]:
    if log.probes:
        yield "jump", 0
        yield "crash", 0
    for name, begins, ends in ((smmu, "smmu-probe", "smmu-probed"), (device, "probe", "probed")):
        if name is not None and name in log.probes:
            yield begins, log.probes[name][0]
            yield ends, log.probes[name][1]
    if log.hooks:
        yield "first-hook", min(log.hooks.values())
    for name, begins in ((smmu, "smmu-hook"), (device, "hook")):
        if name is not None and name in log.hooks:
            yield begins, log.hooks[name]
    if log.jump is not None:
        yield "leave", log.jump


def _lengths(one: Exposed, moments: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for old in (True, False):
        phases = [cell.phase for cell in one.bars[0].cells if cell.phase.old == old] if one.bars else []
        starts = [next((moments[m] for m in phase.begins if m in moments), None) for phase in phases]
        ends = [*starts[1:], moments.get("leave") if old else None]
        for phase, start, end in zip(phases, starts, ends, strict=True):
            if start is not None and end is not None and end >= start:
                yield phase.name, end - start
