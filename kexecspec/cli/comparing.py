"""`kexecspec diff`: two platform files, or one on two kernels, and what the change does."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.console import complain, say, wants_colour
from kexecspec.cli.laying import laid_on
from kexecspec.diagnostics import Diagnostic, InputError, Span, render_all
from kexecspec.exit_codes import UNUSABLE
from kexecspec.report import Look
from kexecspec.textfile import line_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from kexecspec.source import Table


@dataclass(frozen=True)
class Request:
    """The arguments of `diff`, as given."""

    files: tuple[str, ...]
    kernel_old: tuple[str, ...] = ()
    kernel_new: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    policy: str | None = None
    form: str = "text"
    rlimit: str | None = None
    cache: bool = True
    quiet: bool = False
    verbose: bool = False


def run(request: Request) -> int:
    """Shows what the change does and returns the code."""
    from kexecspec.library import library
    from kexecspec.review.compare import compared
    from kexecspec.review.diff_json import as_json
    from kexecspec.review.diff_text import as_text, code
    from kexecspec.review.from_git import text_reader

    if len(request.files) > 2 or (len(request.files) == 1 and not (request.kernel_old or request.kernel_new)):
        raise click.UsageError("diff compares two files, or one FILE with --kernel-old or --kernel-new.")
    options = replace(options_of(request.only, request.rlimit), cache=usual(os.environ) if request.cache else None)
    options = laid_on(options, request.specs, request.policy)
    text_of = text_reader()
    line_of = line_reader(text_of)
    try:
        old, new = _trees(request, text_of)
        diff = compared(old, new, _names(request), options.library or library(), options)
    except InputError as error:
        complain(render_all(error.diagnostics, line_of))
        return UNUSABLE
    look = Look(wants_colour(), request.quiet, request.verbose, line_of=line_of)
    say(as_json(diff) if request.form == "json" else as_text(diff, look))
    return code(diff)


def _trees(request: Request, text_of: Callable[[str], str]) -> tuple[Table, Table]:
    """Both trees; what is wrong with either is told at once."""
    from kexecspec.review.kernels import moved

    wrong: list[Diagnostic] = []
    found: list[Table] = []
    said = (request.kernel_old, request.kernel_new)
    for name, versions in zip((request.files[0], request.files[-1]), said, strict=True):
        try:
            found.append(moved(read_tree(name, text_of), versions))
        except InputError as error:
            wrong += error.diagnostics
    if wrong:
        raise InputError(wrong)
    return found[0], found[1]


def read_tree(name: str, text_of: Callable[[str], str]) -> Table:
    """The tree of a platform file, or of `git:REV:path`, known to be valid. Raises InputError."""
    from kexecspec.platform.bounds import excess
    from kexecspec.review.from_git import placed
    from kexecspec.schema import validate
    from kexecspec.source import Table, load

    root = load(placed(name), text_of=text_of)
    wrong = excess(root) or validate(root, "platform")
    if wrong or not isinstance(root, Table):
        raise InputError(wrong or [Diagnostic("KX006", "a mapping is expected", Span(name))])
    return root


def _names(request: Request) -> tuple[str, str]:
    names = (request.files[0], request.files[-1])
    said = (request.kernel_old, request.kernel_new)
    old, new = (f"{name} on {', '.join(v)}" if v else name for name, v in zip(names, said, strict=True))
    return old, new
