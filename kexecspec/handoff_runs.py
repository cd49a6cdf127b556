"""Runs that take a handoff, found by walking straight towards it: no solver, and no choice that can be avoided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from kexecspec.ir.evaluate import fire, initial_states
from kexecspec.ir.moves import Move, Moves, Row
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.trace import Step, Trace, objection
from kexecspec.ir.values import Value
from kexecspec.platform.facts import Edge

MOST = 400
"""Steps after which a walk between two handoffs is given up, and one more for each rule that there is."""

CHOICES = ("tee", "device")
"""Who acts in rules that the walk takes only where nothing else is possible: calls, RPCs, transfers."""


def straight_run(
    system: TransitionSystem, moves: Moves, edges: Sequence[Edge], wanted: Edge, first: str
) -> Trace | None:
    """A run of `system` to a state in which `wanted` is taken by the next step; None where the straight way does not
    lead there. `edges` are all handoffs, `first` is the kernel that starts."""
    way = _way(edges, wanted, first)
    start = next(islice(initial_states(system), 1), None)
    rule = taking(system, wanted)
    if way is None or start is None or rule is None:
        return None
    row, fired = tuple(start[name] for name in system.variables), list[int]()
    for edge in (*way, wanted):
        found = _walk(system, moves, edge, row)
        if found is None:
            return None
        row = found[0]
        fired.extend(found[1])
    trace = _trace(system, start, fired[:-1])
    return trace if objection(system, trace, rule.enabled) is None else None


def taking(system: TransitionSystem, edge: Edge) -> Rule | None:
    """The rule that takes `edge`; None where its guard can never hold, so that it is gone."""
    names = _names(edge, ("crash", "jump", "reset"))
    return next((rule for rule in system.rules if rule.name in names), None)


def _names(edge: Edge, words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{word}.{edge.name}" for word in words)


def _way(edges: Sequence[Edge], wanted: Edge, first: str) -> tuple[Edge, ...] | None:
    """The fewest handoffs that lead from the first kernel to where `wanted` starts."""
    known: dict[str, tuple[Edge, ...]] = {first: ()}
    queue = [first]
    while queue and wanted.start not in known:
        kernel = queue.pop(0)
        for edge in edges:
            if edge.start == kernel and edge.end not in known:
                known[edge.end] = (*known[kernel], edge)
                queue.append(edge.end)
    return known.get(wanted.start)


def _walk(system: TransitionSystem, moves: Moves, edge: Edge, row: Row) -> tuple[Row, list[int]] | None:
    """Where `edge` leads from `row`, and the rules on the way."""
    ours, last = _names(edge, ("begin", "crash", "jump", "reset")), _names(edge, ("crash", "jump", "reset"))
    seen, fired = {row}, list[int]()
    while len(fired) < MOST + len(system.rules):
        step = next(_steps(system, moves, ours, row, seen), None)
        if step is None:
            return None
        move, row = step
        seen.add(row)
        fired.append(move.number)
        if system.rules[move.number].name in last:
            return row, fired
    return None


def _steps(
    system: TransitionSystem, moves: Moves, ours: tuple[str, ...], row: Row, seen: set[Row]
) -> Iterator[tuple[Move, Row]]:
    """Steps from `row` to where the walk was not yet: those of the handoff first, free choices last."""
    possible = [(move, system.rules[move.number]) for move in moves.at(row)]
    others = [(move, rule) for move, rule in possible if rule.name not in ours and not _is_handoff(rule)]
    forced = [move for move, rule in others if rule.operation[:1] not in [(who,) for who in CHOICES]]
    ranked = ([move for move, rule in possible if rule.name in ours], forced, [move for move, _ in others])
    for move in (move for group in ranked for move in group):
        after = move.after(row)
        if after is not None and after not in seen:
            yield move, after


def _is_handoff(rule: Rule) -> bool:
    return rule.handoff or rule.name.startswith("begin.")


def _trace(system: TransitionSystem, start: dict[str, Value], fired: Sequence[int]) -> Trace:
    steps, state = list[Step](), start
    for number in fired:
        state = fire(system, system.rules[number], state)
        steps.append(Step(system.rules[number].name, state))
    return Trace(start, tuple(steps))
