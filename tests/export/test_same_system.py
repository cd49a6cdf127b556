"""Each format says what the rules say: every rule in many states, step by step, in small readers that share nothing
with the writers but the names."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kexecspec.certificate.symbols import label, plain
from kexecspec.export.aiger import aiger
from kexecspec.export.btor2 import btor2
from kexecspec.export.model import Model, model
from kexecspec.export.murphi import murphi
from kexecspec.export.names import identifier, symbol
from kexecspec.export.promela import promela
from kexecspec.export.smtlib import smtlib
from kexecspec.export.smv import smv
from kexecspec.ir.evaluate import evaluate, initial_states
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value, contains
from tests.export import read_aiger, read_btor2, read_murphi, read_promela, read_smv
from tests.export.read_smtlib import Smtlib
from tests.export.read_smv import Word
from tests.export.systems import FREE, system

SEEDS = range(int(os.environ.get("KEXECSPEC_SOAK", "0")) or 25)
STATES = 6
State = dict[str, Value]


class Case:
    """A random system, states that it may be in, and what becomes of them."""

    def __init__(self, seed: int) -> None:
        self.system: TransitionSystem = system(seed)
        self.model: Model = model(self.system, self.system.properties[0])
        self.moves = moves_of(self.system).all
        self.dice = random.Random(seed)

    def states(self) -> Iterator[State]:
        """Any states, whether a run leads there or not."""
        for _ in range(STATES):
            yield {name: self.any(var.sort) for name, var in self.system.variables.items()}

    def any(self, sort: Sort) -> Value:
        match sort:
            case BoolSort():
                return self.dice.random() < 0.5
            case EnumSort(labels):
                return self.dice.choice(labels)
            case IntSort(low, high):
                return self.dice.choice((low, high, self.dice.randint(low, high)))

    def first(self) -> State:
        """One of the states at first."""
        return self.dice.choice(list(initial_states(self.system)))

    def after(self, number: int, state: State) -> State | None:
        """The state after a rule; None where it may not fire."""
        row: Row | None = self.moves[number].after(tuple(state.values()))
        return None if row is None else dict(zip(state, row, strict=True))

    def holds(self, state: State) -> bool:
        return bool(evaluate(self.model.prop.holds, state))


@pytest.fixture(params=SEEDS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def bits(value: Value, sort: Sort) -> int:
    return sort.labels.index(str(value)) if isinstance(sort, EnumSort) else int(value)


def test_the_cases_are_what_they_are_for() -> None:
    """Rules fire, are held back by their guard, and are held back by nothing but a range."""
    fired = guarded = ranged = refuted = 0
    for case in map(Case, range(25)):
        for state in case.states():
            refuted += not case.holds(state)
            for number, rule in enumerate(case.system.rules):
                fires, may = case.after(number, state) is not None, evaluate(rule.enabled, state)
                fired, guarded, ranged = fired + fires, guarded + (not may), ranged + (bool(may) and not fires)
    assert min(fired, guarded, ranged, refuted) > 10, (fired, guarded, ranged, refuted)


def test_smtlib(case: Case) -> None:
    read = Smtlib(smtlib(case.model, "title"))
    labels = {name: read.value(name, {}) for name in read.defined if name.startswith("|label ")}
    assert len(set(labels.values())) == len(labels)

    def constants(state: State, later: str = "") -> dict[str, Any]:
        return {_v(name, later): _as_smtlib(value, labels) for name, value in state.items()}

    first = case.first()
    assert read.value("|init|", constants(first))
    changed = first | {"é.n": 3}
    assert not read.value("|init|", constants(changed))
    for state in case.states():
        assert read.value("|property|", constants(state)) is case.holds(state)
        for number in range(len(case.moves)):
            after = case.after(number, state)
            both = constants(state) | constants(after or state, "'") | {"|fired|": number}
            assert read.value("|trans|", both) is (after is not None)
            if after is not None:
                other = {**both, _v("d_1", "'"): not after["d_1"]}
                assert not read.value("|trans|", other)
        assert not read.value("|trans|", {**both, "|fired|": len(case.moves)})


def _v(name: str, later: str = "") -> str:
    return f"|v {plain(name)}{later}|"


def _as_smtlib(value: Value, labels: dict[str, int]) -> Any:
    return labels[label(value)] if isinstance(value, str) else value


def test_btor2(case: Case) -> None:
    read = read_btor2.read(btor2(case.model, "title"))
    numbers = {name: number for number, name in read.states.items()}
    assert list(read.inputs.values()) == ["$fired"] and [name for _, name in read.bad] == [symbol("KX900/x\n*/@kexec")]
    variables = case.system.variables

    def lines(state: State, fired: int) -> dict[int, int]:
        (tried,) = read.inputs
        coded = {numbers[symbol(name)]: bits(value, variables[name].sort) for name, value in state.items()}
        return {n: v & ((1 << read.width[n]) - 1) for n, v in {**coded, tried: fired}.items()}

    first = case.first()
    found = read.values(lines(first, 0))
    assert {name for name in variables if numbers[symbol(name)] not in read.first} == set(FREE)
    for number, value in read.first.items():
        assert found[value] == found[number]
    assert all(found[number] for number in read.constraints)
    odd = lines(first, 0) | {numbers["odd"]: 6}
    assert not all(read.values(odd)[number] for number in read.constraints)
    for state in case.states():
        for number in range(1 << read.width[next(iter(read.inputs))]):
            found = read.values(lines(state, number))
            after = case.after(number, state) if number < len(case.moves) else None
            wanted = lines(after or state, 0)
            assert {at: found[value] for at, value in read.after.items()} == {n: wanted[n] for n in read.states}
            assert bool(found[read.bad[0][0]]) is not case.holds(state)


def test_aiger(case: Case) -> None:
    read = read_aiger.read(aiger(case.model, "title"))
    variables = case.system.variables
    width = max(0, (len(case.moves) - 1).bit_length())

    def word(name: str, value: int, before: str = "") -> dict[str, bool]:
        places = [place for place in range(20) if f"{before}{symbol(name)}[{place}]" in (*read.inputs, *read.latches)]
        if not places:
            return {f"{before}{symbol(name)}": bool(value & 1)}
        return {f"{before}{symbol(name)}[{place}]": bool(value >> place & 1) for place in places}

    def words(state: State, before: str = "") -> dict[str, bool]:
        return {k: v for n, value in state.items() for k, v in word(n, bits(value, variables[n].sort), before).items()}

    def given(state: State, fired: int) -> dict[str, bool]:
        return {f"$fired[{at}]": bool(fired >> at & 1) for at in range(width)} | words(
            {name: state[name] for name in FREE}, "first:"
        )

    assert set(read.latches) == {"$begun", *words(case.first())}
    for number in range(1 << width):
        first = case.first()
        after = case.after(number, first) if number < len(case.moves) else None
        assert read.step(given(first, number), read.begin) == (
            {"$begun": True, **words(after or first)}, not case.holds(first),
        )  # fmt: skip
    for state in case.states():
        for number in range(1 << width):
            after = case.after(number, state) if number < len(case.moves) else None
            anything = given({name: case.any(variables[name].sort) for name in FREE}, number)
            found = read.step(anything, {"$begun": True, **words(state)})
            assert found == ({"$begun": True, **words(after or state)}, not case.holds(state))
    strange = given(first, 0) | word("odd", 7, "first:")
    assert read.step(strange, read.begin) == read.step(given(first | {"odd": 3}, 0), read.begin)


def test_smv(case: Case) -> None:
    read = read_smv.read(smv(case.model, "title"))
    assert read.rules == tuple(identifier("r", rule.name) for rule in case.system.rules)

    def values(state: State) -> dict[str, Any]:
        return {identifier("v", name): value(identifier("v", name), given) for name, given in state.items()}

    def value(name: str, given: Value) -> Any:
        if isinstance(given, str):
            assert identifier("l", given) in read.sorts[name].strip("{}").split(", ")
            return identifier("l", given)
        return given if isinstance(given, bool) else Word(given, read.width(name))

    first = values(case.first())
    state = read.state(first)
    assert {name: state.value(text) for name, text in read.first.items()} == {n: first[n] for n in read.first}
    assert all(state.value(text) for text in read.start)
    assert set(first) - set(read.first) == {identifier("v", name) for name in (*FREE, "MODULE")}
    odd = read.state({**first, "v_odd": Word(2, read.width("v_odd"))})
    assert not all(odd.value(text) for text in read.start)
    for one in case.states():
        assert read.state(values(one)).value(read.property) is case.holds(one)
        for number, rule in enumerate(read.rules):
            wanted = values(case.after(number, one) or one)
            assert read.state(values(one), rule).after() == {name: wanted[name] for name in read.after}
    assert set(read.sorts) - set(read.after) == {"v_MODULE"}, "it has one value, and NuSMV does not let it be assigned"


def test_promela(case: Case) -> None:
    read = read_promela.read(promela(case.model, "title"))
    variables = case.system.variables

    def values(state: State) -> dict[str, int]:
        return {identifier("v", name): value(given) for name, given in state.items()}

    def value(given: Value) -> int:
        return int(read.defined[identifier("l", given)]) if isinstance(given, str) else int(given)

    first = case.first()
    statements = [line.rstrip(";") for line in read.begin if " = " in line and not line.startswith(("if", "do"))]
    counted = {identifier("v", name): 0 for name in ("odd", "below")}
    begun, _ = read.run(statements, values(first))
    assert begun | counted == values(first) | counted
    for name in FREE:
        assert any(identifier("v", name) in line for line in read.begin if line.startswith(("if", "do")))
    assert len(read.rules) == len(case.moves)
    for state in case.states():
        assert bool(read.value("holds", values(state))) is case.holds(state)
        for number in range(len(case.moves)):
            after, found = case.after(number, state), read.fired(number, values(state))
            assert found == (None if after is None else (values(after), case.holds(after)))
    assert all(contains(variables[name].sort, value) for name, value in first.items())


def test_murphi(case: Case) -> None:
    read = read_murphi.read(murphi(case.model, "title"))
    variables = case.system.variables

    def values(state: State) -> dict[str, int]:
        return {identifier("v", name): value(given) for name, given in state.items()}

    def value(given: Value) -> int:
        return read.constants[identifier("l", given)] if isinstance(given, str) else int(given)

    first = case.first()
    drawn = {identifier("f", name): bits(first[name], variables[name].sort) for name in FREE}
    assert read.run(read.begin, drawn) == values(first)
    counts = {name: high - low + 1 for name, (low, high) in read.drawn.items()}
    assert counts == {"f_open": 2, identifier("f", "x\n:: y"): 5, "f_odd": 3, "f_below": 12}
    assert len(read.rules) == len(case.moves)
    for state in case.states():
        assert bool(read.value(read.invariant, values(state))) is case.holds(state)
        for number in range(len(case.moves)):
            after = case.after(number, state)
            assert read.fired(number, values(state)) == (None if after is None else values(after))
