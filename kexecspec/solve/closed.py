"""The last look at a proof that is a list of all states: with nothing of what found it.

The first states have to be in the list, and so does what every rule makes of each of its states; nothing in it may be
wrong. A rule is read for all states at once, a bit for each of them, by the reading of `ir/grid.py`; the list was made
by Python functions compiled from the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from kexecspec.ir.evaluate import initial_states
from kexecspec.ir.grid import Cells, Grid
from kexecspec.ir.moves import Row
from kexecspec.ir.system import Property, Rule, TransitionSystem
from kexecspec.ir.values import Value, contains


def objections(system: TransitionSystem, rows: Sequence[Row], properties: Sequence[Property]) -> tuple[str, ...]:
    """What is wrong with the claim that `rows`, values in the order of the variables of `system`, are closed under its
    rules, have all its first states, no number out of its range, and fulfil each of `properties`. Empty when nothing
    is."""
    names, known = tuple(system.variables), frozenset(rows)
    if any(len(row) != len(names) for row in rows):
        return ("a state has no value for each variable",)
    grid = Grid.over(names, rows)
    return (*_outside(system, known), *_leaving(system, grid, rows, known), *_wrong(grid, properties))


def _outside(system: TransitionSystem, known: frozenset[Row]) -> Iterator[str]:
    """That a first state is not among the `known`. There cannot be more of these than of those."""
    for state in islice(initial_states(system), len(known) + 1):
        if tuple(state[name] for name in system.variables) not in known:
            yield "a first state is not among the states"
            return


def _leaving(system: TransitionSystem, grid: Grid, rows: Sequence[Row], known: frozenset[Row]) -> Iterator[str]:
    """The rules that lead out of `rows`, or that would give a variable a value that is none of its sort."""
    places = {name: place for place, name in enumerate(system.variables)}
    for rule in system.rules:
        firing = grid.meeting((rule.guard, *rule.order))
        if not firing:
            continue
        made = {name: grid.by_value(value, firing) for name, value in rule.effect.items()}
        if any(not contains(system.variables[name].sort, value) for name, several in made.items() for value in several):
            yield f"{rule.name} may leave the range of a number"
        elif any(after not in known for after in _after(rule, made, places, rows, firing)):
            yield f"{rule.name} leads to a state that is not among the states"


def _after(
    rule: Rule, made: Mapping[str, Mapping[Value, Cells]], places: Mapping[str, int], rows: Sequence[Row], firing: Cells
) -> Iterator[Row]:
    """What `rule` makes of each of the `rows` in which it fires."""
    while firing:
        first = firing & -firing
        firing ^= first
        after = list(rows[first.bit_length() - 1])
        for name, several in made.items():
            after[places[name]] = next(value for value, cells in several.items() if cells & first)
        yield tuple(after)


def _wrong(grid: Grid, properties: Sequence[Property]) -> Iterator[str]:
    for prop in properties:
        if grid.where(prop.holds) != grid.all:
            yield f"{prop.id} does not follow"
