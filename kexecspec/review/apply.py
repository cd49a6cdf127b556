"""A changed copy of a platform file: what was written by hand stays as it was."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from kexecspec.check import checked_tree
from kexecspec.diagnostics import Diagnostic, InputError, Span, escape
from kexecspec.options import Options
from kexecspec.review.edits import built, put
from kexecspec.review.repairs import Edit, Repair, repaired
from kexecspec.review.rewrite import rewritten
from kexecspec.source import load, parse
from kexecspec.textfile import read_text
from kexecspec.tree import Scalar, Table, find, plain


def applied(path: str, root: Table, chosen: Sequence[Repair], out: str, options: Options) -> str:
    """The text of `path` with repairs, for a file `out`: what it expects is what comes out now, and what it extends is
    found from there. Raises InputError where the text does not come to the same platform."""
    text = read_text(path)
    fixed = repaired(root, chosen)
    edits = [*(edit for repair in chosen for edit in repair.edits), *_expected(fixed, path, options)]
    edits += _extends(text, path, out)
    made = rewritten(text, edits)
    _check(made, path, fixed, edits)
    said = ", ".join(repair.name for repair in chosen)
    return f"# {escape(os.path.basename(path))} with {said}.\n{made}"


def _expected(fixed: Table, path: str, options: Options) -> list[Edit]:
    """New values for the expectations that are not met any more."""
    unmet = checked_tree(fixed, path, options).report.unmet
    words = [(one.expectation.finding, "PROVED" if "PROVED" in one.found else "NOT_REFUTED") for one in unmet]
    return [Edit(("expect", name), word) for name, word in words]


def _extends(text: str, path: str, out: str) -> list[Edit]:
    named = find(parse(text, path), ("extends",))
    there, here = os.path.dirname(path), os.path.dirname(out)
    if not isinstance(named, Scalar) or os.path.realpath(there or ".") == os.path.realpath(here or "."):
        return []
    return [Edit(("extends",), os.path.relpath(os.path.join(there, named.text), here or "."))]


def _check(made: str, path: str, fixed: Table, edits: Sequence[Edit]) -> None:
    """Whether the text, read in the place of the file at `path`, says what the repairs make of its tree."""
    named = find(parse(made, path), ("extends",))
    moved = next((edit.value for edit in edits if edit.path == ("extends",)), None)
    for edit in edits:
        if edit.path[0] == "expect":
            fixed = put(fixed, edit.path, built(edit.value, fixed))
    if moved is not None and named is not None:
        made = rewritten(made, [Edit(("extends",), plain(parse(read_text(path), path))["extends"])])  # type: ignore[index,call-overload]
    tree: Any = plain(load(path, text_of=lambda name: made if name == path else read_text(name)))
    if tree != plain(fixed):
        message = "the repairs could not be written into this text"
        raise InputError([Diagnostic("KX019", message, Span(path), help="make them by hand")])
