"""Refutations that need what nobody knows: what an I/O virtual address hits, taken as a physical one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kexecspec.findings import Finding
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.verdict import Verdict
from kexecspec.platform.facts import Platform, Unknown
from kexecspec.solve.facts import with_facts
from kexecspec.solve.together import judge_together


def weakened(
    platform: Platform, findings: Sequence[Finding], full: Callable[[], TransitionSystem], rlimit: int
) -> list[Finding]:
    """The findings; a refutation that needs a certain value of a fact that cannot carry a refutation, or of one of
    several such facts, becomes UNKNOWN. `full` gives the system."""
    weak = {
        f"{entity.name}.{name}": entity.name
        for entity in platform.entities.values()
        for name, fact in entity.facts.items()
        if isinstance(fact, Unknown) and fact.weak
    }
    return [_weakened(found, weak, full, rlimit) for found in findings]


def _weakened(found: Finding, weak: dict[str, str], full: Callable[[], TransitionSystem], rlimit: int) -> Finding:
    if found.verdict is not Verdict.REFUTED:
        return found
    if needed := [name for name, _ in found.decided_by if name in weak]:
        return _unknown(found, " and ".join(needed))
    part = found.property.part
    own = [name for name, entity in weak.items() if entity == part and name in full().variables]
    if len(own) > 1 and _proved(found, own, full(), rlimit):
        decided = tuple((name, True) for name in own)
        return replace(_unknown(found, " or ".join(own)), decided_by=(*found.decided_by, *decided))
    return found


def _proved(found: Finding, hit: Sequence[str], system: TransitionSystem, rlimit: int) -> bool:
    """Whether the property is proved where none of that is hit."""
    nothing = with_facts(system, dict.fromkeys(hit, False))
    prop = next(prop for prop in nothing.properties if prop.id == found.property.id)
    (judgement,) = judge_together(nothing, (prop,), rlimit)
    return judgement.verdict is Verdict.PROVED


def _unknown(found: Finding, needed: str) -> Finding:
    why = f"refuted only if {needed}: no concrete address is known, so say more (iova, memory)"
    return replace(found, verdict=Verdict.UNKNOWN, why=why)
