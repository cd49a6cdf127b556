"""The explicit reading of expressions and rules: one concrete state at a time.

This is the reference semantics. `compiled` turns an expression into a Python function of a tuple of values;
`evaluate` interprets it directly. The two are tested against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.values import State, Value, contains, members


class OutOfRange(Exception):
    """A rule would give a variable a value outside its sort: a defect of the rules."""


def evaluate(expr: Expr, state: State) -> Value:
    """The value of `expr` in `state`. Raises KeyError for a variable that `state` does not have."""
    match expr:
        case Const(value):
            return value
        case Ref(name):
            return state[name]
        case Eq(left, right):
            return evaluate(left, state) == evaluate(right, state)
        case Less(left, right):
            return int(evaluate(left, state)) < int(evaluate(right, state))
        case Plus(terms):
            return sum(int(evaluate(term, state)) for term in terms)
        case Times(factor, term):
            return factor * int(evaluate(term, state))
        case Rest(term, divisor):
            return int(evaluate(term, state)) % divisor
        case Not(term):
            return not evaluate(term, state)
        case And(terms):
            return all(evaluate(term, state) for term in terms)
        case Or(terms):
            return any(evaluate(term, state) for term in terms)
        case If(condition, then, otherwise):
            return evaluate(then if evaluate(condition, state) else otherwise, state)


def initial_states(system: TransitionSystem) -> Iterator[dict[str, Value]]:
    """Every initial state, in a fixed order. `initial` expressions may refer to variables that are free."""
    free = [v for v in system.variables.values() if v.initial is None]
    for values in product(*(tuple(members(v.sort)) for v in free)):
        state: dict[str, Value] = {v.name: value for v, value in zip(free, values, strict=True)}
        for v in system.variables.values():
            if v.initial is not None:
                state[v.name] = evaluate(v.initial, state)
        yield {name: state[name] for name in system.variables}


def is_initial(system: TransitionSystem, state: State) -> bool:
    """Whether `state` is one of the initial states."""
    return all(
        contains(v.sort, state[v.name]) and (v.initial is None or state[v.name] == evaluate(v.initial, state))
        for v in system.variables.values()
    )


def is_enabled(rule: Rule, state: State) -> bool:
    """Whether `rule` may fire in `state`."""
    return bool(evaluate(rule.guard, state)) and all(evaluate(part, state) for part in rule.order)


def fire(system: TransitionSystem, rule: Rule, state: State) -> dict[str, Value]:
    """The state after `rule`, which the caller knows to be enabled. Raises OutOfRange on a value outside its sort."""
    after = dict(state)
    for name, expr in rule.effect.items():
        value = evaluate(expr, state)
        if not contains(system.variables[name].sort, value):
            raise OutOfRange(f"rule {rule.name} gives {name} the value {value}")
        after[name] = value
    return after


def compiled(expr: Expr, index: Mapping[str, int]) -> Callable[[tuple[Value, ...]], Value]:
    """`expr` as a function of a tuple whose places are named by `index`."""
    function: Callable[[tuple[Value, ...]], Value] = _function(source(expr, index))
    return function


def compiled_each(exprs: Sequence[Expr], index: Mapping[str, int]) -> Callable[[tuple[Value, ...]], tuple[Value, ...]]:
    """The values of all of `exprs`, as a function of a tuple whose places are named by `index`."""
    function: Callable[[tuple[Value, ...]], tuple[Value, ...]] = _function(
        f"({''.join(source(expr, index) + ', ' for expr in exprs)})"
    )
    return function


def _function(text: str) -> Any:
    """What Python makes of `text` over a tuple `s`."""
    return eval(compile(f"lambda s: {text}", "<rule>", "eval"), {"__builtins__": {}})


def source(expr: Expr, index: Mapping[str, int]) -> str:
    """`expr` as Python text over a tuple `s` whose places are named by `index`."""
    match expr:
        case Const(value):
            return repr(value)
        case Ref(name):
            return f"s[{index[name]}]"
        case Eq(left, right):
            return f"({source(left, index)} == {source(right, index)})"
        case Less(left, right):
            return f"({source(left, index)} < {source(right, index)})"
        case Plus(terms):
            return "(" + " + ".join(source(term, index) for term in terms) + ")"
        case Times(factor, term):
            return f"({factor} * {source(term, index)})"
        case Rest(term, divisor):
            return f"({source(term, index)} % {divisor})"
        case Not(term):
            return f"(not {source(term, index)})"
        case And(terms):
            return "(" + " and ".join(source(term, index) for term in terms) + ")"
        case Or(terms):
            return "(" + " or ".join(source(term, index) for term in terms) + ")"
        case If(condition, then, otherwise):
            parts = (source(then, index), source(condition, index), source(otherwise, index))
            return "({} if {} else {})".format(*parts)
