"""system.smt2 means what the rules mean: on concrete states, z3's reading of the text against the explicit one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import z3

from kexecspec.certificate import derive
from kexecspec.certificate.symbols import variable
from kexecspec.certificate.system_text import system_text
from kexecspec.certificate.terms import constant
from kexecspec.ground.ground import ground
from kexecspec.ir.evaluate import fire, initial_states, is_enabled, is_initial
from kexecspec.ir.expr import add, less
from kexecspec.ir.nodes import TRUE, Const, Less, Ref
from kexecspec.ir.system import Invariant, Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import EnumSort, IntSort, State, Value
from kexecspec.library import library
from kexecspec.platform.ways import platforms_in
from kexecspec.source import load
from tests.goldens import ROOT
from tests.runs import run

STORIES = ("tee-bnxt-fourth-kexec/before", "shm-flags/amd-tee", "smmu-shutdown-modes/v2-abort-linux-running")
STEPS = 25


class Text:
    """The text of a system in a solver, to be asked about concrete states."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self.head = system_text(system)

    def holds(self, *claims: str) -> bool:
        """Whether some values of what is left open make all `claims` true."""
        solver = z3.SolverFor("QF_LIA", ctx=z3.Context())
        solver.from_string(self.head + "".join(f"(assert {claim})\n" for claim in claims))
        answer = solver.check()
        assert answer != z3.unknown
        return bool(answer == z3.sat)

    def state(self, state: State, later: bool = False) -> list[str]:
        return [f"(= {variable(name, later)} {constant(value)})" for name, value in state.items()]


def grounded(story: str) -> TransitionSystem:
    path = str(ROOT / "examples" / f"{story}.yaml")
    return ground(platforms_in(load(path), path, library())[0][1], library())


@pytest.mark.parametrize("story", STORIES)
def test_every_step_of_a_run_is_one_of_the_text_and_nothing_else_is(story: str) -> None:
    system = grounded(story)
    text, trace = Text(system), run(system, 1, STEPS)
    assert len(trace.steps) > 4
    assert text.holds("|initial|", "|domain|", *text.state(trace.initial))
    numbers = {rule.name: number for number, rule in enumerate(system.rules)}
    state = trace.initial
    for place, step in enumerate(trace.steps):
        fired = f"(= |fired| {numbers[step.rule]})"
        assert text.holds("|step|", "|domain'|", fired, *text.state(state), *text.state(step.state, True))
        other = dict(step.state)
        name = list(other)[place % len(other)]
        other[name] = another(system, name, other[name])
        assert not text.holds("|step|", fired, *text.state(state), *text.state(other, True)), (step.rule, name)
        state = step.state


@pytest.mark.parametrize("story", STORIES)
def test_the_rules_that_may_fire_are_those_of_the_text(story: str) -> None:
    system = grounded(story)
    text, trace = Text(system), run(system, 2, STEPS)
    for state in [trace.initial, *(step.state for step in trace.steps[::6])]:
        for number, rule in enumerate(system.rules):
            may = is_enabled(rule, state)
            asked = ("|step|", f"(= |fired| {number})", *text.state(state))
            assert text.holds(*asked) is may, rule.name
            if may:
                assert text.holds(*asked, *text.state(fire(system, rule, state), True))
    assert not text.holds("|step|", f"(= |fired| {len(system.rules)})", *text.state(state))
    assert not text.holds("|step|", "(= |fired| (- 1))", *text.state(state))


@pytest.mark.parametrize("story", STORIES)
def test_first_states_and_the_domain_are_those_of_the_text(story: str) -> None:
    system = grounded(story)
    text, first = Text(system), next(initial_states(system))
    assert text.holds("|initial|", *text.state(first))
    for name in system.variables:
        changed = {**first, name: another(system, name, first[name])}
        assert text.holds("|domain|", *text.state(changed)) and text.holds("|domain'|", *text.state(changed, True))
        assert text.holds("|initial|", *text.state(changed)) is is_initial(system, changed), name
        for claim in beyond(system, name):
            rest = {other: value for other, value in first.items() if other != name}
            assert not text.holds("|domain|", claim.replace("@", variable(name)), *text.state(rest))
            assert not text.holds("|domain'|", claim.replace("@", variable(name, True)), *text.state(rest, True))


def counting(most: int, first: int, until: int) -> TransitionSystem:
    """A number that begins with `first` and grows while it is less than `until`; its range ends with `most`."""
    count = Var("count", IntSort(0, most), Const(first), Lifetime.PLATFORM)
    rule = Rule("more", "world", less(Ref("count"), Const(until)), {"count": add((Ref("count"), Const(1)))})
    return TransitionSystem({"count": count}, (rule,))


@pytest.mark.parametrize(
    ("system", "invariants", "fails"),
    [
        (counting(9, 0, 4), (Less(Ref("count"), Const(5)),), ()),
        (counting(9, 0, 4), (), ("safety",)),
        (counting(9, 0, 4), (Less(Ref("count"), Const(3)),), ("consecution",)),
        (counting(9, 1, 4), (Less(Ref("count"), Const(1)),), ("consecution", "initial")),
        (counting(4, 0, 5), (Less(Ref("count"), Const(5)),), ("ranges",)),
        (counting(9, 10, 4), (Less(Ref("count"), Const(12)),), ("initial", "safety")),
    ],
)
def test_each_obligation_fails_where_it_should(
    system: TransitionSystem, invariants: tuple[Less, ...], fails: tuple[str, ...]
) -> None:
    named = [Invariant(f"i{number}", holds) for number, holds in enumerate(invariants)]
    prop = Property("KX999", "x", "any", less(Ref("count"), Const(5)), TRUE, "HANG")
    files = derive.texts(replace(system, properties=(prop,)), named, (prop,))
    sat = set()
    for name, text in files.items():
        if derive.is_obligation(name):
            solver = z3.SolverFor("QF_LIA", ctx=z3.Context())
            solver.from_string(files[derive.SYSTEM] + files[derive.INVARIANTS] + text.replace("(check-sat)", ""))
            if solver.check() == z3.sat:
                sat.add(derive.group(name))
    assert sat == set(fails)


def another(system: TransitionSystem, name: str, value: Value) -> Value:
    """Another value of a variable's sort."""
    match system.variables[name].sort:
        case EnumSort(labels):
            return next(label for label in (*labels[1:], labels[0]) if label != value)
        case IntSort(low, high):
            return low if value != low else high
        case _:
            return not value


def beyond(system: TransitionSystem, name: str) -> list[str]:
    """Values that are none of a variable's sort."""
    match system.variables[name].sort:
        case IntSort(low, high):
            return [f"(= @ {constant(low - 1)})", f"(= @ {constant(high + 1)})"]
        case EnumSort(labels):
            return ["(and " + " ".join(f"(not (= @ {constant(label)}))" for label in labels) + ")"]
        case _:
            return []
