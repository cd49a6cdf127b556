"""The rule language: a small part of Python's expression grammar, lowered to expressions over state variables.

The whole grammar stands in ARCHITECTURE.md. `ast.parse` reads the text; nothing is ever evaluated by Python.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol

from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, equal, less, negate, times
from kexecspec.ir.nodes import Const, Expr, Node

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
        return _read(text)(scope)
    except ValueError:
        raise LanguageError(f"a label stands where a number should: {text.strip()[:80]}") from None


Means = Callable[[Scope], Meaning]
"""What a piece of a text means, by what its names mean."""
Says = Callable[[Scope], Expr]
"""The same for a piece that is a value."""


@lru_cache(maxsize=4096)
def _read(text: str) -> Says:
    """`text`, looked through once however often it is lowered. Raises LanguageError."""
    return _value(parse(text))


def _value(node: ast.expr) -> Says:
    means = _meaning(node)

    def value(scope: Scope) -> Expr:
        meaning = means(scope)
        if isinstance(meaning, Node):
            return meaning
        label = getattr(meaning, "label", None)
        if label is None:
            raise LanguageError(f"{ast.unparse(node)} is no value")
        return Const(str(label))

    return value


def _meaning(node: ast.expr) -> Means:
    match node:
        case ast.Constant(value=bool() | int() as number):
            if abs(number) > LARGEST:
                raise LanguageError("a number beyond 64 bits")
            return _always(Const(number))
        case ast.Name(id=name):
            return _named(name)
        case ast.Attribute(value=owner, attr=attr):
            return _attribute(owner, attr)
        case ast.BoolOp(op=ast.And(), values=parts):
            return _junction(conjoin, [_value(part) for part in parts])
        case ast.BoolOp(op=ast.Or(), values=parts):
            return _junction(disjoin, [_value(part) for part in parts])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _applied(negate, _value(operand))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _applied(partial(times, -1), _value(operand))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _choice(_value(test), _value(body), _value(orelse))
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(node, op, _value(left), _value(right))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _comparison(left, ops, rights)
        case ast.Call(func=ast.Name(id="all" | "any" | "sum" as word), args=[ast.GeneratorExp() as each]):
            return _quantified(word, each)
        case _:
            raise LanguageError(f"not in the rule language: {ast.unparse(node)[:80]}")


def _always(expr: Expr) -> Means:
    return lambda _: expr


def _named(name: str) -> Means:
    label = Const(TRUTHS.get(name, name))

    def means(scope: Scope) -> Meaning:
        known = scope(name)
        return label if known is None else known

    return means


def _attribute(owner: ast.expr, name: str) -> Means:
    of = _meaning(owner)

    def means(scope: Scope) -> Meaning:
        thing = of(scope)
        if isinstance(thing, Group | Node):
            raise LanguageError(f"{ast.unparse(owner)} has no attributes")
        return thing.attribute(name)

    return means


def _junction(join: Callable[[Iterator[Expr]], Expr], parts: list[Says]) -> Says:
    return lambda scope: join(part(scope) for part in parts)


def _applied(function: Callable[[Expr], Expr], operand: Says) -> Means:
    return lambda scope: function(operand(scope))


def _choice(test: Says, then: Says, otherwise: Says) -> Means:
    return lambda scope: choose(test(scope), then(scope), otherwise(scope))


def _arithmetic(node: ast.expr, op: ast.operator, left: Says, right: Says) -> Means:
    def means(scope: Scope) -> Expr:
        match op, left(scope), right(scope):
            case ast.Add(), a, b:
                return add((a, b))
            case ast.Sub(), a, b:
                return add((a, times(-1, b)))
            case (ast.Mult(), Const(int(factor)), term) | (ast.Mult(), term, Const(int(factor))):
                return times(factor, term)
            case _:
                raise LanguageError(f"only sums and products with a constant: {ast.unparse(node)[:80]}")

    return means


def _comparison(left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]) -> Means:
    parts, first = list[Says](), left
    for op, right in zip(ops, rights, strict=True):
        if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.Tuple):
            parts.append(_one_of(_value(first), [_value(item) for item in right.elts], isinstance(op, ast.NotIn)))
        elif type(op) in _COMPARISONS:
            parts.append(_compared(_COMPARISONS[type(op)], _value(first), _value(right)))
        else:
            raise LanguageError(f"no such comparison: {ast.unparse(right)[:80]}")
        first = right
    return parts[0] if len(parts) == 1 else _junction(conjoin, parts)


def _compared(compare: Callable[[Expr, Expr], Expr], left: Says, right: Says) -> Says:
    return lambda scope: compare(left(scope), right(scope))


def _one_of(first: Says, items: list[Says], none: bool) -> Says:
    def says(scope: Scope) -> Expr:
        value = first(scope)
        one = disjoin(equal(value, item(scope)) for item in items)
        return negate(one) if none else one

    return says


def _quantified(word: str, each: ast.GeneratorExp) -> Means:
    match each.generators:
        case [ast.comprehension(target=ast.Name(id=variable), iter=over, ifs=filters)]:
            members = _meaning(over)
        case _:
            raise LanguageError(f"one `for NAME in GROUP` only: {ast.unparse(each)[:80]}")
    kept, says = _junction(conjoin, [_value(condition) for condition in filters]), _value(each.elt)

    def means(scope: Scope) -> Expr:
        group = members(scope)
        if not isinstance(group, Group):
            raise LanguageError(f"{ast.unparse(over)} is no group")
        inside = [within(scope, variable, member) for member in group.members]
        terms = [(kept(inner), says(inner)) for inner in inside]
        match word:
            case "all":
                return conjoin(disjoin((negate(condition), term)) for condition, term in terms)
            case "any":
                return disjoin(conjoin((condition, term)) for condition, term in terms)
            case _:
                return add(choose(condition, term, Const(0)) for condition, term in terms)

    return means


def within(scope: Scope, name: str, thing: Meaning) -> Scope:
    """`scope` with `name` meaning `thing`."""
    return lambda wanted: thing if wanted == name else scope(wanted)
