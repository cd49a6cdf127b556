"""The cases of one generated platform: each kind says how many there are, and what is wrong with one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kexecspec.explore import Sweep
from kexecspec.ground.ground import ground
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.verdict import Counterexample, Judgement, Verdict
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.replay.calls import ELSEWHERE
from kexecspec.replay.replay import confirm, step_through
from kexecspec.replay.walk import Walked, walk
from kexecspec.solve.answers import Effort
from kexecspec.solve.judge import judge
from tests.generated import platform
from tests.runs import run
from tests.soak.compare import compared
from tests.soak.converse import live

STATES = 15_000
LOOKS = Effort(5_000_000)
SOLVER = Effort(1_000_000, states=0, deep=40)
WALKS, WALK_STEPS = 50, 120
RUNS, RUN_STEPS = 5, 60
LIVES, LIFE_STEPS = 80, 150
SOLVER_SHARE = 12
"""Of so many properties one is judged a second time, without a look at states."""

OPEN = "no answer within the bounds"
NOTHING = "there is no such case"


@dataclass(frozen=True)
class Outcome:
    """A case came out well (`wrong` is ""), or stayed open, or `wrong` says what disagrees; `met` is what it met."""

    wrong: str = ""
    open: bool = False
    met: Mapping[str, int] = field(default_factory=dict)


class Ground:
    """A generated platform, and what is known about it once somebody has asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.platform: Platform = platform(seed)
        self.system: TransitionSystem = ground(self.platform, library())
        self.properties: tuple[Property, ...] = tuple(
            p for p in self.system.properties if not same(p.companion, FALSE)
        )

    @cached_property
    def sweep(self) -> Sweep:
        """The explicit reading, looked at as far as anybody asks."""
        return Sweep(self.system, STATES, strict=True)

    @cached_property
    def judged(self) -> tuple[Judgement, ...]:
        """The tool's own judgements of `properties`."""
        return judge(self.system, self.properties, effort=LOOKS)

    @cached_property
    def refuted(self) -> tuple[Judgement, ...]:
        return tuple(j for j in self.judged if j.verdict is Verdict.REFUTED)

    @cached_property
    def proved(self) -> tuple[Property, ...]:
        pairs = zip(self.properties, self.judged, strict=True)
        return tuple(p for p, j in pairs if j.verdict is Verdict.PROVED)


def _agreement(one: Ground, number: int) -> Outcome:
    return _compared(one, one.properties[number], one.judged[number])


def _solver(one: Ground, number: int) -> Outcome:
    prop = _solver_share(one)[number]
    return _compared(one, prop, judge(one.system, (prop,), effort=SOLVER)[0])


def _solver_share(one: Ground) -> tuple[Property, ...]:
    return one.properties[one.seed % SOLVER_SHARE :: SOLVER_SHARE]


def _compared(one: Ground, prop: Property, judgement: Judgement) -> Outcome:
    found = compared(one.system, prop, judgement, one.sweep)
    return Outcome(open=True) if found is None else Outcome(found, met={f"verdict {judgement.verdict.value}": 1})


def _walk(one: Ground, number: int) -> Outcome:
    walked: Walked = walk(one.platform, one.system, library(), number, WALK_STEPS)
    met = Counter(_word(done) for done in walked.done)
    return Outcome(walked.objection and f"{walked.objection}; last: {'; '.join(walked.done[-5:])}", met=met)


def _word(done: str) -> str:
    """What a step of a walk was, without the names of the platform's own parts."""
    return "step " + (done.split()[1] if " " in done else done.rpartition(".")[2] or done)


def _run(one: Ground, number: int) -> Outcome:
    """A call on another thread than the rules take it to be on is a declared limit of the rules, and no answer."""
    _, _, parted = step_through(one.platform, one.system, run(one.system, number, RUN_STEPS))
    return Outcome(open=True) if ELSEWHERE in parted else Outcome(parted)


def _replay(one: Ground, number: int) -> Outcome:
    judgement = one.refuted[number]
    assert isinstance(judgement.evidence, Counterexample)
    prop = next(p for p in one.properties if p.id == judgement.property)
    found = confirm(one.platform, one.system, prop, judgement.evidence.trace)
    wrong = "" if found.outcome == "CONFIRMED" else f"{prop.id} is {found.outcome}: {found.why}"
    return Outcome(wrong, met={f"confirmed {prop.code}": 1})


def _converse(one: Ground, number: int) -> Outcome:
    suffered = live(one.platform, one.system, one.proved, number, LIFE_STEPS)
    return Outcome("; ".join(suffered), met={f"proved {p.code}": 1 for p in one.proved})


Kinds = Mapping[str, tuple[Callable[[Ground], int], Callable[[Ground, int], Outcome]]]
KINDS: Kinds = {
    "agreement": (lambda one: len(one.properties), _agreement),
    "solver": (lambda one: len(_solver_share(one)), _solver),
    "walk": (lambda one: WALKS, _walk),
    "run": (lambda one: RUNS, _run),
    "replay": (lambda one: len(one.refuted), _replay),
    "converse": (lambda one: LIVES if one.proved else 0, _converse),
}
"""Each kind: how many cases a platform has, and one of them."""


def case(one: Ground, kind: str, number: int, kinds: Kinds = KINDS) -> Outcome:
    """One case. Whatever is raised on the way is what is wrong with it."""
    count, judged = kinds[kind]
    try:
        return judged(one, number) if number < count(one) else Outcome(NOTHING)
    except Exception as error:
        return Outcome(f"{type(error).__name__}: {error}")
