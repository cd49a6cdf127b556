"""Imports point down only: the table in ARCHITECTURE.md against what the modules really import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kexecspec"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ENTRY = "(package)"
"""kexecspec/__init__.py, which everything may import and which imports nothing, and __main__.py, which is cli."""


def block(name: str) -> list[str]:
    found = re.search(rf"^```{name}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"ARCHITECTURE.md has no block {name}"
    return found[1].splitlines()


TABLE = {left.strip(): set(right.split()) for left, right in (line.split("->") for line in block("imports"))}
THIRD_PARTY = dict(line.split() for line in block("third-party"))
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def unit(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return ENTRY if first in ("__init__.py", "__main__.py") else first.removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "kexecspec" else [module]
            yield from ((node.lineno, name) for name in names)


def wrong(path: Path) -> Iterator[str]:
    own = unit(path)
    allowed = {"cli"} if path.name == "__main__.py" else TABLE.get(own, set()) | {own}
    for line, name in imported(path):
        top, _, rest = name.partition(".")
        if top == "kexecspec":
            target = rest.split(".")[0]
            if target and not target.startswith("__") and target not in allowed:
                yield f"{path.relative_to(ROOT)}:{line}: {own} may not import {target}"
        elif top in THIRD_PARTY and THIRD_PARTY[top] != own:
            yield f"{path.relative_to(ROOT)}:{line}: only {THIRD_PARTY[top]} imports {top}"
        elif top not in THIRD_PARTY and top not in sys.stdlib_module_names:
            yield f"{path.relative_to(ROOT)}:{line}: {top} is no dependency"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_what_the_table_allows(path: Path) -> None:
    assert list(wrong(path)) == []


def test_the_table_has_no_circle_and_names_what_is_there() -> None:
    units = {unit(path) for path in MODULES} - {ENTRY}
    assert set(TABLE) == units
    assert set().union(*TABLE.values()) <= units
    assert len(list(TopologicalSorter(TABLE).static_order())) == len(TABLE)


def test_the_layers_of_the_design_hold() -> None:
    assert TABLE["machine"] == set(), "the machine is written without looking at anything of ours"
    assert "platform" not in TABLE["solve"] and "solve" not in TABLE["report"]
    assert "solve" not in TABLE["explore"] and "solve" not in TABLE["replay"]
    assert TABLE["ir"] <= {"diagnostics"}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["help", "check"], ["explain", "KX103"], ["explain", "KX010"], ["schema"], ["schema", "platform"],
     ["show", "features", "--kernel", "6.1.3"], ["show", "drivers"], ["replay", "/nonexistent"], ["--version"]],
    ids=" ".join,
)  # fmt: skip
def test_commands_that_never_load_the_solver(arguments: list[str]) -> None:
    heavy = ["z3"] + (["yaml", "jsonschema"] if arguments[0] in ("--help", "--version", "help") else [])
    program = (
        "import sys; from kexecspec.cli import main; code = main(sys.argv[1:]); "
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == (2 if arguments[0] == "replay" else 0), done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
