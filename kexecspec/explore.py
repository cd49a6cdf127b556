"""The explicit reading of a transition system: breadth first over concrete states, no solver.

Handoffs are dearer than steps: a state is settled with the fewest handoffs that lead to it, and of those
runs with the fewest steps; the order of the rules decides what is met first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from kexecspec.ir.evaluate import OutOfRange, compiled, initial_states
from kexecspec.ir.expr import Expr
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import Value, contains

Row = tuple[Value, ...]
Origin = tuple[Row, int] | None
Waiting = dict[int, list[tuple[Row, Origin]]]


@dataclass(frozen=True)
class Found:
    """A run to the target: fewest handoffs, then fewest steps."""

    trace: Trace


@dataclass(frozen=True)
class Unreachable:
    """All `states` reachable states were seen; the target holds in none."""

    states: int


@dataclass(frozen=True)
class OutOfSpace:
    """The limit was met after `states` states without an answer."""

    states: int


Outcome = Found | Unreachable | OutOfSpace


@dataclass(frozen=True)
class Survey:
    """Runs to the targets that were met, by number; the states seen, which are all of them if `complete`."""

    found: Mapping[int, Trace]
    rows: tuple[Row, ...]
    complete: bool


def explore(system: TransitionSystem, target: Expr, limit: int = 200_000) -> Outcome:
    """Searches the states of `system` for one where `target` holds, settling at most `limit` of them.

    Raises OutOfRange where a rule gives a variable a value outside its sort.
    """
    seen = _swept(_Sweep(system, (target,), limit, strict=True))
    if seen.found:
        return Found(seen.found[0])
    return Unreachable(len(seen.rows)) if seen.complete else OutOfSpace(len(seen.rows))


def survey(system: TransitionSystem, targets: Sequence[Expr], limit: int) -> Survey:
    """Looks for all `targets` at once and stops when each has been met, or `limit` states are settled.

    A rule may not fire where it would give a variable a value outside its sort: in a slice that can be.
    """
    return _swept(_Sweep(system, targets, limit, strict=False))


@dataclass
class _Sweep:
    """The state of one search."""

    system: TransitionSystem
    targets: Sequence[Expr]
    limit: int
    strict: bool
    names: tuple[str, ...] = ()
    origins: dict[Row, Origin] = field(default_factory=dict)
    met: dict[int, Row] = field(default_factory=dict)
    wanted: dict[int, Callable[[Row], Value]] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        self.names = tuple(self.system.variables)
        index = {name: place for place, name in enumerate(self.names)}
        self.wanted = {number: compiled(target, index) for number, target in enumerate(self.targets)}
        self.moves = moves_of(self.system, self.strict)

    def settle(self, row: Row, origin: Origin) -> bool:
        """Takes note of a new state; False when the search is over."""
        self.origins[row] = origin
        for number in [number for number, holds in self.wanted.items() if holds(row)]:
            self.met[number] = row
            del self.wanted[number]
        return bool(self.wanted) and len(self.origins) <= self.limit


@dataclass(frozen=True)
class Move:
    """A rule, compiled: where it may fire and the state after it, None where there is none."""

    number: int
    handoff: bool
    enabled: Callable[[Row], Value]
    after: Callable[[Row], Row | None]


def _swept(sweep: _Sweep) -> Survey:
    states = islice(initial_states(sweep.system), sweep.limit + 1)
    first: list[tuple[Row, Origin]] = [(tuple(state[name] for name in sweep.names), None) for state in states]
    waiting, complete = {0: first}, len(first) <= sweep.limit
    while waiting and complete:
        waiting, complete = _generation(sweep, waiting)
    found = {number: _trace(sweep, row) for number, row in sorted(sweep.met.items())}
    return Survey(found, tuple(sweep.origins), complete)


def _generation(sweep: _Sweep, waiting: Waiting) -> tuple[Waiting, bool]:
    """Settles the states that take no further handoff, in order of steps; gives those one handoff away, and
    whether the search goes on."""
    jumped: Waiting = {}
    while waiting:
        steps = min(waiting)
        for row, origin in waiting.pop(steps):
            if row in sweep.origins:
                continue
            if not sweep.settle(row, origin):
                return {}, False
            for move in sweep.moves:
                after = move.after(row) if move.enabled(row) else None
                if after is not None and after not in sweep.origins:
                    (jumped if move.handoff else waiting).setdefault(steps + 1, []).append((after, (row, move.number)))
    return jumped, True


def moves_of(system: TransitionSystem, strict: bool = False) -> tuple[Move, ...]:
    """The rules of `system`, compiled, over rows in the order of its variables. A move that leaves a sort has
    no state after it; where `strict`, it raises OutOfRange."""
    index = {name: place for place, name in enumerate(system.variables)}
    return tuple(_move(system, number, rule, index, strict) for number, rule in enumerate(system.rules))


def _move(system: TransitionSystem, number: int, rule: Rule, index: Mapping[str, int], strict: bool) -> Move:
    writes = [(index[name], compiled(expr, index), system.variables[name].sort) for name, expr in rule.effect.items()]

    def after(row: Row) -> Row | None:
        values = list(row)
        for place, value, sort in writes:
            values[place] = result = value(row)
            if not contains(sort, result):
                if strict:
                    raise OutOfRange(f"rule {rule.name} gives a variable the value {result}")
                return None
        return tuple(values)

    return Move(number, rule.handoff, compiled(rule.enabled, index), after)


def _trace(sweep: _Sweep, row: Row) -> Trace:
    steps: list[Step] = []
    while (origin := sweep.origins[row]) is not None:
        steps.append(Step(sweep.system.rules[origin[1]].name, dict(zip(sweep.names, row, strict=True))))
        row = origin[0]
    return Trace(dict(zip(sweep.names, row, strict=True)), tuple(reversed(steps)))
