"""Formulas of z3 over the variables of a script, read back as expressions of the system."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, equal, less, negate, remainder, times
from kexecspec.ir.nodes import Const, Expr, If, Ref
from kexecspec.ir.system import Var
from kexecspec.ir.values import EnumSort
from kexecspec.solve.smtlib import Writer


class Unreadable(Exception):
    """A formula with something in it that expressions do not have."""


class Reader:
    """Reads formulas; `symbols` says which variable each constant of z3 stands for."""

    def __init__(self, symbols: Mapping[str, Var], pen: Writer) -> None:
        self.symbols = symbols
        self.pen = pen

    def formula(self, node: Any) -> Expr:
        """A truth value. Raises Unreadable."""
        import z3

        if z3.is_true(node) or z3.is_false(node):
            return Const(z3.is_true(node))
        if z3.is_not(node):
            return negate(self.formula(node.arg(0)))
        if z3.is_and(node) or z3.is_or(node):
            parts = [self.formula(part) for part in node.children()]
            return conjoin(parts) if z3.is_and(node) else disjoin(parts)
        if z3.is_implies(node):
            return disjoin((negate(self.formula(node.arg(0))), self.formula(node.arg(1))))
        if node.num_args() == 0:
            return Ref(self._var(node).name)
        if node.decl().kind() == z3.Z3_OP_ITE:
            return choose(*(self.formula(part) for part in node.children()))
        return self._atom(node)

    def _atom(self, node: Any) -> Expr:
        import z3

        kind = node.decl().kind()
        if kind in (z3.Z3_OP_EQ, z3.Z3_OP_IFF) and z3.is_bool(node.arg(0)):
            return equal(self.formula(node.arg(0)), self.formula(node.arg(1)))
        relations: dict[int, tuple[Callable[[int, int], bool], Callable[[Expr, Expr], Expr]]] = {
            z3.Z3_OP_EQ: (lambda a, b: a == b, equal),
            z3.Z3_OP_LE: (lambda a, b: a <= b, at_most),
            z3.Z3_OP_LT: (lambda a, b: a < b, less),
            z3.Z3_OP_GE: (lambda a, b: a >= b, lambda a, b: at_most(b, a)),
            z3.Z3_OP_GT: (lambda a, b: a > b, lambda a, b: less(b, a)),
        }
        if kind not in relations or node.num_args() != 2:
            raise Unreadable(str(node.decl()))
        holds, build = relations[kind]
        left, right = node.arg(0), node.arg(1)
        if z3.is_int_value(right) and self._is_label(left):
            return self._labels(left, lambda code: holds(code, right.as_long()))
        if z3.is_int_value(left) and self._is_label(right):
            return self._labels(right, lambda code: holds(left.as_long(), code))
        return build(self._number(left), self._number(right))

    def _number(self, node: Any) -> Expr:
        import z3

        if z3.is_int_value(node):
            return Const(node.as_long())
        if self._is_label(node):
            return self._code(node)
        if node.num_args() == 0:
            return Ref(self._var(node).name)
        parts = node.children()
        match node.decl().kind():
            case z3.Z3_OP_ADD:
                return add(self._number(part) for part in parts)
            case z3.Z3_OP_SUB:
                first, *rest = (self._number(part) for part in parts)
                return add((first, *(times(-1, part) for part in rest)))
            case z3.Z3_OP_UMINUS:
                return times(-1, self._number(parts[0]))
            case z3.Z3_OP_MUL if len(parts) == 2 and z3.is_int_value(parts[0]):
                return times(parts[0].as_long(), self._number(parts[1]))
            case z3.Z3_OP_MOD if z3.is_int_value(parts[1]) and parts[1].as_long() > 1:
                return remainder(self._number(parts[0]), parts[1].as_long())
            case z3.Z3_OP_ITE:
                return choose(self.formula(parts[0]), self._number(parts[1]), self._number(parts[2]))
        raise Unreadable(str(node.decl()))

    def _var(self, node: Any) -> Var:
        name = str(node.decl())
        if name not in self.symbols:
            raise Unreadable(name)
        return self.symbols[name]

    def _is_label(self, node: Any) -> bool:
        return node.num_args() == 0 and str(node.decl()) in self.symbols and isinstance(self._var(node).sort, EnumSort)

    def _labels(self, node: Any, wanted: Callable[[int], bool]) -> Expr:
        var = self._var(node)
        assert isinstance(var.sort, EnumSort)
        kept = [label for label in var.sort.labels if wanted(self.pen.labels[label])]
        if len(kept) == len(var.sort.labels):
            return Const(True)
        if len(kept) == len(var.sort.labels) - 1:
            (other,) = set(var.sort.labels) - set(kept)
            return negate(equal(Ref(var.name), Const(other)))
        return disjoin(equal(Ref(var.name), Const(label)) for label in kept)

    def _code(self, node: Any) -> Expr:
        """A label where a number is wanted."""
        var = self._var(node)
        assert isinstance(var.sort, EnumSort)
        *rest, last = var.sort.labels
        number: Expr = Const(self.pen.labels[last])
        for label in rest:
            number = If(equal(Ref(var.name), Const(label)), Const(self.pen.labels[label]), number)
        return number
