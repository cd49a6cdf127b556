"""`kexecspec matrix`: the verdicts of many platforms, or of one in many modes, as one table."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.comparing import read_tree
from kexecspec.cli.console import say, wants_colour
from kexecspec.cli.laying import laid_on
from kexecspec.diagnostics import InputError, Span
from kexecspec.exit_codes import PROVED, REFUTED, UNDECIDED
from kexecspec.report import Look
from kexecspec.textfile import line_reader, read_text

if TYPE_CHECKING:
    from kexecspec.sweep.matrix import Matrix


@dataclass(frozen=True)
class Request:
    """The arguments of `matrix`, as given."""

    file: str
    axes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    policy: str | None = None
    form: str = "text"
    rlimit: str | None = None
    cache: bool = True
    exit_zero: bool = False
    verbose: bool = False


def run(request: Request) -> int:
    """Judges every combination, prints the table and returns the gravest code. Raises InputError."""
    from kexecspec.check import checked_tree
    from kexecspec.findings import Report
    from kexecspec.review.table import across_of, sheet
    from kexecspec.review.table_text import as_json, as_text, code
    from kexecspec.sweep.combine import columns, combinations

    options = replace(options_of(request.only, request.rlimit), cache=usual(os.environ) if request.cache else None)
    options = laid_on(options, request.specs, request.policy)
    matrix = _matrix(request)
    names = columns(matrix)
    across = across_of(names, request.columns, Span(request.file))
    judged = []
    for one in combinations(matrix):
        found: Report | InputError
        try:
            found = checked_tree(one.tree(), one.path, options).report
        except InputError as error:
            found = error
        judged.append((one, found))
    made = sheet(matrix.name, judged, names, across)
    look = Look(wants_colour(), verbose=request.verbose, line_of=line_reader())
    say(as_json(made) if request.form == "json" else as_text(made, look))
    found_code = code(made)
    return PROVED if request.exit_zero and found_code in (REFUTED, UNDECIDED) else found_code


def _matrix(request: Request) -> Matrix:
    """The matrix of the file; a platform file is one with the modes of its SMMUs, or the axes that are asked for."""
    from kexecspec.review.modes import matrix_of
    from kexecspec.source import Table, read
    from kexecspec.sweep.read import read_matrix

    root = read(request.file)
    if isinstance(root, Table) and (root.get("axes") is not None or root.get("sweep") is not None):
        return read_matrix(request.file)
    return matrix_of(read_tree(request.file, read_text), request.file, request.axes)
