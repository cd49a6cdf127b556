"""Btor2: bit-vectors just wide enough for every number, and the rule that is tried as an input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kexecspec.export.model import Model, Step
from kexecspec.export.names import remark, symbol
from kexecspec.export.operators import Op
from kexecspec.export.words import Shape, code, is_full, joined, label_sort, most, shape
from kexecspec.ir.system import Var
from kexecspec.ir.values import EnumSort, Sort

_HEAD = """\
Each step the rule with the number `$fired` is tried: where its guard holds, it fires, else nothing changes.
In names %HEX% is a character that is not plain."""
_JUNCTIONS = {Op.AND: "and", Op.OR: "or"}


@dataclass
class Lines:
    """The lines written so far; what is written twice alike is one line."""

    text: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)
    _next: int = 1

    def line(self, said: str) -> int:
        """The number of the line that says this."""
        number = self._known.get(said)
        if number is None:
            number = self._known[said] = self.fresh(said)
        return number

    def fresh(self, said: str) -> int:
        """The number of a line of its own."""
        self.text.append(f"{self._next} {said}")
        self._next += 1
        return self._next - 1

    def remark(self, said: str) -> None:
        self.text.append(f"; {remark(said)}".rstrip())

    def sort(self, bits: int) -> int:
        return self.line(f"sort bitvec {bits}")

    def constant(self, value: int, bits: int) -> int:
        return self.line(f"constd {self.sort(bits)} {value & ((1 << bits) - 1)}")

    def one(self, operation: str, bits: int, *args: int) -> int:
        """An operation whose result has so many bits."""
        return self.line(f"{operation} {self.sort(bits)} {' '.join(map(str, args))}")

    def shaped(self, number: int, old: Shape, new: Shape) -> int:
        """A number in another shape, in which it fits."""
        if new.bits > old.bits:
            return self.one("sext" if old.signed else "uext", new.bits, number, new.bits - old.bits)
        return number if new.bits == old.bits else self.one("slice", new.bits, number, new.bits - 1, 0)


def btor2(model: Model, title: str) -> str:
    """The model as Btor2 with one `bad`."""
    writer = _Writer(model)
    for line in (*title.splitlines(), *_HEAD.splitlines()):
        writer.lines.remark(line)
    writer.write()
    return "\n".join(writer.lines.text) + "\n"


class _Writer:
    """Writes one model. A line speaks of earlier lines only; a state comes after what it is at first."""

    def __init__(self, model: Model) -> None:
        self.model, self.dag, self.lines = model, model.dag, Lines()
        self.states: dict[str, int] = {}
        self.known: dict[int, int] = {}

    def write(self) -> None:
        for number, step in enumerate(self.model.steps):
            self.lines.remark(f"$fired {number}: {step.name}: {step.says}")
        for var in self.model.variables:
            if isinstance(var.sort, EnumSort):
                self.lines.remark(f"{var.name}: " + ", ".join(f"{at} {one}" for at, one in enumerate(var.sort.labels)))
        free = [var for var in self.model.variables if var.name not in self.model.initial]
        for var in free:
            self._state(var)
        self._build(self.model.initial.values())
        for var in self.model.variables:
            if var.name in self.model.initial:
                self._state(var)
        self._build(self.model.roots())
        fires = tuple(self._fires())
        writing = self.model.writers()
        for var in self.model.variables:
            self._next(var, writing[var.name], fires)
        prop = self.model.prop
        self.lines.remark(f"{prop.id}: {prop.says}")
        bad = self.lines.one("not", 1, self.known[self.model.holds])
        self.lines.fresh(f"bad {bad} {symbol(prop.id)}")

    def _state(self, var: Var) -> None:
        lines, bits = self.lines, shape(var.sort)
        first = self.model.initial.get(var.name)
        value = None if first is None else self.value(first, var.sort)
        state = self.states[var.name] = lines.fresh(f"state {lines.sort(bits.bits)} {symbol(var.name)}")
        if value is not None:
            lines.fresh(f"init {lines.sort(bits.bits)} {state} {value}")
        elif not is_full(var.sort):
            low, high = most(var.sort)
            order = "slte" if bits.signed else "ulte"
            lines.fresh(f"constraint {lines.one(order, 1, lines.constant(low, bits.bits), state)}")
            lines.fresh(f"constraint {lines.one(order, 1, state, lines.constant(high, bits.bits))}")

    def _fires(self) -> Iterator[int]:
        """For each step, whether it is tried and its guard holds."""
        if not self.model.steps:
            return
        bits = max(1, (len(self.model.steps) - 1).bit_length())
        fired = self.lines.fresh(f"input {self.lines.sort(bits)} $fired")
        for number, step in enumerate(self.model.steps):
            tried = self.lines.one("eq", 1, fired, self.lines.constant(number, bits))
            yield self.lines.one("and", 1, tried, self.known[step.guard])

    def _next(self, var: Var, writing: Iterable[tuple[int, Step]], fires: tuple[int, ...]) -> None:
        bits, after = shape(var.sort).bits, self.states[var.name]
        for number, step in writing:
            value = self.value(step.effect[var.name], var.sort)
            after = self.lines.one("ite", bits, fires[number], value, after)
        self.lines.fresh(f"next {self.lines.sort(bits)} {self.states[var.name]} {after}")

    def value(self, node: int, sort: Sort) -> int:
        """The line of a node as a value of a variable's sort."""
        if isinstance(sort, EnumSort):
            return self.label(node, sort)
        return self.lines.shaped(self.known[node], shape(self.dag.nodes[node].sort), shape(sort))

    def label(self, node: int, sort: EnumSort) -> int:
        """The line of a label, a variable or a choice of them, as a code of `sort`."""
        found, bits = self.dag.nodes[node], shape(sort).bits
        match found.op:
            case Op.CONST:
                return self.lines.constant(code(found.value, sort), bits)
            case Op.REF:
                return self.states[str(found.value)]
            case _:
                condition, then, otherwise = found.args
                return self.lines.one(
                    "ite", bits, self.known[condition], self.label(then, sort), self.label(otherwise, sort)
                )

    def _build(self, roots: Iterable[int]) -> None:
        """The lines of everything that `roots` are made of, but for labels."""
        for node in self.dag.reached(roots):
            if node not in self.known and not isinstance(self.dag.nodes[node].sort, EnumSort):
                self.known[node] = self._line(node)

    def _line(self, node: int) -> int:
        found, lines = self.dag.nodes[node], self.lines
        own = shape(found.sort)
        match found.op:
            case Op.CONST:
                return lines.constant(int(found.value), own.bits)
            case Op.REF:
                return self.states[str(found.value)]
            case Op.EQUAL | Op.LESS:
                return self._compared(node)
            case Op.PLUS:
                return lines.one("add", own.bits, *(self._as(arg, own) for arg in found.args))
            case Op.TIMES:
                factor = lines.constant(int(found.value), own.bits)
                return lines.one("mul", own.bits, factor, self._as(found.args[0], own))
            case Op.NOT:
                return lines.one("not", 1, self.known[found.args[0]])
            case Op.AND | Op.OR:
                return lines.one(_JUNCTIONS[found.op], 1, *(self.known[arg] for arg in found.args))
            case Op.IF:
                condition, then, otherwise = found.args
                return lines.one("ite", own.bits, self.known[condition], self._as(then, own), self._as(otherwise, own))

    def _as(self, node: int, new: Shape) -> int:
        return self.lines.shaped(self.known[node], shape(self.dag.nodes[node].sort), new)

    def _compared(self, node: int) -> int:
        found = self.dag.nodes[node]
        left, right = found.args
        labels = label_sort(self.dag, left, right)
        if labels is not None:
            return self.lines.one("eq", 1, self.label(left, labels), self.label(right, labels))
        one, other = self.dag.nodes[left].sort, self.dag.nodes[right].sort
        if found.op is Op.EQUAL and shape(one) == shape(other):
            return self.lines.one("eq", 1, self.known[left], self.known[right])
        both = joined(one, other)
        name = "eq" if found.op is Op.EQUAL else "slt" if both.signed else "ult"
        return self.lines.one(name, 1, self._as(left, both), self._as(right, both))
