"""Rules as Python functions from a row of values to the next row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kexecspec.ir.evaluate import OutOfRange, source
from kexecspec.ir.expr import Const
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.values import EnumSort, IntSort, Value, contains

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Move:
    """A rule, compiled: the row after it, or None where it may not fire."""

    number: int
    handoff: bool
    after: Callable[[Row], Row | None]


def moves_of(system: TransitionSystem, strict: bool = False) -> tuple[Move, ...]:
    """The rules of `system` over rows in the order of its variables. A rule may not fire where it would give
    a variable a value outside its sort; where `strict`, that raises OutOfRange."""
    known: dict[str, Any] = {"__builtins__": {}, "leaves": _leaves if strict else _blocks}
    texts = [_text(system, number, rule, known) for number, rule in enumerate(system.rules)]
    exec(compile("\n".join(texts), "<rules>", "exec"), known)
    return tuple(Move(number, rule.handoff, known[f"rule_{number}"]) for number, rule in enumerate(system.rules))


def _text(system: TransitionSystem, number: int, rule: Rule, known: dict[str, Any]) -> str:
    """The source of one rule's function; sets of labels that it asks for are entered into `known`."""
    index = {name: place for place, name in enumerate(system.variables)}
    lines = [f"def rule_{number}(s):", f"    if not {source(rule.enabled, index)}: return None"]
    row = [f"s[{place}]" for place in range(len(index))]
    for name, expr in rule.effect.items():
        place, sort = index[name], system.variables[name].sort
        if isinstance(expr, Const) and contains(sort, expr.value):
            row[place] = repr(expr.value)
            continue
        row[place] = f"v{place}"
        lines.append(f"    v{place} = {source(expr, index)}")
        inside = "True"
        if isinstance(sort, IntSort):
            inside = f"{sort.low} <= v{place} <= {sort.high}"
        elif isinstance(sort, EnumSort):
            inside = f"v{place} in labels_{place}"
            known[f"labels_{place}"] = frozenset(sort.labels)
        if inside != "True":
            lines.append(f"    if not {inside}: return leaves({rule.name!r}, {name!r}, v{place})")
    return "\n".join([*lines, f"    return ({', '.join(row)},)"])


def _blocks(rule: str, name: str, value: Value) -> None:
    return None


def _leaves(rule: str, name: str, value: Value) -> None:
    raise OutOfRange(f"rule {rule} gives {name} the value {value}")
