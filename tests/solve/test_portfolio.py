"""Several engines: each tells the truth or nothing, the first answer that holds up counts, and a lie is told on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from kexecspec.cli import main
from kexecspec.explore import Found, explore
from kexecspec.ir.expr import conjoin, less, negate
from kexecspec.ir.nodes import FALSE, Const, Ref
from kexecspec.ir.system import Mode, TransitionSystem
from kexecspec.ir.trace import Step, Trace, handoffs, objection
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.ir.verdict import Counterexample, Exhausted, Judgement, Proof, Verdict
from kexecspec.solve import engines, portfolio
from kexecspec.solve.answers import Answer, Disagreement, Effort, Reached, Safe, Target
from kexecspec.solve.engines import ENGINES
from kexecspec.solve.judge import judge
from kexecspec.solve.portfolio import agreed, decided
from kexecspec.solve.recheck import recheck
from kexecspec.solve.together import judge_together
from tests.faults.running import STORY
from tests.solve.generated import systems
from tests.solve.systems import always, at, plus, rule, system, var

PATIENCE = 60.0
BUDGET, LITTLE = 3_000_000, 100_000


def _by(engine: str, whole: TransitionSystem, rlimit: int = BUDGET) -> Judgement:
    (judgement,) = judge(whole, whole.properties, effort=Effort(rlimit, engine=engine))
    return judgement


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_tells_the_truth_or_nothing(engine: str) -> None:
    told = []

    @settings(max_examples=12, derandomize=True)
    @given(systems())
    def tried(whole: TransitionSystem) -> None:
        (prop,) = whole.properties
        judgement, seen = _by(engine, whole, 400_000), explore(whole, negate(prop.holds))
        told.append(judgement.verdict)
        match judgement.evidence:
            case Counterexample(trace, counted, shortest):
                assert isinstance(seen, Found) and objection(whole, trace, negate(prop.holds)) is None
                assert counted == handoffs(whole, seen.trace) or not shortest
            case Proof(invariants):
                assert not isinstance(seen, Found) and recheck(whole, invariants, (prop,)) == ()

    tried()
    assert Verdict.REFUTED in told if engine in ("runs", "states") else Verdict.PROVED in told


def ring() -> TransitionSystem:
    """Four places in a ring, of which the fourth is left once a token has been dropped; it is dropped at none but the
    second. One step of induction does not see that the fourth is never reached."""
    places = ("one", "two", "three", "four")
    return system(
        (var("at", EnumSort(places), "one"), var("token", BOOL, False), var("spent", BOOL, False)),
        (
            rule("go", at("at", "one"), {"at": "two"}),
            rule("drop", at("at", "two"), {"at": "three", "token": True}),
            rule("spend", conjoin((at("at", "three"), Ref("token"))), {"at": "one", "token": False, "spent": True}),
            rule("fall", conjoin((at("at", "three"), negate(Ref("token")))), {"at": "four"}),
        ),
        (always("KX1", negate(at("at", "four")), Ref("spent")),),
    )


def far(end: int = 90) -> TransitionSystem:
    """A way so long, beside so much else, that the usual look at states and runs ends before it does."""
    return system(
        (var("n", IntSort(0, end), 0), var("m", IntSort(0, 60), 0)),
        (
            rule("on", less(Ref("n"), Const(end)), {"n": plus("n", 1)}),
            rule("more", less(Ref("m"), Const(60)), {"m": plus("m", 1)}),
        ),
        (always("KX1", negate(conjoin((at("n", end), at("m", 60))))),),
    )


@pytest.mark.parametrize("engine", ["backwards", "spacer"])
def test_a_proof_that_is_found(engine: str) -> None:
    found = _by(engine, ring())
    assert isinstance(found.evidence, Proof) and found.evidence.witness is not None
    assert found.evidence.method == {"backwards": "backwards", "spacer": "PDR"}[engine]
    assert recheck(ring(), found.evidence.invariants, ring().properties) == ()


def test_looking_back_ends_where_there_is_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = replace(
        ring(), variables={**ring().variables, "at": var("at", EnumSort(("one", "two", "three", "four")), "three")}
    )
    assert _by("backwards", dropped).verdict is Verdict.UNKNOWN
    assert _by("runs", dropped).verdict is Verdict.REFUTED
    monkeypatch.setattr("kexecspec.solve.backwards._MOST", 0)
    assert _by("backwards", ring()).verdict is Verdict.UNKNOWN


def test_what_the_usual_way_leaves_open_another_decides() -> None:
    whole = far()
    (usual,) = judge(whole, whole.properties, LITTLE)
    (found,) = judge_together(whole, whole.properties, LITTLE)
    (inside,) = judge_together(whole, whole.properties, LITTLE, inside=True)
    assert isinstance(usual.evidence, Exhausted)
    assert found.verdict is inside.verdict is Verdict.REFUTED
    assert isinstance(found.evidence, Counterexample) and len(found.evidence.trace.steps) == 150


def test_where_nobody_has_an_answer_the_usual_reason_is_told() -> None:
    whole = far(3000)
    (usual,) = judge(whole, whole.properties, LITTLE)
    (found,) = judge_together(whole, whole.properties, LITTLE, inside=True)
    assert usual == found and isinstance(found.evidence, Exhausted)


@pytest.mark.parametrize("inside", [False, True])
def test_at_once_the_answers_are_the_same(inside: bool) -> None:
    for whole in (ring(), replace(ring(), properties=(always("KX2", negate(Ref("token"))),))):
        (usual,) = judge(whole, whole.properties, BUDGET)
        (raced,) = judge_together(whole, whole.properties, BUDGET, inside=inside, portfolio=True)
        assert raced.verdict is usual.verdict


Planted = Callable[[TransitionSystem, Target, Any], Answer | None]


def _honest(whole: TransitionSystem, target: Target, desk: Any) -> Answer | None:
    found = explore(whole, target.where)
    return Reached(found.trace, True) if isinstance(found, Found) else None


def _silent(whole: TransitionSystem, target: Target, desk: Any) -> None:
    return None


def _claims_safety(whole: TransitionSystem, target: Target, desk: Any) -> Answer:
    return Safe((), "lie")


def _claims_a_run(whole: TransitionSystem, target: Target, desk: Any) -> Answer:
    first = {name: False if v.sort == BOOL else v.sort.labels[0] for name, v in whole.variables.items()}  # type: ignore[union-attr]
    return Reached(Trace(first, (Step("fall", {**first, "at": "four"}),)), True)


def _late(engine: Planted) -> Planted:
    def answer(whole: TransitionSystem, target: Target, desk: Any) -> Answer | None:
        time.sleep(0.3)
        return engine(whole, target, desk)

    return answer


def _never(whole: TransitionSystem, target: Target, desk: Any) -> None:
    time.sleep(60)


def _plant(monkeypatch: pytest.MonkeyPatch, **planted: Planted) -> None:
    monkeypatch.setattr(portfolio, "ENGINES", planted)
    monkeypatch.setattr(engines, "ENGINES", planted)


def falling() -> TransitionSystem:
    """The ring, where a token may be lost: the fourth place is reached."""
    whole = ring()
    lost = rule("lose", at("at", "three"), {"token": False})
    return replace(whole, rules=(*whole.rules, lost))


def _decided(whole: TransitionSystem, inside: bool = False) -> Judgement:
    (prop,) = whole.properties
    left_open = Judgement(prop.id, Verdict.UNKNOWN, Exhausted("nobody looked", None), {})
    return decided(whole, prop, left_open, BUDGET, PATIENCE, inside)


@pytest.mark.parametrize("inside", [False, True])
def test_a_proof_that_does_not_hold_up_is_no_answer(inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    _plant(monkeypatch, liar=_claims_safety, honest=_late(_honest))
    assert _decided(falling(), inside).verdict is Verdict.REFUTED
    _plant(monkeypatch, liar=_claims_safety)
    assert _decided(falling(), inside).evidence == Exhausted("nobody looked", None)


def test_nobody_is_waited_for_once_there_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    _plant(monkeypatch, never=_never, honest=_honest)
    began = time.monotonic()
    assert _decided(falling()).verdict is Verdict.REFUTED
    assert time.monotonic() - began < 20


def test_whoever_is_quicker_the_verdict_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    real = dict(ENGINES)
    for slow in ("runs", "states"):
        _plant(monkeypatch, **{name: _late(real[name]) if name == slow else real[name] for name in real})
        assert _decided(falling()).verdict is Verdict.REFUTED
    for slow in ("backwards", "spacer"):
        _plant(monkeypatch, **{name: _late(real[name]) if name == slow else real[name] for name in real})
        assert _decided(ring()).verdict is Verdict.PROVED


def _bribed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever checks proofs again says that all is well, and everybody has answered by then."""

    def everybody(works: Any, *_: object, **__: object) -> Iterator[tuple[int, Judgement]]:
        return ((number, item) for number, work in enumerate(works) for item in work())

    monkeypatch.setattr(portfolio, "recheck", lambda *_: ())
    monkeypatch.setattr(portfolio, "answers", everybody)


@pytest.mark.parametrize("first", ["liar", "honest"])
def test_two_answers_that_hold_up_and_differ(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted: dict[str, Planted] = {"liar": _claims_safety, "honest": _honest}
    _plant(monkeypatch, **{first: planted.pop(first)}, **planted)
    _bribed(monkeypatch)
    with pytest.raises(Disagreement, match="KX1/x@kexec: honest says REFUTED, liar says PROVED"):
        _decided(falling())


@pytest.mark.parametrize("inside", [False, True])
def test_a_run_that_is_none_is_told(inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    _plant(monkeypatch, liar=_claims_a_run, silent=_silent)
    with pytest.raises(Disagreement):
        _decided(ring(), inside)


def test_answers_that_are_the_same_do_not_depend_on_who_was_first() -> None:
    prop = always("KX1", FALSE)
    one, other = (Judgement(prop.id, Verdict.PROVED, Proof((), method, None), {}) for method in ("a", "b"))
    assert agreed(prop, {"spacer": one, "runs": other}) is agreed(prop, {"runs": other, "spacer": one}) is other
    assert agreed(prop, {}) is None


def test_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says that the tool disagrees with itself."""
    (tmp_path / "acme.yaml").write_text(STORY)
    monkeypatch.chdir(tmp_path)
    arguments = ["check", "acme.yaml", "--only", "KX102/bnxt", "--portfolio"]
    assert main(arguments) == 1
    _plant(monkeypatch, liar=_claims_safety, honest=_honest)
    _bribed(monkeypatch)
    capsys.readouterr()
    assert main(arguments) == 4
    assert "KX102/bnxt@kexec: honest says REFUTED, liar says PROVED" in capsys.readouterr().err


def test_whether_something_ever_happens_is_asked_in_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kexecspec.solve.portfolio.decided", None)
    asked = tuple(
        replace(always(code, at("at", place)), mode=Mode.SOMETIMES) for code, place in (("A", "two"), ("B", "four"))
    )
    found = judge_together(ring(), asked, BUDGET, portfolio=True, inside=True)
    assert [judgement.verdict for judgement in found] == [Verdict.PROVED, Verdict.REFUTED]
