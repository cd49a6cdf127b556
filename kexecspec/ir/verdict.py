"""Answers about a property, and what stands behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from kexecspec.ir.system import Invariant
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value


class Verdict(Enum):
    """PROVED means: for every behaviour of the system, any number of handoffs."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    UNKNOWN = "UNKNOWN"
    NOT_JUDGED = "NOT_JUDGED"


@dataclass(frozen=True)
class Proof:
    """Invariants whose conjunction holds at first, is kept by every rule and implies the property.

    `method` says where they come from: `inductive` (the declared ones sufficed), `states` (learnt from the reachable
    states, proved by the solver), `PDR`, `all states` (none: `reached` are all the states there are), or `run` (none:
    the property wants a run, and `witness` is one). `witness` is a run that reaches the companion; None where none
    exists, and then the property is vacuous. `reached` gives values in the order of the system's variables.
    """

    invariants: tuple[Invariant, ...]
    method: str
    witness: Trace | None
    reached: tuple[tuple[Value, ...], ...] = ()


@dataclass(frozen=True)
class Lap:
    """A stretch of a long trace that repeats: steps `start` to `start + length`, `times` times in a row,
    each time raising `counter` by `gain`."""

    start: int
    length: int
    times: int
    counter: str
    gain: int


@dataclass(frozen=True)
class Counterexample:
    """A run that ends in a violation. `shortest` is False where fewer handoffs could not be excluded.

    `decided_by` holds the unknown facts without whose value there would be no violation.
    """

    trace: Trace
    handoffs: int
    shortest: bool
    lap: Lap | None = None
    decided_by: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Exhausted:
    """What ran out before an answer, and the depth up to which no violation exists; None where nobody looked."""

    reason: str
    depth: int | None


Evidence = Proof | Counterexample | Exhausted


@dataclass(frozen=True)
class Judgement:
    """The answer for one property and its evidence; `facts` are the unknown facts in its cone. `recalled`: its slice
    was solved by an earlier run."""

    property: str
    verdict: Verdict
    evidence: Evidence
    facts: Mapping[str, str]
    recalled: bool = False
