"""The rule language: a small part of Python's expression grammar, lowered to expressions over state variables.

The whole grammar stands in ARCHITECTURE.md. `ast.parse` reads the text; nothing is ever evaluated by Python.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, equal, less, negate, times
from kexecspec.ir.nodes import Const, Expr

DEEPEST = 60
MOST_QUANTIFIERS = 3
LARGEST = 1 << 64


class LanguageError(Exception):
    """A text that is not in the rule language, or a name that means nothing; the message quotes it."""


class Thing(Protocol):
    """Something with attributes: an entity of the platform. One with a `label` stands for that as a value."""

    def attribute(self, name: str) -> Meaning:
        """What `thing.name` means. Raises LanguageError."""


@dataclass(frozen=True)
class Group:
    """Several things, for `all`, `any` and `sum`."""

    members: tuple[Thing, ...]


Meaning = Expr | Thing | Group
Scope = Callable[[str], "Meaning | None"]

_COMPARISONS: Mapping[type, Callable[[Expr, Expr], Expr]] = {
    ast.Eq: equal,
    ast.NotEq: lambda a, b: negate(equal(a, b)),
    ast.Lt: less,
    ast.LtE: at_most,
    ast.Gt: lambda a, b: less(b, a),
    ast.GtE: lambda a, b: at_most(b, a),
}

TRUTHS = {"true": True, "false": False}
"""Truth values as YAML writes them; Python's spelling is known to its parser."""


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """The syntax tree of `text`. Raises LanguageError for text that is no expression or too long."""
    if len(text) > 4000:
        raise LanguageError("expression longer than 4000 characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise LanguageError(f"not an expression: {text.strip()[:80]}") from None
    if _too_deep(body):
        raise LanguageError(f"nested too deep: {text.strip()[:80]}")
    return body


def _too_deep(body: ast.expr) -> bool:
    """Whether the tree is higher than DEEPEST, or one quantifier stands inside of more than MOST_QUANTIFIERS: each
    multiplies the terms by the number of parts."""
    level: list[tuple[ast.AST, int]] = [(body, 0)]
    for _ in range(DEEPEST):
        level = [
            (child, quantifiers + isinstance(child, ast.GeneratorExp))
            for node, quantifiers in level
            for child in ast.iter_child_nodes(node)
        ]
        if any(quantifiers > MOST_QUANTIFIERS for _, quantifiers in level):
            return True
    return bool(level)


def lower(text: str, scope: Scope) -> Expr:
    """`text` as an expression; a name that `scope` does not know is an enumeration label. Raises LanguageError."""
    try:
        return _expr(parse(text), scope)
    except ValueError:
        raise LanguageError(f"a label stands where a number should: {text.strip()[:80]}") from None


def _expr(node: ast.expr, scope: Scope) -> Expr:
    meaning = _meaning(node, scope)
    label = getattr(meaning, "label", None)
    if label is not None:
        return Const(str(label))
    if isinstance(meaning, Group) or hasattr(meaning, "attribute"):
        raise LanguageError(f"{ast.unparse(node)} is no value")
    return meaning


def _meaning(node: ast.expr, scope: Scope) -> Meaning:
    match node:
        case ast.Constant(value=bool() | int() as value):
            if abs(value) > LARGEST:
                raise LanguageError("a number beyond 64 bits")
            return Const(value)
        case ast.Name(id=name):
            known = scope(name)
            return Const(TRUTHS.get(name, name)) if known is None else known
        case ast.Attribute(value=owner, attr=attr):
            thing = _meaning(owner, scope)
            if isinstance(thing, Group) or not hasattr(thing, "attribute"):
                raise LanguageError(f"{ast.unparse(owner)} has no attributes")
            meaning: Meaning = thing.attribute(attr)
            return meaning
        case ast.BoolOp(op=ast.And(), values=values):
            return conjoin(_expr(value, scope) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return disjoin(_expr(value, scope) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return negate(_expr(operand, scope))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return times(-1, _expr(operand, scope))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return choose(_expr(test, scope), _expr(body, scope), _expr(orelse, scope))
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(node, op, _expr(left, scope), _expr(right, scope))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _comparison(left, ops, rights, scope)
        case ast.Call(func=ast.Name(id="all" | "any" | "sum" as word), args=[ast.GeneratorExp() as each]):
            return _quantified(word, each, scope)
        case _:
            raise LanguageError(f"not in the rule language: {ast.unparse(node)[:80]}")


def _arithmetic(node: ast.expr, op: ast.operator, left: Expr, right: Expr) -> Expr:
    match op, left, right:
        case ast.Add(), _, _:
            return add((left, right))
        case ast.Sub(), _, _:
            return add((left, times(-1, right)))
        case ast.Mult(), Const(int(factor)), _:
            return times(factor, right)
        case ast.Mult(), _, Const(int(factor)):
            return times(factor, left)
        case _:
            raise LanguageError(f"only sums and products with a constant: {ast.unparse(node)[:80]}")


def _comparison(left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr], scope: Scope) -> Expr:
    parts, first = [], left
    for op, right in zip(ops, rights, strict=True):
        if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.Tuple):
            one = disjoin(equal(_expr(first, scope), _expr(item, scope)) for item in right.elts)
            parts.append(negate(one) if isinstance(op, ast.NotIn) else one)
        elif type(op) in _COMPARISONS:
            parts.append(_COMPARISONS[type(op)](_expr(first, scope), _expr(right, scope)))
        else:
            raise LanguageError(f"no such comparison: {ast.unparse(right)[:80]}")
        first = right
    return conjoin(parts)


def _quantified(word: str, each: ast.GeneratorExp, scope: Scope) -> Expr:
    match each.generators:
        case [ast.comprehension(target=ast.Name(id=variable), iter=over, ifs=filters)]:
            group = _meaning(over, scope)
        case _:
            raise LanguageError(f"one `for NAME in GROUP` only: {ast.unparse(each)[:80]}")
    if not isinstance(group, Group):
        raise LanguageError(f"{ast.unparse(over)} is no group")
    terms = []
    for member in group.members:
        inner = within(scope, variable, member)
        kept = conjoin(_expr(condition, inner) for condition in filters)
        terms.append((kept, _expr(each.elt, inner)))
    match word:
        case "all":
            return conjoin(disjoin((negate(kept), term)) for kept, term in terms)
        case "any":
            return disjoin(conjoin((kept, term)) for kept, term in terms)
        case _:
            return add(choose(kept, term, Const(0)) for kept, term in terms)


def within(scope: Scope, name: str, thing: Meaning) -> Scope:
    """`scope` with `name` meaning `thing`."""
    return lambda wanted: thing if wanted == name else scope(wanted)
