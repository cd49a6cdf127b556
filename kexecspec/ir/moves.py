"""Rules as Python functions from a row of values to the next row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from kexecspec.ir.evaluate import OutOfRange, source
from kexecspec.ir.expr import conjoin, conjuncts
from kexecspec.ir.nodes import Const, Expr
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Value, contains
from kexecspec.ir.walk import references

Row = tuple[Value, ...]
_WATCHED = 5
_MANY = 6


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
    guards = [conjuncts(rule.enabled) for rule in system.rules]
    names = _most_asked(system, guards)
    texts = _Texts(system, index, _shared(guards))
    rules = [texts.rule(number, rule, guards[number]) for number, rule in enumerate(system.rules)]
    worth = [source(_about(guard, frozenset(names)), index) for guard in guards]
    rules.append(f"def worth(s): return ({''.join(text + ', ' for text in worth)})")
    known.update(texts.labels)
    exec(compile("\n".join([*texts.tests, *rules]), "<rules>", "exec"), known)
    known.update({name: tuple(known[f"test_{n}"] for n in numbers) for name, numbers in texts.waits.items()})
    every = tuple(Move(number, rule.handoff, known[f"rule_{number}"]) for number, rule in enumerate(system.rules))
    return Moves(every, _picked([index[name] for name in names]), known["worth"])


def _most_asked(system: TransitionSystem, guards: Sequence[Sequence[Expr]]) -> tuple[str, ...]:
    """The labels and truth values that most guards ask for by themselves."""
    asked = Counter(name for guard in guards for name in _alone(guard))
    fit = [name for name in asked if isinstance(system.variables[name].sort, BoolSort | EnumSort)]
    return tuple(sorted(fit, key=lambda name: (-asked[name], name))[:_WATCHED])


def _alone(guard: Sequence[Expr]) -> set[str]:
    single = (references(part) for part in guard)
    return {name for names in single if len(names) == 1 for name in names}


def _about(guard: Sequence[Expr], names: frozenset[str]) -> Expr:
    """What the guard asks about `names` only."""
    return conjoin(part for part in guard if references(part) <= names)


def _shared(guards: Sequence[Sequence[Expr]]) -> frozenset[Expr]:
    """The conjuncts that many guards have, of which each is compiled once."""
    counts = Counter(part for guard in guards for part in guard)
    return frozenset(part for part, count in counts.items() if count >= _MANY)


def _picked(places: Sequence[int]) -> Callable[[Row], Any]:
    return itemgetter(*places) if places else len


class _Texts:
    """The sources of rules over rows, in each of which a place is named by `index`. What many guards ask, about all the
    parts of a large platform, are tests of their own: else what there is to compile would grow with its square."""

    def __init__(self, system: TransitionSystem, index: Mapping[str, int], shared: frozenset[Expr]) -> None:
        self.system, self.index, self.shared = system, index, shared
        self.numbers: dict[Expr, int] = {}
        self.tests: list[str] = []
        self.waits: dict[str, list[int]] = {}
        self.labels: dict[str, frozenset[str]] = {}

    def rule(self, number: int, rule: Rule, guard: Sequence[Expr]) -> str:
        """The source of one rule's function."""
        waits = [part for part in guard if part in self.shared]
        apart = len(waits) >= _MANY
        own = [part for part in guard if part not in self.shared] if apart else guard
        lines = [f"def rule_{number}(s):", f"    if not {source(conjoin(own), self.index)}: return None"]
        if apart:
            self.waits[f"waits_{number}"] = [self._test(part) for part in waits]
            lines.append(f"    for test in waits_{number}:")
            lines.append("        if not test(s): return None")
        return "\n".join([*lines, *self._effect(rule)])

    def _test(self, part: Expr) -> int:
        if part not in self.numbers:
            self.numbers[part] = len(self.numbers)
            self.tests.append(f"def test_{self.numbers[part]}(s): return {source(part, self.index)}")
        return self.numbers[part]

    def _effect(self, rule: Rule) -> list[str]:
        lines, written = list[str](), dict[int, str]()
        for name, expr in rule.effect.items():
            place, sort = self.index[name], self.system.variables[name].sort
            if isinstance(expr, Const) and contains(sort, expr.value):
                written[place] = repr(expr.value)
                continue
            written[place] = f"v{place}"
            lines.append(f"    v{place} = {source(expr, self.index)}")
            inside = "True"
            if isinstance(sort, IntSort):
                inside = f"{sort.low} <= v{place} <= {sort.high}"
            elif isinstance(sort, EnumSort):
                inside = f"v{place} in labels_{place}"
                self.labels[f"labels_{place}"] = frozenset(sort.labels)
            if inside != "True":
                lines.append(f"    if not {inside}: return leaves({rule.name!r}, {name!r}, v{place})")
        return [*lines, f"    return ({self._row(written)})"]

    def _row(self, written: Mapping[int, str]) -> str:
        """The row after the rule: what stays is copied in pieces."""
        parts, begin = list[str](), 0
        for place in sorted(written):
            parts.append(f"*s[{begin}:{place}], " if place > begin else "")
            parts.append(f"{written[place]}, ")
            begin = place + 1
        return "".join([*parts, f"*s[{begin}:], " if begin < len(self.index) else ""])


def _blocks(rule: str, name: str, value: Value) -> None:
    return None


def _leaves(rule: str, name: str, value: Value) -> None:
    raise OutOfRange(f"rule {rule} gives {name} the value {value}")
