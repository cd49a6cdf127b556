"""One property, two readings: the solver's judgement against what a sweep over concrete states finds."""

from __future__ import annotations

from kexecspec.explore import Sweep
from kexecspec.ir.expr import negate
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace, handoffs, objection
from kexecspec.ir.verdict import Counterexample, Judgement, Proof, Verdict


def compared(system: TransitionSystem, prop: Property, judgement: Judgement, sweep: Sweep) -> str | None:
    """What the two differ in, "" where they agree, None where one of them has no answer."""
    if judgement.verdict is Verdict.UNKNOWN:
        return None
    nearest = sweep.seek(negate(prop.holds))
    if nearest is None and not sweep.complete:
        return None
    if (judgement.verdict is Verdict.REFUTED) is (nearest is None):
        return f"{prop.id}: solve says {judgement.verdict.value}, explore finds {'no' if nearest is None else 'a'} run"
    match judgement.evidence:
        case Counterexample() as found if nearest is not None:
            return _runs(system, prop, found, nearest)
        case Proof() as proof:
            return _premise(prop, proof, sweep) or _invariants(prop, proof, sweep)
    return ""


def _runs(system: TransitionSystem, prop: Property, found: Counterexample, nearest: Trace) -> str:
    """The sweep's run is the nearest there is: fewest handoffs, and of those fewest steps."""
    complaint = objection(system, found.trace, negate(prop.holds))
    if complaint is not None:
        return f"{prop.id}: {complaint}"
    mine, least = handoffs(system, found.trace), handoffs(system, nearest)
    if mine != found.handoffs or mine < least or found.shortest and mine != least:
        return f"{prop.id}: solve takes {mine} handoffs (shortest: {found.shortest}), explore {least}"
    if mine == least and len(found.trace.steps) < len(nearest.steps):
        return f"{prop.id}: solve takes {len(found.trace.steps)} steps, explore {len(nearest.steps)}"
    return ""


def _premise(prop: Property, proof: Proof, sweep: Sweep) -> str:
    reached = sweep.seek(prop.companion) is not None
    if reached is (proof.witness is not None) or not reached and not sweep.complete:
        return ""
    return f"{prop.id}: the premise is {'reached' if reached else 'never reached'} by explore only"


def _invariants(prop: Property, proof: Proof, sweep: Sweep) -> str:
    """What a proof takes as invariant holds in every state that was seen."""
    for invariant in proof.invariants:
        broken = sweep.seek(negate(invariant.holds))
        if broken is not None:
            return f"{prop.id}: invariant {invariant.name} fails after {len(broken.steps)} steps"
    return ""
