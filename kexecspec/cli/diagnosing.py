"""`kexecspec diagnose`: a console log, and the runs of a platform that end so."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.console import say, wants_colour
from kexecspec.diagnostics import InputError
from kexecspec.report import Look
from kexecspec.textfile import line_reader

if TYPE_CHECKING:
    from kexecspec.diagnose.lines import Line


@dataclass(frozen=True)
class Request:
    """The arguments of `diagnose`, as given."""

    log: str
    platform: str
    form: str = "text"
    rlimit: str | None = None
    cache: bool = True
    verbose: bool = False


def run(request: Request) -> int:
    """Shows what is known of the log's lines and returns the code. Raises InputError for both files at once."""
    from kexecspec.check import check
    from kexecspec.diagnose.as_json import as_json
    from kexecspec.diagnose.causes import diagnosed
    from kexecspec.diagnose.symptoms import symptoms_of
    from kexecspec.diagnose.text import as_text
    from kexecspec.library import library

    options = replace(options_of((), request.rlimit), cache=usual(os.environ) if request.cache else None)
    lines = _lines(request)
    found = diagnosed(request.log, lines, check(request.platform, options), symptoms_of(library()))
    look = Look(wants_colour(), verbose=request.verbose, line_of=line_reader())
    say(as_json(found) if request.form == "json" else as_text(found, look))
    return found.code


def _lines(request: Request) -> tuple[Line, ...]:
    """The lines of the log. Raises InputError, with what is wrong with the platform file too."""
    from kexecspec.diagnose.lines import read_log
    from kexecspec.library import library
    from kexecspec.platform.ways import read_platforms

    try:
        return read_log(request.log)
    except InputError as error:
        wrong = list(error.diagnostics)
    try:
        read_platforms(request.platform, library())
    except InputError as error:
        wrong += error.diagnostics
    raise InputError(wrong)
