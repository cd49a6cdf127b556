"""Rules as Python functions from a row of values to the next row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from kexecspec.ir.evaluate import OutOfRange, source
from kexecspec.ir.expr import Const, Expr, conjoin, conjuncts, references
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Value, contains

Row = tuple[Value, ...]
_WATCHED = 5


@dataclass(frozen=True)
class Move:
    """A rule, compiled: the row after it, or None where it may not fire."""

    number: int
    handoff: bool
    after: Callable[[Row], Row | None]


@dataclass(frozen=True)
class Moves:
    """The rules of one system. `all` has every rule by number; `at` the few of them worth trying in a row."""

    all: tuple[Move, ...]
    watched: Callable[[Row], Any]
    worth: Callable[[Row], tuple[Value, ...]]
    known: dict[Any, tuple[Move, ...]] = field(default_factory=dict)

    def at(self, row: Row) -> tuple[Move, ...]:
        """The rules that the control positions in `row` leave possible, in their order."""
        key = self.watched(row)
        found = self.known.get(key)
        if found is None:
            worth = self.worth(row)
            found = self.known[key] = tuple(move for move, fits in zip(self.all, worth, strict=True) if fits)
        return found


def moves_of(system: TransitionSystem, strict: bool = False) -> Moves:
    """The rules of `system` over rows in the order of its variables. A rule may not fire where it would give
    a variable a value outside its sort; where `strict`, that raises OutOfRange."""
    known: dict[str, Any] = {"__builtins__": {}, "leaves": _leaves if strict else _blocks}
    index = {name: place for place, name in enumerate(system.variables)}
    names = _most_asked(system)
    texts = [_text(system, number, rule, index, known) for number, rule in enumerate(system.rules)]
    worth = [source(_about(rule, frozenset(names)), index) for rule in system.rules]
    texts.append(f"def worth(s): return ({''.join(text + ', ' for text in worth)})")
    exec(compile("\n".join(texts), "<rules>", "exec"), known)
    every = tuple(Move(number, rule.handoff, known[f"rule_{number}"]) for number, rule in enumerate(system.rules))
    return Moves(every, _picked([index[name] for name in names]), known["worth"])


def _most_asked(system: TransitionSystem) -> tuple[str, ...]:
    """The labels and truth values that most guards ask for by themselves."""
    asked = Counter(name for rule in system.rules for name in _alone(rule))
    fit = [name for name in asked if isinstance(system.variables[name].sort, BoolSort | EnumSort)]
    return tuple(sorted(fit, key=lambda name: (-asked[name], name))[:_WATCHED])


def _alone(rule: Rule) -> set[str]:
    single = (references(part) for part in conjuncts(rule.enabled))
    return {name for names in single if len(names) == 1 for name in names}


def _about(rule: Rule, names: frozenset[str]) -> Expr:
    """What the guard asks about `names` only."""
    return conjoin(part for part in conjuncts(rule.enabled) if references(part) <= names)


def _picked(places: Sequence[int]) -> Callable[[Row], Any]:
    return itemgetter(*places) if places else len


def _text(
    system: TransitionSystem, number: int, rule: Rule, index: dict[str, int], known: dict[str, Any]
) -> str:
    """The source of one rule's function; sets of labels that it asks for are entered into `known`."""
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
