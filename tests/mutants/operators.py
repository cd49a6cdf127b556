"""Wrong versions of a Python function: a condition negated, a statement dropped or swapped, a number off by one."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable, Iterator

Function = ast.FunctionDef
Operator = Callable[[ast.AST, ast.FunctionDef], str]

SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign)
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions of a module and the methods of its classes, by qualified name."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, Function))


def wrong(function: Function) -> Iterator[tuple[str, Function]]:
    """Wrong versions of `function`, each with a name; names of one function differ."""
    counts: dict[str, int] = {}
    kept = pickle.dumps(function)
    for number, node in enumerate(ast.walk(function)):
        for operator, kinds in OPERATORS:
            if not isinstance(node, kinds):
                continue
            made = pickle.loads(kept)
            what = operator(list(ast.walk(made))[number], made)
            if what:
                counts[what] = counts.get(what, 0) + 1
                yield what + (f" ({counts[what]})" if counts[what] > 1 else ""), made


def _negated(node: ast.AST, function: Function) -> str:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        was = _short(node.test)
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return f"not ({was})"
    if isinstance(node, ast.comprehension) and node.ifs:
        was = _short(node.ifs[0])
        del node.ifs[0]
        return f"all, not only if {was}"
    return ""


def _compared(node: ast.AST, function: Function) -> str:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        was = _short(node)
        node.ops = [COMPARED[type(node.ops[0])]()]
        return f"{was} is {_short(node)}"
    return ""


def _counted(node: ast.AST, function: Function) -> str:
    if isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        was = node.value
        node.value = not was if isinstance(was, bool) else int(was) + 1  # type: ignore[call-overload]
        return f"{was} is {node.value}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        was = _short(node)
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return f"{was} is {_short(node)}"
    return ""


def _joined(node: ast.AST, function: Function) -> str:
    if isinstance(node, ast.BoolOp):
        was = _short(node)
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"{was} is {_short(node)}"
    return ""


def _dropped(node: ast.AST, function: Function) -> str:
    """A call, an assignment to an attribute or item, an early return, or a raise becomes nothing."""
    for body in _bodies(function):
        if any(node is statement for statement in body) and _droppable(node, function):
            was, place = _short(node), next(i for i, statement in enumerate(body) if statement is node)
            body[place] = ast.Pass()
            return f"without {was}"
    return ""


def _exchanged(node: ast.AST, function: Function) -> str:
    """Two simple statements that stand one after the other change places."""
    for body in _bodies(function):
        for place, statement in enumerate(body[:-1]):
            pair = body[place : place + 2]
            if statement is node and all(isinstance(s, SIMPLE) and _droppable(s, function) for s in pair):
                body[place], body[place + 1] = body[place + 1], body[place]
                return f"{_short(statement)} one later"
    return ""


def _droppable(node: ast.AST, function: Function) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Expr() | ast.AugAssign() | ast.Raise():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case ast.Return():
            return node is not function.body[-1]
    return False


def _bodies(function: Function) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                yield body


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else text[:57] + "..."


OPERATORS: tuple[tuple[Operator, tuple[type[ast.AST], ...]], ...] = (
    (_negated, (ast.If, ast.IfExp, ast.While, ast.comprehension)),
    (_compared, (ast.Compare,)),
    (_counted, (ast.Constant, ast.BinOp)),
    (_joined, (ast.BoolOp,)),
    (_dropped, (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Return)),
    (_exchanged, (ast.Expr, ast.Assign, ast.AugAssign)),
)
