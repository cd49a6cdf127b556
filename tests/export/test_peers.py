"""Who is installed agrees about a story; z3 always is. `make soak` asks about all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kexecspec.cli.platforms import settled
from kexecspec.export.model import Model, model, sliced
from kexecspec.ir.expr import negate
from kexecspec.ir.nodes import TRUE, Const, Ref
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import BOOL
from kexecspec.ir.verdict import Judgement
from kexecspec.solve.judge import judge
from tests.export.evidence import objection
from tests.export.peers import OPEN, PEERS, PROVED, REFUTED, Peer, ask, asked, missing
from tests.goldens import ROOT

STORY = "examples/tee-bnxt-fourth-kexec/before.yaml"
QUICK = [peer for name, peer in PEERS.items() if not missing(peer) and name in ("ABC pdr", "ABC bmc3", "z3 Spacer")]


@pytest.fixture(scope="module")
def judged() -> dict[str, tuple[TransitionSystem, Property, Judgement]]:
    """A refuted property and a proved one of the same system."""
    (one,) = settled(str(ROOT / STORY))
    props = [p for p in one.system.properties if p.id in ("KX102/bnxt@kexec", "KX201/optee@kexec")]
    pairs = zip(props, judge(one.system, tuple(props)), strict=True)
    return {j.verdict.value: (one.system, prop, j) for prop, j in pairs}


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
@pytest.mark.parametrize("verdict", [PROVED, REFUTED])
def test_our_evidence_stands_in_the_exported_file(
    judged: dict[str, tuple[TransitionSystem, Property, Judgement]], solver: str, verdict: str
) -> None:
    system, prop, judgement = judged[verdict]
    assert objection(system, prop, judgement, solver, 60) == ""
    other = judged[REFUTED if verdict == PROVED else PROVED][1]
    assert objection(system, other, judgement, solver, 60), "evidence for another property is none"


@pytest.mark.parametrize("peer", QUICK, ids=lambda peer: peer.name)
@pytest.mark.parametrize("verdict", [PROVED, REFUTED])
def test_a_peer_says_the_same(
    judged: dict[str, tuple[TransitionSystem, Property, Judgement]], peer: Peer, verdict: str
) -> None:
    system, prop, _ = judged[verdict]
    answer = ask(peer, model(sliced(system, prop), prop), 60)
    assert answer.verdict == verdict or verdict == PROVED and not peer.decides and answer.verdict == OPEN, answer.said


def switch(safe: bool) -> Model:
    """A switch that is turned on, and must not be on."""
    on = Var("on", BOOL, Const(False), Lifetime.KERNEL)
    turned = Rule("turned", "kernel", negate(Ref("on")), {"on": Const(not safe)})
    prop = Property("KX900", "x", "any", negate(Ref("on")), TRUE, "HANG")
    return model(TransitionSystem({"on": on}, (turned,), (), (prop,)), prop)


INSTALLED = [peer for peer in PEERS.values() if not missing(peer) and "gcc" not in peer.needs]


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
def test_a_peer_can_tell_a_safe_switch_from_one_that_is_not(peer: Peer) -> None:
    if peer.decides:
        assert ask(peer, switch(safe=True), 60).verdict == PROVED
    answer = ask(peer, switch(safe=False), 60)
    assert answer.verdict == REFUTED and len(answer.seconds) == 1 and answer.mebibytes > 1


def saying(text: str, like: str, sleep: float = 0.0) -> Peer:
    """A peer that says what it is told to."""
    program = f"import time; time.sleep({sleep}); print({text!r})"
    return Peer("parrot", "smv", (), "", lambda _: ((sys.executable, "-c", program),), PEERS[like].answer)


@pytest.mark.parametrize(
    ("like", "said", "verdict"),
    [
        ("ABC pdr", "Property proved.  Time = 0.1 sec", PROVED),
        ("ABC pdr", "Output 0 of miter \"m\" was asserted in frame 24.", REFUTED),
        ("ABC pdr", "Property UNDECIDED.", OPEN),
        ("ABC pdr", "** cmd error: unknown command 'pdr'", ""),
        ("SPIN", "State-vector 28 byte, depth reached 32, errors: 0", PROVED),
        ("SPIN", "pan:1: assertion violated  !(v_on) (at depth 2)\nerrors: 1", REFUTED),
        ("SPIN", "error: max search depth too small\nerrors: 0", OPEN),
        ("SPIN", "pan.c: No such file or directory", ""),
        ("rumur", "Status:\n\n\tNo error found.", PROVED),
        ("rumur", "The following is the error trace for the error:\n\n\tinvariant \"x\" failed", REFUTED),
        ("rumur", "model:3: syntax error", ""),
        ("NuSMV", "-- invariant !v_on  is true\n", PROVED),
        ("NuSMV", "-- invariant !v_on  is false\n", REFUTED),
        ("NuSMV", "file model: line 3: at token \";\": syntax error", ""),
        ("z3 BMC", "UNKNOWN", OPEN),
        ("z3 BMC", "Traceback (most recent call last):", ""),
    ],
)  # fmt: skip
def test_what_a_peer_says_is_understood_or_said_to_be_not(like: str, said: str, verdict: str) -> None:
    assert ask(saying(said, like), switch(safe=True), 20).verdict == verdict


def test_a_peer_that_is_late_is_ended_and_has_no_answer(tmp_path: Path) -> None:
    answer = asked(saying("PROVED", "z3 BMC", sleep=60), tmp_path, 1)
    assert answer.verdict == OPEN and answer.seconds[0] < 20
