"""Expressions as one graph: what is equal is one node, and a node's operands have smaller numbers than it has.

Long sums, conjunctions and disjunctions are chains from the left, so that two that begin alike share their beginning.
Labels of enumerations are compared with variables only: a choice of labels is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce

from kexecspec.export.operators import Op
from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import Var
from kexecspec.ir.values import BOOL, BoolSort, EnumSort, IntSort, Sort, Value


@dataclass(frozen=True, slots=True)
class Node:
    """An operation on nodes. `value` is a constant, a variable's name or a factor; `sort` is what may come of it."""

    op: Op
    args: tuple[int, ...]
    value: Value
    sort: Sort


@dataclass
class Dag:
    """The nodes over `variables`; grows as expressions are added."""

    variables: Mapping[str, Var]
    nodes: list[Node] = field(default_factory=list)
    _known: dict[tuple[Op, tuple[int, ...], type, Value], int] = field(default_factory=dict)
    _seen: dict[int, tuple[Expr, int]] = field(default_factory=dict)

    def add(self, expr: Expr) -> int:
        """The node of an expression."""
        entry = self._seen.get(id(expr))
        if entry is None:
            entry = self._seen[id(expr)] = (expr, self._made(expr))
        return entry[1]

    def _made(self, expr: Expr) -> int:
        match expr:
            case Const(value):
                return self.constant(value)
            case Ref(name):
                return self.node(Op.REF, (), name, self.variables[name].sort)
            case Eq(left, right):
                return self.equal(self.add(left), self.add(right))
            case Less(left, right):
                return self.less(self.add(left), self.add(right))
            case Plus(terms):
                return reduce(self.plus, [self.add(term) for term in terms])
            case Times(factor, term):
                return self.times(factor, self.add(term))
            case Rest():
                raise TypeError("only invariants have remainders, and those are not exported")
            case Not(term):
                return self.negate(self.add(term))
            case And(terms):
                return self.all(self.add(term) for term in terms)
            case Or(terms):
                return self.any(self.add(term) for term in terms)
            case If(condition, then, otherwise):
                return self.choose(self.add(condition), self.add(then), self.add(otherwise))

    def node(self, op: Op, args: tuple[int, ...], value: Value, sort: Sort) -> int:
        """The one node of this kind."""
        key = (op, args, type(value), value)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.nodes)
            self.nodes.append(Node(op, args, value, sort))
        return number

    def constant(self, value: Value) -> int:
        """A literal."""
        sort = BOOL if isinstance(value, bool) else IntSort(value, value) if isinstance(value, int) else None
        return self.node(Op.CONST, (), value, sort or EnumSort((str(value),)))

    def literal(self, node: int) -> Value | None:
        """The value of a constant; None for anything else."""
        return self.nodes[node].value if self.nodes[node].op is Op.CONST else None

    def span(self, node: int) -> IntSort:
        """The least and the greatest that an integer may be, as far as its parts tell."""
        sort = self.nodes[node].sort
        assert isinstance(sort, IntSort)
        return sort

    def negate(self, node: int) -> int:
        """`not node`."""
        value, found = self.literal(node), self.nodes[node]
        if value is not None:
            return self.constant(not value)
        return found.args[0] if found.op is Op.NOT else self.node(Op.NOT, (node,), 0, BOOL)

    def all(self, nodes: Iterable[int]) -> int:
        """The conjunction; true for none."""
        return reduce(self.both, nodes, self.constant(True))

    def any(self, nodes: Iterable[int]) -> int:
        """The disjunction; false for none."""
        return reduce(self.either, nodes, self.constant(False))

    def both(self, left: int, right: int) -> int:
        """`left and right`."""
        return self._junction(Op.AND, left, right, self.constant(True), self.constant(False))

    def either(self, left: int, right: int) -> int:
        """`left or right`."""
        return self._junction(Op.OR, left, right, self.constant(False), self.constant(True))

    def _junction(self, op: Op, left: int, right: int, unit: int, zero: int) -> int:
        if zero in (left, right) or self._opposite(left, right) or self._opposite(right, left):
            return zero
        if left in (unit, right):
            return right
        return left if right == unit else self.node(op, (left, right), 0, BOOL)

    def _opposite(self, node: int, other: int) -> bool:
        return self.nodes[node].op is Op.NOT and self.nodes[node].args == (other,)

    def plus(self, left: int, right: int) -> int:
        """`left + right`."""
        a, b = self.literal(left), self.literal(right)
        if a == 0 or b == 0:
            return right if a == 0 else left
        if a is not None and b is not None:
            return self.constant(int(a) + int(b))
        one, two = self.span(left), self.span(right)
        return self.node(Op.PLUS, (left, right), 0, IntSort(one.low + two.low, one.high + two.high))

    def times(self, factor: int, node: int) -> int:
        """`factor * node`."""
        value = self.literal(node)
        if value is not None or factor in (0, 1):
            return self.constant(factor * int(value or 0)) if factor != 1 or value is not None else node
        ends = sorted((factor * self.span(node).low, factor * self.span(node).high))
        return self.node(Op.TIMES, (node,), factor, IntSort(*ends))

    def less(self, left: int, right: int) -> int:
        """`left < right`."""
        one, two = self.span(left), self.span(right)
        if one.high < two.low or one.low >= two.high:
            return self.constant(one.high < two.low)
        return self.node(Op.LESS, (left, right), 0, BOOL)

    def equal(self, left: int, right: int) -> int:
        """`left == right`."""
        if left == right:
            return self.constant(True)
        one, two = self.nodes[left], self.nodes[right]
        if one.op is Op.CONST and two.op is Op.CONST:
            return self.constant(one.value == two.value)
        match one.sort, two.sort:
            case BoolSort(), BoolSort():
                return self._equivalent(left, right)
            case IntSort(), IntSort():
                if one.sort.high < two.sort.low or two.sort.high < one.sort.low:
                    return self.constant(False)
                return self.node(Op.EQUAL, (left, right), 0, BOOL)
            case _:
                return self._same_label(left, right)

    def _equivalent(self, left: int, right: int) -> int:
        for one, other in ((left, right), (right, left)):
            value = self.literal(one)
            if value is not None:
                return other if value else self.negate(other)
        return self.node(Op.EQUAL, (left, right), 0, BOOL)

    def _same_label(self, left: int, right: int) -> int:
        one, two = self.nodes[left], self.nodes[right]
        if one.op is Op.IF:
            condition, then, otherwise = one.args
            return self.choose(condition, self.equal(then, right), self.equal(otherwise, right))
        if two.op is Op.IF or one.op is Op.CONST:
            return self.equal(right, left)
        assert isinstance(one.sort, EnumSort) and isinstance(two.sort, EnumSort)
        if two.op is Op.CONST or one.sort == two.sort:
            known = two.op is Op.REF or two.value in one.sort.labels
            return self.node(Op.EQUAL, (left, right), 0, BOOL) if known else self.constant(False)
        common = [self.constant(label) for label in one.sort.labels if label in two.sort.labels]
        return self.any(self.both(self.equal(left, label), self.equal(right, label)) for label in common)

    def choose(self, condition: int, then: int, otherwise: int) -> int:
        """`then if condition else otherwise`."""
        known = self.literal(condition)
        if known is not None or then == otherwise:
            return then if known or known is None else otherwise
        match self.nodes[then].sort, self.nodes[otherwise].sort:
            case IntSort(a, b), IntSort(c, d):
                return self.node(Op.IF, (condition, then, otherwise), 0, IntSort(min(a, c), max(b, d)))
            case EnumSort(a), EnumSort(b):
                return self.node(Op.IF, (condition, then, otherwise), 0, EnumSort(tuple(dict.fromkeys(a + b))))
            case _:
                return self._choice(condition, then, otherwise)

    def _choice(self, condition: int, then: int, otherwise: int) -> int:
        """As `choose`, of truth values."""
        if self.literal(then) is not None or then == condition:
            taken = self.literal(then) is not False
            return self.either(condition, otherwise) if taken else self.both(self.negate(condition), otherwise)
        if self.literal(otherwise) is not None:
            taken = self.literal(otherwise) is True
            return self.either(self.negate(condition), then) if taken else self.both(condition, then)
        return self.node(Op.IF, (condition, then, otherwise), 0, BOOL)

    def inside(self, node: int, sort: Sort) -> int:
        """Whether the value of `node` is one of `sort`."""
        found = self.nodes[node]
        if found.op is Op.IF and not isinstance(sort, BoolSort):
            condition, then, otherwise = found.args
            return self.choose(condition, self.inside(then, sort), self.inside(otherwise, sort))
        match found.sort, sort:
            case IntSort(), IntSort(low, high):
                above = self.negate(self.less(node, self.constant(low)))
                return self.both(above, self.negate(self.less(self.constant(high), node)))
            case EnumSort(labels), EnumSort(allowed):
                outside = [self.constant(label) for label in labels if label not in allowed]
                return self.negate(self.any(self.equal(node, label) for label in outside))
            case _:
                return self.constant(True)

    def fitted(self, node: int, sort: Sort) -> int:
        """A node that is equal to `node` where `inside(node, sort)`; a label is one of `sort`."""
        found = self.nodes[node]
        if not isinstance(sort, EnumSort) or not isinstance(found.sort, EnumSort):
            return node
        if found.op is Op.IF:
            condition, then, otherwise = found.args
            return self.choose(condition, self.fitted(then, sort), self.fitted(otherwise, sort))
        if found.op is Op.CONST or found.sort == sort:
            return node if found.sort.labels[0] in sort.labels else self.constant(sort.labels[0])
        fitted = self.constant(sort.labels[0])
        for label in found.sort.labels:
            if label in sort.labels:
                fitted = self.choose(self.equal(node, self.constant(label)), self.constant(label), fitted)
        return fitted

    def reached(self, roots: Iterable[int]) -> list[int]:
        """The nodes that `roots` are made of, operands first."""
        found, waiting = set[int](), list(roots)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting.extend(self.nodes[node].args)
        return sorted(found)
