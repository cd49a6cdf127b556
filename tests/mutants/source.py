"""Mutants of Python sources: for every function a few, chosen by name, so that a change elsewhere changes none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.mutant import Mutant, lot
from tests.mutants.operators import Function, functions, wrong

FILES = {
    "machine": ("kexecspec/machine",),
    "encoder": ("kexecspec/solve", "kexecspec/ir", "kexecspec/ground", "kexecspec/explore.py"),
    "rules": ("kexecspec/platform/costs.py",),
}
APART = ("aside.py", "together.py")
"""Processes and what becomes of them: tests/faults is about those, and they decide no verdict."""
A_FUNCTION = 1
"""How many mutants of one function are run."""


def sources(root: Path, part: str, each: int = A_FUNCTION) -> Iterator[Mutant]:
    """The mutants of the source files that belong to `part`, `each` of every function."""
    for place in FILES.get(part, ()):
        found = root / place
        for path in sorted(found.glob("*.py")) if found.is_dir() else (found,):
            if path.name not in APART:
                yield from _of_file(root, part, path, each)


def _of_file(root: Path, part: str, path: Path, each: int) -> Iterator[Mutant]:
    file = path.relative_to(root).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, function in functions(tree):
        named = {f"{file}: {name}: {what}": made for what, made in wrong(function)}
        for chosen in sorted(named, key=lot)[:each]:
            yield Mutant(part, chosen, file, _with(tree, function, named[chosen]), name)


def _with(tree: ast.Module, old: Function, new: Function) -> str:
    whole = ast.Module([_swapped(s, old, new) for s in tree.body], tree.type_ignores)
    return ast.unparse(ast.fix_missing_locations(whole)) + "\n"


def _swapped(statement: ast.stmt, old: Function, new: Function) -> ast.stmt:
    if statement is old:
        return new
    if isinstance(statement, ast.ClassDef) and old in statement.body:
        made = ast.ClassDef(
            statement.name, statement.bases, statement.keywords,
            [new if s is old else s for s in statement.body], statement.decorator_list,
        )  # fmt: skip
        return ast.copy_location(made, statement)
    return statement

