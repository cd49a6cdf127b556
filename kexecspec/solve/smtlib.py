"""A transition system as SMT-LIB 2 text: integers and booleans only, no quantifiers, no solver needed.

The text is what the solver reads, so it is also what makes two slices the same: see `renumbered`.
Variable number i is `xi` now and `yi` after a step; `s` is the number of the rule that fires. Labels of
enumerations are numbers, given once for a whole run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import TransitionSystem, Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value

_SYMBOL = re.compile(r"\b([xy])(\d+)\b")


@dataclass
class Writer:
    """Writes expressions over the variables of one system; remembers what it wrote, per expression object."""

    numbers: Mapping[str, int]
    labels: Mapping[str, int]
    known: dict[int, tuple[Expr, str]] = field(default_factory=dict)

    def text(self, expr: Expr) -> str:
        """`expr` over the variables of now."""
        entry = self.known.get(id(expr))
        if entry is None:
            entry = self.known[id(expr)] = (expr, self._written(expr))
        return entry[1]

    def value(self, value: Value) -> str:
        """A constant."""
        if isinstance(value, bool):
            return "true" if value else "false"
        number = value if isinstance(value, int) else self.labels[value]
        return str(number) if number >= 0 else f"(- {-number})"

    def _written(self, expr: Expr) -> str:
        match expr:
            case Const(value):
                return self.value(value)
            case Ref(name):
                return f"x{self.numbers[name]}"
            case Eq(left, right):
                return f"(= {self.text(left)} {self.text(right)})"
            case Less(left, right):
                return f"(< {self.text(left)} {self.text(right)})"
            case Plus(terms):
                return self._list("+", terms)
            case Times(factor, term):
                return f"(* {self.value(factor)} {self.text(term)})"
            case Rest(term, divisor):
                return f"(mod {self.text(term)} {divisor})"
            case Not(term):
                return f"(not {self.text(term)})"
            case And(terms):
                return self._list("and", terms)
            case Or(terms):
                return self._list("or", terms)
            case If(condition, then, otherwise):
                return f"(ite {self.text(condition)} {self.text(then)} {self.text(otherwise)})"

    def _list(self, head: str, terms: Iterable[Expr]) -> str:
        return f"({head} {' '.join(map(self.text, terms))})"


def writer(system: TransitionSystem) -> Writer:
    """The writer for `system` and every slice of it."""
    labels: dict[str, int] = {}
    for var in system.variables.values():
        if isinstance(var.sort, EnumSort):
            for label in var.sort.labels:
                labels.setdefault(label, len(labels))
    return Writer({name: number for number, name in enumerate(system.variables)}, labels)


def pen_for(system: TransitionSystem, pen: Writer) -> Writer:
    """A writer like `pen` for a system with variables that `pen` does not know."""
    fresh = {name: len(pen.numbers) for name in system.variables if name not in pen.numbers}
    return Writer({**pen.numbers, **fresh}, pen.labels) if fresh else pen


@dataclass(frozen=True)
class Script:
    """A system as text over `x0 y0 x1 y1 ...`, numbered in the order of its variables. Two slices with equal
    scripts are equal up to the names of their variables and rules."""

    sorts: tuple[str, ...]
    initial: str
    domain: str
    step: str
    invariants: tuple[str, ...]
    handoffs: tuple[int, ...]
    rules: int


def script(system: TransitionSystem, pen: Writer) -> Script:
    """The script of `system`; `pen` is a writer for it or for a system that it is a slice of."""
    order = {pen.numbers[name]: number for number, name in enumerate(system.variables)}
    variables = tuple(system.variables.values())
    at_first = conjunction(
        f"(= x{pen.numbers[v.name]} {pen.text(v.initial)})" for v in variables if v.initial is not None
    )
    return Script(
        tuple("Bool" if isinstance(v.sort, BoolSort) else "Int" for v in variables),
        _renamed(at_first, order),
        _renamed(conjunction(_domain(v, pen, "x") for v in variables), order),
        _renamed(_step(system, pen), order),
        tuple(_renamed(pen.text(invariant.holds), order) for invariant in system.invariants),
        tuple(number for number, rule in enumerate(system.rules) if rule.handoff),
        len(system.rules),
    )


def renumbered(expr: Expr, system: TransitionSystem, pen: Writer) -> str:
    """`expr` in the numbering of `script(system, pen)`."""
    return _renamed(pen.text(expr), {pen.numbers[name]: number for number, name in enumerate(system.variables)})


def conjunction(terms: Iterable[str]) -> str:
    """The conjunction of texts; true for none."""
    kept = [term for term in terms if term != "true"]
    return "true" if not kept else kept[0] if len(kept) == 1 else f"(and {' '.join(kept)})"


def disjunction(terms: Iterable[str]) -> str:
    """The disjunction of texts; false for none."""
    kept = list(terms)
    return "false" if not kept else kept[0] if len(kept) == 1 else f"(or {' '.join(kept)})"


def _renamed(text: str, order: Mapping[int, int]) -> str:
    return _SYMBOL.sub(lambda found: f"{found[1]}{order[int(found[2])]}", text)


def _domain(var: Var, pen: Writer, tense: str) -> str:
    symbol = f"{tense}{pen.numbers[var.name]}"
    members = _codes(var.sort, pen)
    if not members:
        return "true"
    low, high = pen.value(members[0]), pen.value(members[-1])
    bounds = f"(<= {low} {symbol}) (<= {symbol} {high})"
    if isinstance(var.sort, IntSort) or members[-1] - members[0] + 1 == len(members):
        return f"(and {bounds})"
    return f"(and {bounds} {disjunction(f'(= {symbol} {pen.value(code)})' for code in members)})"


def _codes(sort: Sort, pen: Writer) -> tuple[int, ...]:
    match sort:
        case BoolSort():
            return ()
        case EnumSort(labels):
            return tuple(sorted(pen.labels[label] for label in labels))
        case IntSort(low, high):
            return (low, high)


def _step(system: TransitionSystem, pen: Writer) -> str:
    """One rule fires: its guard holds, what it writes changes, the rest stays."""
    parts = [f"(<= 0 s) (< s {len(system.rules)})"] if system.rules else ["false"]
    for number, rule in enumerate(system.rules):
        guard = conjunction(pen.text(part) for part in (rule.guard, *rule.order))
        if guard != "true":
            parts.append(f"(or (not (= s {number})) {guard})")
    for name, var in system.variables.items():
        symbol = pen.numbers[name]
        after = f"x{symbol}"
        for number, rule in reversed(tuple(enumerate(system.rules))):
            if name in rule.effect:
                after = f"(ite (= s {number}) {pen.text(rule.effect[name])} {after})"
        parts.append(f"(= y{symbol} {after})")
        domain = _domain(var, pen, "y")
        if domain != "true":
            parts.append(domain)
    return f"(and {' '.join(parts)})"
