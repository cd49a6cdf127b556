"""`kexecspec fix`: the smallest sets of repairs of a platform file."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.comparing import read_tree
from kexecspec.cli.console import complain, say, wants_colour
from kexecspec.cli.laying import laid_on
from kexecspec.diagnostics import Diagnostic, InputError, Span, escape
from kexecspec.exit_codes import UNUSABLE
from kexecspec.report import Look
from kexecspec.textfile import read_text

if TYPE_CHECKING:
    from kexecspec.options import Options
    from kexecspec.review.commits import Commits
    from kexecspec.review.mend import Fixes
    from kexecspec.source import Table


@dataclass(frozen=True)
class Request:
    """The arguments of `fix`, as given."""

    file: str
    size: int
    budget: int
    apply: str | None = None
    number: int = 1
    commits: bool = False
    git: str | None = None
    specs: tuple[str, ...] = ()
    policy: str | None = None
    form: str = "text"
    rlimit: str | None = None
    cache: bool = True
    verbose: bool = False


def run(request: Request) -> int:
    """Shows the sets of repairs, writes the changed copy that is asked for, and returns the code. Raises InputError."""
    from kexecspec.library import library
    from kexecspec.review.commits_text import as_text as commits_text
    from kexecspec.review.commits_text import json_of
    from kexecspec.review.fix_json import as_json
    from kexecspec.review.fix_text import as_text, code
    from kexecspec.review.mend import fixes

    if request.git is not None and not request.commits:
        raise click.UsageError("--git goes with --commits.")
    options = replace(options_of((), request.rlimit), cache=usual(os.environ) if request.cache else None)
    options = laid_on(options, request.specs, request.policy)
    root = read_tree(request.file, read_text)
    found = fixes(root, request.file, options.library or library(), options, request.size, request.budget)
    look = Look(wants_colour(), verbose=request.verbose, specs=request.specs, policy=request.policy)
    taken = _commits(request, root, found)
    if request.form == "json":
        say(as_json(found, None if taken is None else {"set": request.number, **json_of(taken)}))
    else:
        said = as_text(found, look)
        say(said if taken is None else said + "\n" + commits_text(taken, request.number, look))
    if request.apply is not None and not _applied(request, root, found, options):
        return UNUSABLE
    return code(found)


def _commits(request: Request, root: Table, found: Fixes) -> Commits | None:
    """The commits for the set that is asked for; None where none are. What git refuses is an error of the input."""
    from kexecspec.library import library
    from kexecspec.review.commits import commits
    from kexecspec.review.git_tree import GitTree, NoGit

    if not request.commits or request.number > len(found.sets):
        return None
    try:
        tree = None if request.git is None else GitTree(request.git)
        return commits(root, found.sets[request.number - 1].repairs, library(), tree)
    except NoGit as error:
        raise InputError([Diagnostic("KX013", str(error), Span(request.git or request.file))]) from None


def _applied(request: Request, root: Table, found: Fixes, options: Options) -> bool:
    """Whether the changed copy was written; why not is told."""
    from kexecspec.files import write_whole
    from kexecspec.review.apply import applied

    assert request.apply is not None
    if request.number > len(found.sets):
        raise click.UsageError(f"--set {request.number}: there are {len(found.sets)} sets; nothing was written.")
    chosen = found.sets[request.number - 1].repairs
    try:
        write_whole(Path(request.apply), applied(request.file, root, chosen, request.apply, options))
    except OSError as error:
        complain(f"error: {escape(request.apply)}: {escape(error.strerror or str(error))}; it was not written")
        return False
    return True
