"""What a leak turns into: the refusal that it ends in, and whether the platform is reset before that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kexecspec.findings import Becomes, Finding
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.platform.facts import Platform
from kexecspec.solve.together import judge_together

LEAK, REFUSAL = "KX102", "KX103"


def with_consequences(
    platform: Platform,
    findings: Sequence[Finding],
    unlimited: Callable[[], TransitionSystem],
    rlimit: int,
) -> list[Finding]:
    """The findings, each refuted leak with the refusal it becomes; a note where resets always come before that.

    `unlimited` gives the system without the platform's limits on handoffs; it is asked only where there are limits.
    """
    if not any(f.property.code == LEAK and f.verdict is Verdict.REFUTED for f in findings):
        return list(findings)
    counts = [f.handoffs for f in findings if _refused(f) and f.handoffs]
    if not counts and platform.limits:
        counts = _counts(unlimited(), rlimit)
    if not counts:
        return list(findings)
    becomes = Becomes(REFUSAL, min(counts))
    harmless = any(limit.counter == "taken" and limit.most < becomes.handoffs for limit in platform.limits)
    return [_told(f, becomes, harmless) for f in findings]


def _told(found: Finding, becomes: Becomes, harmless: bool) -> Finding:
    if found.property.code != LEAK or found.verdict is not Verdict.REFUTED:
        return found
    return replace(found, becomes=becomes, severity="note" if harmless else found.severity)


def _refused(found: Finding) -> bool:
    return found.property.code == REFUSAL and found.property.handoff == "kexec" and found.verdict is Verdict.REFUTED


def _counts(system: TransitionSystem, rlimit: int) -> list[int]:
    wanted = tuple(p for p in system.properties if p.code == REFUSAL and p.handoff == "kexec")
    evidence = [judgement.evidence for judgement in judge_together(system, wanted, rlimit)]
    return [e.handoffs for e in evidence if isinstance(e, Counterexample)]
