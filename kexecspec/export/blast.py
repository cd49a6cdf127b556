"""The nodes of a model as words of literals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kexecspec.export.gates import TRUE, Bits, Gates, constant, resized
from kexecspec.export.model import Model
from kexecspec.export.operators import Op
from kexecspec.export.words import Shape, code, joined, label_sort, shape
from kexecspec.ir.values import EnumSort, Sort


class Blast:
    """Makes gates for nodes over the variables `now`, each node once."""

    def __init__(self, model: Model, gates: Gates, now: Mapping[str, Bits]) -> None:
        self.model, self.dag, self.gates, self.now = model, model.dag, gates, now
        self.known: dict[int, Bits] = {}

    def truth(self, node: int) -> int:
        """The literal of a truth value."""
        return self._word(node)[0]

    def value(self, node: int, sort: Sort) -> Bits:
        """A node as a value of a variable's sort."""
        if isinstance(sort, EnumSort):
            return self._label(node, sort)
        return resized(self._word(node), shape(self.dag.nodes[node].sort).signed, shape(sort).bits)

    def after(self, fired: Bits) -> Iterator[Bits]:
        """Each variable after the step in which the rule with the number `fired` is tried. One rule fires at most."""
        tried = _each(self.gates, fired)
        fires = [self.gates.both(tried[number], self.truth(step.guard)) for number, step in enumerate(self.model.steps)]
        for name, steps in self.model.writers().items():
            sort = self.dag.variables[name].sort
            groups: dict[Bits, list[int]] = {}
            for number, step in steps:
                groups.setdefault(self.value(step.effect[name], sort), []).append(fires[number])
            yield self._written(name, {word: self.gates.any(group) for word, group in groups.items()})

    def _written(self, name: str, by: Mapping[Bits, int]) -> Bits:
        """One of the words of which at most one is taken, where none is what the variable was."""
        kept = self.gates.any(list(by.values())) ^ 1
        ways = [(self.now[name], kept), *by.items()]
        places = range(len(self.now[name]))
        return tuple(self.gates.any([self.gates.both(word[at], taken) for word, taken in ways]) for at in places)

    def _word(self, node: int) -> Bits:
        if node not in self.known:
            for part in self._missing(node):
                self.known[part] = self._made(part)
        return self.known[node]

    def _missing(self, node: int) -> list[int]:
        """What `node` is made of and not there yet, operands first; labels are made where they are compared."""
        found, waiting = set[int](), [node]
        while waiting:
            part = waiting.pop()
            if part not in found and part not in self.known:
                found.add(part)
                waiting.extend(self.dag.nodes[part].args)
        return sorted(part for part in found if not isinstance(self.dag.nodes[part].sort, EnumSort))

    def _label(self, node: int, sort: EnumSort) -> Bits:
        found = self.dag.nodes[node]
        match found.op:
            case Op.CONST:
                return constant(code(found.value, sort), shape(sort).bits)
            case Op.REF:
                return self.now[str(found.value)]
            case _:
                condition, then, otherwise = found.args
                return self.gates.chosen(self.truth(condition), self._label(then, sort), self._label(otherwise, sort))

    def _made(self, node: int) -> Bits:
        found, gates = self.dag.nodes[node], self.gates
        own = shape(found.sort)
        match found.op:
            case Op.CONST:
                return constant(int(found.value), own.bits)
            case Op.REF:
                return self.now[str(found.value)]
            case Op.EQUAL | Op.LESS:
                return (self._compared(node),)
            case Op.PLUS:
                return gates.plus(*(self._as(arg, own) for arg in found.args))
            case Op.TIMES:
                return gates.times(int(found.value), self._as(found.args[0], own))
            case Op.NOT:
                return (self.known[found.args[0]][0] ^ 1,)
            case Op.AND | Op.OR:
                join = gates.both if found.op is Op.AND else gates.either
                return (join(*(self.known[arg][0] for arg in found.args)),)
            case Op.IF:
                condition, then, otherwise = found.args
                return gates.chosen(self.known[condition][0], self._as(then, own), self._as(otherwise, own))

    def _as(self, node: int, new: Shape) -> Bits:
        return resized(self.known[node], shape(self.dag.nodes[node].sort).signed, new.bits)

    def _compared(self, node: int) -> int:
        found = self.dag.nodes[node]
        left, right = found.args
        labels = label_sort(self.dag, left, right)
        if labels is not None:
            return self.gates.equal(self._label(left, labels), self._label(right, labels))
        if isinstance(self.dag.nodes[left].sort, type(self.dag.nodes[node].sort)):
            return self.gates.equal(self.known[left], self.known[right])
        both = joined(self.dag.nodes[left].sort, self.dag.nodes[right].sort)
        words = self._as(left, both), self._as(right, both)
        return self.gates.equal(*words) if found.op is Op.EQUAL else self.gates.less(*words, both.signed)


def _each(gates: Gates, word: Bits) -> Sequence[int]:
    """For each number that `word` may be, whether it is that."""
    found = [TRUE]
    for literal in reversed(word):
        found = [gates.both(one, half) for one in found for half in (literal ^ 1, literal)]
    return found


