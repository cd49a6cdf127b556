"""Cases in which others judge what `export` wrote. A kind counts no cases where who is to be asked is not installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from kexecspec.cli.platforms import settled
from kexecspec.explore import Sweep
from kexecspec.export.model import model, sliced
from kexecspec.ir.expr import negate
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.verdict import Judgement, Verdict
from kexecspec.solve.judge import judge
from kexecspec.solve.workers import missing as wheel_missing
from tests.export.evidence import objection
from tests.export.peers import OPEN, PEERS, Peer, ask, missing
from tests.export.systems import system as random_system
from tests.soak.cases import KINDS, STATES, Ground, Kinds, Outcome

SECONDS = 20
CHECKERS: Mapping[str, tuple[str, int]] = {
    "abc": ("ABC pdr", 3), "spin": ("SPIN", 24), "rumur": ("rumur", 24), "nusmv": ("NuSMV", 3),
    "spacer": ("z3 Spacer", 24),
}  # fmt: skip
"""Kinds in which a checker gives a verdict of its own: who, and of how many properties about one."""
SOLVERS: Mapping[str, tuple[str, int]] = {"z3-evidence": ("z3", 4), "cvc5-evidence": ("cvc5", 4)}
"""Kinds in which a solver looks at our evidence about the exported file."""
STORY_SHARE = 4
"""Of so many seeds one asks everybody about a story."""


def absent() -> tuple[str, ...]:
    """What there is to say about those who are not installed."""
    peers = [PEERS[name] for name, _ in CHECKERS.values() if missing(PEERS[name])]
    said = [f"not asked: {peer.name}, no {', '.join(missing(peer))} here ({peer.comes})" for peer in peers]
    return (*said, *(f"not asked: {name}, {_wheel(name)}" for name, _ in SOLVERS.values() if _wheel(name)))


def _wheel(name: str) -> str:
    return wheel_missing(name) or ""


def compared(system: TransitionSystem, prop: Property, ours: Verdict, peer: Peer, seconds: int) -> str | None:
    """What a peer's verdict differs in, "" where it is ours, None where one of the two has none."""
    if ours not in (Verdict.PROVED, Verdict.REFUTED):
        return None
    said = ask(peer, model(system, prop), seconds)
    if said.verdict == OPEN:
        return None
    if not said.verdict:
        return f"{prop.id}: {peer.name} says nothing that is known: {said.said[-300:]}"
    return "" if said.verdict == ours.value else f"{prop.id}: {peer.name} says {said.verdict}, we {ours.value}"


def _count(one: Ground, name: str) -> int:
    if name in CHECKERS:
        peer, share = CHECKERS[name]
        return 0 if missing(PEERS[peer]) else len(_shared(one, share))
    solver, share = SOLVERS[name]
    return 0 if _wheel(solver) else len(_shared(one, share))


def _shared(one: Ground, share: int) -> tuple[int, ...]:
    return tuple(range(one.seed % share, len(one.properties), share))


def _checked(one: Ground, number: int, name: str) -> Outcome:
    """Every other property with the whole system, the others with what bears on them."""
    peer, share = CHECKERS[name]
    place = _shared(one, share)[number]
    prop, ours = one.properties[place], one.judged[place].verdict
    system = one.system if place % 2 else sliced(one.system, prop)
    found = compared(system, prop, ours, PEERS[peer], SECONDS)
    return Outcome(open=True) if found is None else Outcome(found, met={f"{peer} says {ours.value}": 1})


def _examined(one: Ground, number: int, name: str) -> Outcome:
    solver, share = SOLVERS[name]
    place = _shared(one, share)[number]
    judged = one.judged[place]
    found = objection(one.system, one.properties[place], judged, solver, SECONDS)
    return Outcome(open=True) if found is None else Outcome(found, met={f"{solver} sees {judged.verdict.value}": 1})


def opinions(
    system: TransitionSystem, prop: Property, judged: Judgement, seconds: int
) -> Iterator[tuple[str, str | None]]:
    """For everybody who is installed, what they have against a judgement, as `compared` says it."""
    for name, _ in CHECKERS.values():
        part = system if name == "ABC pdr" else sliced(system, prop)
        if not missing(PEERS[name]) and (name == "ABC pdr" or part.variables):
            yield name, compared(part, prop, judged.verdict, PEERS[name], seconds)
    for name, _ in SOLVERS.values():
        if not _wheel(name):
            yield name, objection(system, prop, judged, name, seconds)


def _story(one: Ground, number: int) -> Outcome:
    """The seed chooses a story and one of its properties; everybody is asked."""
    files = sorted((Path(__file__).parent.parent.parent / "examples").glob("*/*.yaml"))
    turn = one.seed // STORY_SHARE
    found = [(s.system, p) for s in settled(str(files[turn % len(files)])) for p in premised(s.system)]
    system, prop = found[turn // len(files) % len(found)]
    (judged,) = judge(system, (prop,))
    said = [what for _, what in opinions(system, prop, judged, SECONDS) if what is not None]
    return Outcome("; ".join(filter(None, said)), open=not said, met={f"story {judged.verdict.value}": 1})


def _random(one: Ground, number: int) -> Outcome:
    """The seed makes a small system that is hard to write down; a sweep over its states and one checker judge it."""
    here = [PEERS[name] for name, _ in CHECKERS.values() if not missing(PEERS[name])]
    made = random_system(one.seed)
    sweep = Sweep(made, STATES)
    nearest = sweep.seek(negate(made.properties[0].holds))
    if nearest is None and not sweep.complete:
        return Outcome(open=True)
    ours, peer = Verdict.PROVED if nearest is None else Verdict.REFUTED, here[one.seed % len(here)]
    found = compared(made, made.properties[0], ours, peer, SECONDS)
    return Outcome(open=True) if found is None else Outcome(found, met={f"random {ours.value}": 1})


def premised(system: TransitionSystem) -> tuple[Property, ...]:
    """The properties that are judged."""
    return tuple(prop for prop in system.properties if not same(prop.companion, FALSE))


PEER_KINDS: Kinds = {
    "story": (lambda one: int(one.seed % STORY_SHARE == 0), _story),
    "random": (lambda one: 1, _random),
    **{
        name: (partial(_count, name=name), partial(_checked if name in CHECKERS else _examined, name=name))
        for name in (*CHECKERS, *SOLVERS)
    },
}
EVERY: Kinds = {**KINDS, **PEER_KINDS}
"""What a soak does."""
