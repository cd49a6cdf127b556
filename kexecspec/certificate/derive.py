"""What a certificate's folder must hold for a system, its invariants and the properties that it claims.

The writer writes these texts, and the reader derives them anew and compares: there is one definition of an obligation.
"""

from __future__ import annotations

from collections.abc import Sequence

from kexecspec.certificate.invariants_text import invariants_text
from kexecspec.certificate.symbols import plain
from kexecspec.certificate.system_text import system_text
from kexecspec.certificate.terms import term
from kexecspec.files import plain_name
from kexecspec.ir.system import Invariant, Mode, Property, TransitionSystem

SYSTEM, INVARIANTS = "system.smt2", "invariants.smt2"
INITIAL, CONSECUTION, RANGES = (f"obligations/{name}.smt2" for name in ("initial", "consecution", "ranges"))
_SAFETY = "obligations/safety/"

_INITIAL = """\
; Unsat: every first state is one of the domain in which the invariants hold.
(assert |initial|)
(assert (not (and |domain| |invariants|)))
(check-sat)
"""
_CONSECUTION = """\
; Unsat: no rule leads from a state in which the invariants hold to one in which they do not.
(assert |domain|)
(assert |invariants|)
(assert |step|)
(assert |domain'|)
(assert (not |invariants'|))
(check-sat)
"""
_RANGES = """\
; Unsat: no rule leads out of the domain, so that |domain'| may be taken for granted in consecution.smt2.
(assert |domain|)
(assert |invariants|)
(assert |step|)
(assert (not |domain'|))
(check-sat)
"""


def texts(
    system: TransitionSystem, invariants: Sequence[Invariant], claimed: Sequence[Property]
) -> dict[str, str]:
    """Every file of one system, by its path in the system's folder; `claimed` are the properties proved."""
    names = obligations(system)
    safety = {names[prop.id]: _safety(prop) for prop in claimed if prop.mode is Mode.ALWAYS}
    return {
        SYSTEM: system_text(system),
        INVARIANTS: invariants_text(invariants),
        INITIAL: _INITIAL,
        CONSECUTION: _CONSECUTION,
        RANGES: _RANGES,
        **safety,
    }


def obligations(system: TransitionSystem) -> dict[str, str]:
    """The path of the safety obligation of each property that holds in every state, whether it is claimed or not."""
    taken: set[str] = set()
    names: dict[str, str] = {}
    for prop in system.properties:
        if prop.mode is Mode.ALWAYS:
            name = plain_name((prop.code, prop.instance, prop.handoff), ".smt2", taken)
            taken.add(name.lower())
            names[prop.id] = _SAFETY + name
    return names


def group(path: str) -> str:
    """The kind of obligation that a path is of."""
    return "safety" if path.startswith(_SAFETY) else path.removeprefix("obligations/").removesuffix(".smt2")


def is_obligation(path: str) -> bool:
    """Whether a path is that of an obligation, not of what all of them begin with."""
    return path.startswith("obligations/")


def _safety(prop: Property) -> str:
    return (
        f"; Unsat: where the invariants hold, {plain(prop.id)} is not violated.\n"
        "(assert |domain|)\n"
        "(assert |invariants|)\n"
        f"(assert (not {term(prop.holds)}))\n"
        "(check-sat)\n"
    )
