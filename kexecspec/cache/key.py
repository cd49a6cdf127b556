"""What a judgement was made from, as one sum: two systems with the same sum have the same judgements.

Names stand as they are. What is only there to be shown (sentences, sources, the lines that rules come from) does not
count, so that a comment or a blank line in a platform file changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from kexecspec.cache.terms import Table
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Invariant, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort
from kexecspec.solve.answers import Target


def key_of(system: TransitionSystem, properties: Sequence[Property], made_with: Sequence[str | int]) -> str:
    """The sum of `system`, of what is asked about it, in this order, and of whatever else bears on the answers."""
    table = Table()
    return _sum("system", system, [_property(prop, table) for prop in properties], table, made_with)


def key_of_slice(part: TransitionSystem, targets: Sequence[Target], made_with: Sequence[str | int]) -> str:
    """The same for a slice and for what is to be reached or excluded on it."""
    table = Table()
    asked = [[table.number(target.where), target.exact, target.counter] for target in targets]
    return _sum("slice", part, asked, table, made_with)


def _sum(
    kind: str, system: TransitionSystem, asked: list[list[Any]], table: Table, made_with: Sequence[str | int]
) -> str:
    content = [
        kind,
        list(made_with),
        asked,
        [_variable(var, table) for var in system.variables.values()],
        [_rule(rule, table) for rule in system.rules],
        [_invariant(invariant, table) for invariant in system.invariants],
        table.rows,
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _variable(var: Var, table: Table) -> list[Any]:
    return [var.name, _sort(var.sort), var.lifetime.value, _maybe(var.initial, table), _maybe(var.at_handoff, table)]


def _sort(sort: Sort) -> list[Any]:
    match sort:
        case BoolSort():
            return []
        case EnumSort(labels):
            return list(labels)
        case IntSort(low, high):
            return [low, high]


def _rule(rule: Rule, table: Table) -> list[Any]:
    effect = [[name, table.number(value)] for name, value in rule.effect.items()]
    order = [table.number(part) for part in rule.order]
    return [rule.name, rule.actor, rule.operation, rule.handoff, table.number(rule.guard), order, effect]


def _invariant(invariant: Invariant, table: Table) -> list[Any]:
    place = invariant.place
    where = None if place is None else [place.path, place.line, place.column]
    return [invariant.name, table.number(invariant.holds), where]


def _property(prop: Property, table: Table) -> list[Any]:
    holds, companion = table.number(prop.holds), table.number(prop.companion)
    return [prop.code, prop.instance, prop.handoff, prop.mode.value, prop.counter, holds, companion]


def _maybe(expr: Expr | None, table: Table) -> int | None:
    return None if expr is None else table.number(expr)
