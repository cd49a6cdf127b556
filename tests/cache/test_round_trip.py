"""What is written is read back exactly, and what was never written so is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.cache.key import key_of
from kexecspec.cache.terms import Malformed, Table, read_rows
from kexecspec.cache.written import read, worth_keeping, written
from kexecspec.ir.evaluate import evaluate, fire, initial_states, is_enabled
from kexecspec.ir.expr import conjoin, equal, negate
from kexecspec.ir.nodes import TRUE, And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import Invariant, Mode, Place, Property, Source, TransitionSystem
from kexecspec.ir.trace import Step, Trace, handoffs
from kexecspec.ir.values import IntSort
from kexecspec.ir.verdict import Counterexample, Exhausted, Judgement, Lap, Proof, Verdict
from tests.goldens import ROOT
from tests.solve.generated import SHAPE, systems, truths

KINDS = (Const, Ref, Eq, Less, Plus, Times, Rest, Not, And, Or, If)


@cache
def raw(depth: int) -> st.SearchStrategy[Expr]:
    """Any expression, as no constructor that folds would leave it."""
    leaf: st.SearchStrategy[Expr] = st.one_of(
        st.one_of(st.booleans(), st.integers(), st.text(max_size=5)).map(Const), st.text(max_size=5).map(Ref)
    )
    if depth == 0:
        return leaf
    part, parts = raw(depth - 1), st.lists(raw(depth - 1), max_size=3).map(tuple)
    return st.one_of(
        leaf, st.builds(Eq, part, part), st.builds(Less, part, part), parts.map(Plus), parts.map(And), parts.map(Or),
        st.builds(Times, st.integers(), part), st.builds(Rest, part, st.integers(2)), part.map(Not),
        st.builds(If, part, part, part),
    )  # fmt: skip


@settings(max_examples=60)
@given(st.lists(raw(3), max_size=4))
def test_expressions_come_back_as_they_were(wanted: list[Expr]) -> None:
    table = Table()
    places = [table.number(expr) for expr in wanted]
    found = read_rows(json.loads(json.dumps(table.rows)))
    assert [found[place] for place in places] == wanted
    assert len(set(table.numbers)) == len(table.rows) == len(found)


def test_every_kind_of_expression_is_tried() -> None:
    one, yes = Const(1), Const(True)
    made = (one, Ref("n"), Eq(one, yes), Less(one, one), Plus((one,)), Times(2, one), Rest(one, 2), Not(yes), And(()),
            Or((yes, yes)), If(yes, one, one))  # fmt: skip
    assert tuple(map(type, made)) == KINDS
    table = Table()
    places = [table.number(expr) for expr in made]
    assert tuple(read_rows(table.rows)[place] for place in places) == made


@st.composite
def judged(draw: st.DrawFn) -> tuple[TransitionSystem, tuple[Property, ...], tuple[Judgement, ...]]:
    """A random system, what might be asked about it, and what might be said: a refutation and two proofs."""
    system = draw(systems())
    run = draw(_runs(system))
    there = conjoin(equal(Ref(name), Const(value)) for name, value in run.last.items())
    wrong = Property("KX901", "x", "kexec", negate(there), TRUE, "HANG")
    right = Property("KX902", "x", "kexec", TRUE, there, "HANG")
    some = Property("handoff", "x", "kexec", there, TRUE, "", mode=Mode.SOMETIMES)
    places = st.none() | st.builds(Place, st.text(max_size=5), st.integers(1, 9), st.integers(1, 9))
    invariants = tuple(draw(st.lists(st.builds(Invariant, st.text(max_size=5), truths(), places), max_size=4)))
    decided = tuple((name, run.initial[name]) for name in draw(st.lists(st.sampled_from(sorted(SHAPE)), unique=True)))
    lap = Lap(0, 1, len(run.steps), "n", draw(st.integers(-3, 3))) if run.steps else None
    refuted = Counterexample(run, handoffs(system, run), draw(st.booleans()), lap, decided)
    found = (
        Judgement(wrong.id, Verdict.REFUTED, refuted, {"b1": "bool"}),
        Judgement(right.id, Verdict.PROVED, Proof(invariants, "states", run), {}),
        Judgement(some.id, Verdict.PROVED, Proof((), "run", run), {}),
    )
    return system, (wrong, right, some), found


@st.composite
def _runs(draw: st.DrawFn, system: TransitionSystem) -> Trace:
    state = first = draw(st.sampled_from(list(initial_states(system))))
    steps: list[Step] = []
    for _ in range(draw(st.integers(0, 6))):
        enabled = [rule for rule in system.rules if is_enabled(rule, state)]
        if not enabled:
            break
        rule = draw(st.sampled_from(enabled))
        state = fire(system, rule, state)
        steps.append(Step(rule.name, state))
    return Trace(first, tuple(steps))


@settings(max_examples=40)
@given(judged())
def test_judgements_come_back_as_they_were(given: Any) -> None:
    system, asked, wanted = given
    assert all(map(worth_keeping, wanted))
    found = read(written(system, wanted), system, asked)
    assert found == wanted
    assert written(system, found) == written(system, wanted)


@settings(max_examples=40)
@given(judged(), st.data())
def test_a_run_that_is_none_is_refused(given: Any, data: st.DataObject) -> None:
    """One rule of it is another, or one is missing: then it is refused, unless that is a run to the same place."""
    system, (wrong, *_), (refuted, *_) = given
    content = json.loads(written(system, [refuted]))
    rules = content["said"][0][3][0][1]
    content["said"][0][3][2] = None
    if rules:
        place = data.draw(st.integers(0, len(rules) - 1))
        rules[place : place + 1] = data.draw(st.lists(st.integers(-1, len(system.rules)), max_size=2))
    try:
        (found,) = read(json.dumps(content), system, [wrong])
    except Malformed:
        return
    assert isinstance(found.evidence, Counterexample)
    assert not evaluate(wrong.holds, found.evidence.trace.last)


def test_what_nobody_would_check_again_is_not_kept() -> None:
    empty = Trace({}, ())
    assert not worth_keeping(Judgement("p", Verdict.UNKNOWN, Exhausted("rlimit", 3), {}))
    assert not worth_keeping(Judgement("p", Verdict.PROVED, Proof((), "inductive", None), {}))
    assert not worth_keeping(Judgement("p", Verdict.REFUTED, Proof((), "inductive", None), {}))
    assert worth_keeping(Judgement("p", Verdict.PROVED, Proof((), "inductive", empty), {}))
    assert worth_keeping(Judgement("p", Verdict.REFUTED, Counterexample(empty, 0, True), {}))


Change = Callable[[Any], Any]


def _set(*path: Any, to: Any) -> Change:
    def change(content: Any) -> Any:
        *way, last = path
        inner = content
        for step in way:
            inner = inner[step]
        inner[last] = to
        return content

    return change


CHANGES: tuple[Change, ...] = (
    lambda content: [],
    lambda content: None,
    lambda content: {},
    _set("terms", to="abc"),
    _set("terms", 0, to=["value", None]),
    _set("terms", 0, to=["value", 1.5]),
    _set("terms", 0, to=["nand", 0]),
    _set("terms", 0, to=["not", 0]),
    _set("terms", 0, to=["not", -1]),
    _set("terms", 0, to=["*", True, 0]),
    _set("terms", 0, to=["name", "nobody"]),
    _set("terms", 0, to=[]),
    _set("invariants", 0, 0, to=7),
    _set("invariants", 0, 1, to=99),
    _set("invariants", 0, 2, to=["file"]),
    _set("said", 0, 0, to="KX999/x@kexec"),
    _set("said", 0, 1, to="PROVED"),
    _set("said", 0, 1, to="UNKNOWN"),
    _set("said", 0, 2, to=[["b1"]]),
    _set("said", 0, 3, to=[]),
    _set("said", 0, 3, 0, 0, to={}),
    _set("said", 0, 3, 0, 0, "n", to=3),
    _set("said", 0, 3, 0, 0, "n", to=False),
    _set("said", 0, 3, 0, 1, to=[99]),
    _set("said", 0, 3, 1, to="yes"),
    _set("said", 0, 3, 2, to=[0, 1, 99, "n", 1]),
    _set("said", 0, 3, 2, to=[0, 0, 1, "n", 1]),
    _set("said", 0, 3, 2, to=[0, 1, 1, "nobody", 1]),
    _set("said", 0, 3, 3, to=[["b1", 0]]),
    _set("said", 0, 3, 3, to=[["nobody", True]]),
    _set("said", 1, 1, to="REFUTED"),
    _set("said", 1, 3, 0, to="x" * 80),
    _set("said", 1, 3, 1, to=[1]),
    _set("said", 1, 3, 2, to=None),
    _set("said", 1, 3, 2, 1, to=[0, 0, 0]),
)


def _small() -> tuple[TransitionSystem, tuple[Property, ...], dict[str, Any]]:
    from tests.solve.systems import at, less, plus, rule, system, var

    n = var("n", IntSort(0, 3), 0)
    b1 = var("b1", SHAPE["b1"], None)
    whole = system((n, b1), (rule("up", less(Ref("n"), Const(3)), {"n": plus("n", 1)}),))
    wrong = Property("KX901", "x", "kexec", negate(at("n", 1)), TRUE, "HANG")
    right = Property("KX902", "x", "kexec", TRUE, at("n", 1), "HANG")
    first = {"n": 0, "b1": False}
    run = Trace(first, (Step("up", {"n": 1, "b1": False}),))
    found = (
        Judgement(wrong.id, Verdict.REFUTED, Counterexample(run, 0, True, Lap(0, 1, 1, "n", 1)), {"b1": "bool"}),
        Judgement(right.id, Verdict.PROVED, Proof((Invariant("low", Ref("b1")),), "inductive", run), {}),
    )
    return whole, (wrong, right), json.loads(written(whole, found))


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_what_was_never_written_so_is_refused(number: int) -> None:
    system, asked, content = _small()
    assert len(read(json.dumps(content), system, asked)) == 2
    with pytest.raises(Malformed):
        read(json.dumps(CHANGES[number](content)), system, asked)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[" * 100_000, '{"terms":[' + "9" * 5000 + "]}", "\x00"])
def test_text_that_is_no_entry_is_refused(text: str) -> None:
    system, asked, _ = _small()
    with pytest.raises(Malformed):
        read(text, system, asked)


def test_an_expression_without_end_is_refused() -> None:
    system, asked, content = _small()
    content["terms"] = [["name", "b1"], *(["not", place] for place in range(100_000))]
    content["invariants"][0][1] = 100_000
    with pytest.raises(Malformed):
        read(json.dumps(content), system, asked)


def test_an_expression_that_doubles_with_each_row_is_refused() -> None:
    """And two such, equal but apart, are not compared for ever."""
    doubling = [["name", "b1"], *(["and", place, place] for place in range(18))]
    other = [[row[0], *(n + 19 for n in row[1:])] if row[0] == "and" else row for row in doubling]
    found = read_rows([*doubling, *other])
    assert found[18] is found[-1]
    with pytest.raises(Malformed, match="without end"):
        read_rows([["name", "b1"], *(["and", place, place] for place in range(60))])


def test_a_run_that_is_far_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    system, asked, content = _small()
    monkeypatch.setattr("kexecspec.cache.pages._LONGEST", 0)
    with pytest.raises(Malformed, match="a run without end"):
        read(json.dumps(content), system, asked)


def _key(system: TransitionSystem, asked: tuple[Property, ...], *more: str | int) -> str:
    return key_of(system, asked, (1, *more))


def test_whatever_bears_on_an_answer_is_in_the_key() -> None:
    system, asked, _ = _small()
    rule, n = system.rules[0], system.variables["n"]
    others = [
        _key(replace(system, variables={**system.variables, "n": change}), asked)
        for change in (
            replace(n, sort=IntSort(0, 4)), replace(n, initial=Const(1)), replace(n, initial=None),
            replace(n, at_handoff=Const(0)), replace(n, name="m"),
        )
    ]  # fmt: skip
    for changed in (
        replace(rule, name="down"), replace(rule, guard=TRUE), replace(rule, effect={"n": Const(1)}),
        replace(rule, order=(Ref("b1"),)), replace(rule, handoff=True), replace(rule, actor="tee"),
    ):  # fmt: skip
        others.append(_key(replace(system, rules=(changed,)), asked))
    others.append(_key(replace(system, rules=(rule, rule)), asked))
    others.append(_key(replace(system, invariants=(Invariant("low", Ref("b1")),)), asked))
    others.append(_key(system, asked[:1]))
    others.append(_key(system, (replace(asked[0], counter="n"), asked[1])))
    others.append(_key(system, (replace(asked[0], holds=TRUE), asked[1])))
    others.append(_key(system, (replace(asked[0], companion=Ref("b1")), asked[1])))
    others.append(_key(system, asked, "other"))
    assert len({_key(system, asked), *others}) == 1 + len(others)


def test_what_is_only_shown_is_not_in_the_key() -> None:
    system, asked, _ = _small()
    rule = replace(system.rules[0], says="it goes up", sources=(Source("a", "b"),), place=Place("file", 3))
    told = replace(asked[0], says="never", harm="STORM", place=Place("file", 4), severity="note")
    assert _key(replace(system, rules=(rule,)), (told, asked[1])) == _key(system, asked)


def test_the_key_is_the_same_in_every_process() -> None:
    """Whatever order Python's sets have there."""
    program = "from tests.cache.test_round_trip import story_key; print(story_key())"
    said = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert said == {story_key() + "\n"}


def story_key() -> str:
    """The key of a story's system."""
    from kexecspec.ground.ground import ground
    from kexecspec.library import library
    from kexecspec.platform.ways import read_platforms

    path = str(ROOT / "examples/tee-bnxt-fourth-kexec/after.yaml")
    system = ground(read_platforms(path, library())[0][1], library())
    return key_of(system, system.properties, ())
