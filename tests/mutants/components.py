"""Mutants of the rules as they stand in specs/: lifetimes, handoffs, where an operation goes, comparisons, numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.mutants.edits import Edit, Place, at, contents, dropped, mutants_of, put, spelled
from tests.mutants.mutant import Mutant

LIFETIMES = {"kernel": "platform", "platform": "kernel"}
GOES = {"next": "fail", "wait": "next", "fail": "next"}
STRICTNESS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def components(root: Path) -> Iterator[Mutant]:
    """Every mutant of the components and properties under `root`/specs."""
    for folder, edits in (("components", _component), ("properties", _property)):
        for path in sorted((root / "specs" / folder).glob("*.yaml")):
            yield from mutants_of("rules", root, path, edits(contents(path)))


def _component(content: Any) -> Iterator[Edit]:
    if "cleared_by" in content:
        yield "without cleared_by", dropped(content, ("cleared_by",))
    for name, variable in content.get("variables", {}).items():
        place: Place = ("variables", name)
        yield f"{name} lives with the other", put(content, (*place, "lifetime"), LIFETIMES[variable["lifetime"]])
        for part in ("at_begin", "at_handoff", "cleared_by"):
            if part in variable:
                yield f"{name} without {part}", dropped(content, (*place, part))
        for part in ("initial", "at_begin", "at_handoff"):
            yield from _expression(content, (*place, part))
    for name in content.get("define", {}):
        yield from _expression(content, ("define", name), True)
    for name in content.get("rules", {}):
        yield from _guarded(content, ("rules", name))
    for name, operation in content.get("operations", {}).items():
        for variant in operation:
            if variant != "sources":
                place = ("operations", name, variant)
                goes = operation[variant].get("goes", "next")
                yield f"{name}.{variant} goes {GOES[goes]}", put(content, (*place, "goes"), GOES[goes])
                yield from _guarded(content, place)


def _guarded(content: Any, place: Place) -> Iterator[Edit]:
    for part in ("when", "order"):
        yield from _expression(content, (*place, part))
    for name in at(content, place).get("then", {}):
        yield from _expression(content, (*place, "then", name))


def _property(content: Any) -> Iterator[Edit]:
    for number in range(len(content["instances"])):
        for part in ("violated", "premise"):
            yield from _expression(content, ("instances", number, part), True)


def _expression(content: Any, place: Place, conjuncts: bool = False) -> Iterator[Edit]:
    """The expression at `place`, if there is one, with a comparison or number off by a little; with `conjuncts`
    also without each of them, which for rules is done where they are ground."""
    written = at(content, place[:-1]).get(place[-1])
    if written is not None:
        for what, text in expressions(str(written), conjuncts):
            yield f"{spelled(place)}: {what}", put(content, place, text)


def expressions(text: str, conjuncts: bool) -> Iterator[tuple[str, str]]:
    """Wrong readings of an expression, each with a name."""
    for number, node in enumerate(ast.walk(ast.parse(text, mode="eval"))):
        tree = ast.parse(text, mode="eval")
        same = list(ast.walk(tree))[number]
        was = ast.unparse(node)
        match same:
            case ast.Compare(ops=[op]) if type(op) in STRICTNESS:
                same.ops = [STRICTNESS[type(op)]()]
                yield f"{was} is {ast.unparse(same)}", ast.unparse(tree)
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                same.value = value + 1
                yield f"{was} is {value + 1} (node {number})", ast.unparse(tree)
            case ast.BoolOp(values=values) if conjuncts:
                for place, value in enumerate(values):
                    yield f"without {ast.unparse(value)}", _without(text, number, place)
            case ast.BinOp(left=left) if isinstance(same.op, ast.Sub | ast.Add):
                yield f"{was} is {ast.unparse(left)}", _replaced(text, number)


def _without(text: str, number: int, place: int) -> str:
    tree = ast.parse(text, mode="eval")
    junction = list(ast.walk(tree))[number]
    assert isinstance(junction, ast.BoolOp)
    del junction.values[place]
    return ast.unparse(tree)


def _replaced(text: str, number: int) -> str:
    """`text` with the sum or difference at node `number` replaced by its first term."""
    tree = ast.parse(text, mode="eval")
    sum_ = list(ast.walk(tree))[number]
    assert isinstance(sum_, ast.BinOp)

    class Swap(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
            if node is sum_:
                return node.left
            self.generic_visit(node)
            return node

    return ast.unparse(Swap().visit(tree))
