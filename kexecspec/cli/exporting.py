"""`kexecspec export`: one property of a platform's system in the language of another model checker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from kexecspec import __version__, expectations
from kexecspec.cli.checking import options_of
from kexecspec.cli.console import complain, say
from kexecspec.cli.laying import specs_of
from kexecspec.cli.platforms import Settled, settled, settled_about
from kexecspec.diagnostics import escape
from kexecspec.exit_codes import PROVED, UNUSABLE
from kexecspec.ir.system import Property

_LISTED = 8


@dataclass(frozen=True)
class Request:
    """The arguments of `export`, as given. `way` counts from 1."""

    file: str
    form: str
    only: tuple[str, ...] = ()
    sliced: bool = False
    output: str | None = None
    way: int | None = None
    specs: tuple[str, ...] = ()


def run(request: Request) -> int:
    """Writes the file, to stdout where none is named. Raises InputError."""
    options_of(request.only, None)
    if request.form == "aiger" and request.output is None:
        raise click.UsageError("--format aiger is binary: name a file with -o.")
    found = _way(_ways(request), request)
    written = _written(found, _property(found, request), request)
    if request.output is None:
        say(str(written))
        return PROVED
    return _saved(request.output, written)


def _ways(request: Request) -> tuple[Settled, ...]:
    """The systems that the file may mean. What bears on a master of a large platform is looked for in the part about
    it alone: everything has a say in whose turn it is."""
    specs = specs_of(request.specs)
    name, *others = {expectations.part_of(pattern) for pattern in request.only} or {""}
    if request.sliced and name and not others:
        return settled_about(request.file, name, specs)
    return settled(request.file, over=specs)


def _way(ways: tuple[Settled, ...], request: Request) -> Settled:
    """The one way in which unknown facts are filled in, or the one asked for."""
    number = request.way or 1
    if number > len(ways):
        raise click.UsageError(f"--way {number}: there {'is' if len(ways) == 1 else 'are'} {len(ways)}.")
    if request.way is None and len(ways) > 1:
        listed = "; ".join(f"--way {at}{one.title}" for at, one in enumerate(ways[:_LISTED], 1))
        raise click.UsageError(f"unknown facts can be in {len(ways)} ways, each a system of its own: {listed}")
    return ways[number - 1]


def _property(found: Settled, request: Request) -> Property:
    """The one property that is asked for."""
    from kexecspec.check import nothing_to_judge
    from kexecspec.judged import selected

    fitting = [prop for prop in found.system.properties if selected(prop, request.only)]
    if not fitting:
        raise nothing_to_judge(request.file, found.system, request.only)
    if len(fitting) > 1:
        named = ", ".join(prop.id for prop in fitting[:_LISTED])
        raise click.UsageError(f"a file is about one property; {len(fitting)} fit, name one with --only: {named}")
    return fitting[0]


def _written(found: Settled, prop: Property, request: Request) -> str | bytes:
    from kexecspec.export.formats import FORMATS
    from kexecspec.export.model import model, sliced
    from kexecspec.export.promela import TooLarge

    part = "what bears on it" if request.sliced else "the whole system"
    title = f"{prop.id} of {found.platform.name}{found.title}: {part}. Written by kexecspec {__version__}."
    system = sliced(found.system, prop) if request.sliced else found.system
    try:
        return FORMATS[request.form](model(system, prop), title)
    except TooLarge as error:
        raise click.UsageError(f"--format {request.form}: {error}") from None


def _saved(name: str, written: str | bytes) -> int:
    from kexecspec.files import write_whole

    try:
        write_whole(Path(name), written)
    except OSError as error:
        complain(f"error: {escape(name)}: {escape(error.strerror or str(error))}; nothing was written")
        return UNUSABLE
    return PROVED
