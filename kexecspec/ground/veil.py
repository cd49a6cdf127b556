"""A system seen without the state of some part: what speaks of that is left out, so that more can happen than does.

Conjuncts of guards and orders that read hidden state are dropped, and so is what is written to it. What is proved of
such a system is true of the one behind it; a run of it need not be one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from kexecspec.ir.expr import conjoin, conjuncts
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.walk import references

CROWDS = ("clients", "buffers")
"""Groups of which a part of a platform has some members only."""

_OVER_A_CROWD = re.compile(rf"\bin ({'|'.join(CROWDS)})\b")


class Hidden(Exception):
    """What is to be seen depends on what is hidden; the message says where."""


def speaks_of_all(text: str) -> bool:
    """Whether a definition goes over all members of a group that a part has only some members of."""
    return _OVER_A_CROWD.search(text) is not None


def unveiled(system: TransitionSystem) -> TransitionSystem:
    """`system` without what reads or writes variables that it does not have. Raises Hidden where a variable that it has
    gets a value that depends on one."""
    there = system.variables.keys()
    rules = [_rule(rule, there) for rule in system.rules]
    return replace(
        system,
        rules=tuple(rule for rule in rules if rule.effect),
        invariants=tuple(i for i in system.invariants if references(i.holds) <= there),
        properties=tuple(p for p in system.properties if references(p.holds) | references(p.companion) <= there),
    )


def _rule(rule: Rule, there: Collection[str]) -> Rule:
    effect = {name: value for name, value in rule.effect.items() if name in there}
    for name, value in effect.items():
        if not references(value) <= set(there):
            raise Hidden(f"{rule.name} gives {name} a value that depends on what is hidden")
    guard = conjoin(_seen(conjuncts(rule.guard), there))
    return replace(rule, guard=guard, order=tuple(_seen(rule.order, there)), effect=effect)


def _seen(parts: Sequence[Expr], there: Collection[str]) -> Iterator[Expr]:
    return (part for part in parts if references(part) <= set(there))
