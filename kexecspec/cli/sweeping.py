"""`kexecspec sweep` and `kexecspec merge`: many combinations in, one table out, and a file of results that survives."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kexecspec.cli.checking import options_of
from kexecspec.cli.console import complain, say, wants_colour
from kexecspec.cli.laying import laid_on
from kexecspec.diagnostics import escape, quote
from kexecspec.exit_codes import PROVED, REFUTED, UNDECIDED, UNUSABLE, gravest
from kexecspec.report import Look

if TYPE_CHECKING:
    from kexecspec.cache.place import Cache
    from kexecspec.sweep.lines import Head
    from kexecspec.sweep.plan import Plan
    from kexecspec.sweep.result import Row
    from kexecspec.sweep.run import Crew

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_EVERY = 5.0


@dataclass(frozen=True)
class Output:
    """Where results go: a format for stdout, and files whose names' ends say theirs."""

    form: str = "text"
    out: tuple[str, ...] = ()
    exit_zero: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Request:
    """The arguments of `sweep`, as given."""

    matrix: str
    output: Output
    only: tuple[str, ...] = ()
    rlimit: str | None = None
    timeout: float = 600.0
    jobs: int | None = None
    executor: str | None = None
    dask: str | None = None
    cache: bool = True
    specs: tuple[str, ...] = ()
    policy: str | None = None
    shard: str | None = None
    results: str | None = None
    listed: bool = False
    printed: int | None = None
    verbose: bool = False


def run(request: Request) -> int:
    """Judges what has no result yet, shows the results of all, and returns the gravest code."""
    _check(request.output)
    plan = _plan(request)
    if request.listed:
        _list(plan)
        return PROVED
    if request.printed is not None:
        return _print(plan, request.printed)
    rows = _rows(request, plan, Path(request.results or _usual(request.matrix, plan.head.shard)))
    return UNUSABLE if rows is None else _shown(plan.head, rows, request.output)


def merge(files: Sequence[str], output: Output) -> int:
    """Shows the results of all files as those of one sweep, and returns the gravest code."""
    from kexecspec.sweep.results import read_results
    from kexecspec.sweep.shards import merged

    _check(output)
    head, rows = merged([read_results(file) for file in files])
    return _shown(head, rows, output)


def _plan(request: Request) -> Plan:
    from kexecspec.library import library
    from kexecspec.sweep.identity import made_with
    from kexecspec.sweep.plan import WHOLE, planned
    from kexecspec.sweep.read import read_matrix

    options = laid_on(options_of(request.only, request.rlimit), request.specs, request.policy)
    shard = _shard(request.shard) if request.shard else WHOLE
    made = made_with(options.library or library(), request.only, options.rlimit)
    plan = planned(read_matrix(request.matrix), made, shard, options.library)
    if not plan.mine:
        raise click.UsageError(f"--shard {request.shard}: the matrix has fewer different combinations than that.")
    return plan


def _shard(text: str) -> tuple[int, int]:
    said = _SHARD.fullmatch(text)
    if not said or not 1 <= int(said[1]) <= int(said[2]):
        raise click.UsageError(f"--shard {quote(text)}: write I/N, such as 2/5 for the second of five.")
    return int(said[1]), int(said[2])


def _usual(matrix: str, shard: tuple[int, int]) -> str:
    """Where results are kept unless something else is said."""
    from kexecspec.files import plain_name

    parts = Path(os.path.normpath(os.path.splitext(matrix)[0])).parts
    piece = "" if shard[1] == 1 else f"-{shard[0]}-of-{shard[1]}"
    return os.path.join(".kexecspec", "sweep", plain_name(parts, f"{piece}.jsonl", set()))


def _list(plan: Plan) -> None:
    for one in plan.mine:
        names = "  ".join(escape(name) for _, name in one.combination.names)
        say(f"{one.combination.number:>5}  {names}")


def _print(plan: Plan, number: int) -> int:
    from kexecspec.certificate.platform_text import platform_text
    from kexecspec.source import plain
    from kexecspec.sweep.matrix import label

    one = next((one.combination for one in plan.mine if one.combination.number == number), None)
    if one is None:
        raise click.UsageError(f"--print {number}: the matrix has no such combination; --list shows all.")
    head = f"# Combination {number} of {escape(plan.matrix.name)}: {escape(label(one.names))}.\n"
    say(platform_text(plain(one.tree()), head))
    return PROVED


def _rows(request: Request, plan: Plan, path: Path) -> list[Row] | None:
    """The results of all combinations; None where there is nobody to judge them, which has been told."""
    from kexecspec.sweep.crews import NoCrew
    from kexecspec.sweep.lines import row_line
    from kexecspec.sweep.results import journal, known, worth_keeping
    from kexecspec.sweep.run import Gone, reused, swept
    from kexecspec.sweep.work import Unlike

    earlier = known(path, plan.head)
    rows = list(reused(plan, earlier))
    told = _Progress(plan.head.mine, len(rows), request.verbose or sys.stderr.isatty())
    try:
        kept = worth_keeping(earlier, rows)
        with journal(path, plan.head, rows, kept) as log, _crew(request, len(rows) < plan.head.mine) as crew:

            def keep(row: Row) -> None:
                with _named(path):
                    log.add(row_line(row))
                rows.append(row)
                told.add(row)

            swept(plan, earlier, crew, request.timeout, keep)
    except KeyboardInterrupt as stop:
        stop.add_note(f"{len(rows)} of {plan.head.mine} results are in {path}; the same command goes on from there")
        raise
    except (NoCrew, Gone, Unlike) as error:
        complain(f"error: {escape(str(error))}")
        complain(f"{len(rows)} of {plan.head.mine} results are in {escape(str(path))}")
        return None
    return sorted(rows, key=lambda row: row.number)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """What the system refuses within is refused about `path`."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _crew(request: Request, needed: bool) -> contextlib.AbstractContextManager[Crew]:
    from kexecspec.sweep import crews

    given = [name for name in ("jobs", "executor", "dask") if getattr(request, name) is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(f'--{name}' for name in given)} exclude each other.")
    if request.executor is not None and needed:
        return crews.made_by(request.executor)
    if request.dask is not None and needed:
        return crews.dask(request.dask)
    return crews.local(request.jobs or os.cpu_count() or 1, _cache() if request.cache and needed else None)


def _cache() -> Cache | None:
    """Where answers of earlier runs lie; what is wrong there is told."""
    from kexecspec.cache.place import Unusable, usual
    from kexecspec.cache.store import get

    cache = usual(os.environ)
    try:
        if cache is not None:
            get(cache, "")
    except Unusable as error:
        complain(f"warning: no judgements are kept: {escape(str(error))}")
        return None
    return cache


@dataclass
class _Progress:
    """Tells on stderr how far a sweep has come, every few seconds, where somebody looks."""

    total: int
    done: int
    wanted: bool
    last: float = field(default_factory=time.monotonic)

    def add(self, row: Row) -> None:
        self.done += 1
        if self.wanted and (time.monotonic() - self.last >= _EVERY or self.done == self.total):
            self.last = time.monotonic()
            complain(f"{self.done} of {self.total} combinations")


def _check(output: Output) -> None:
    """Raises click.UsageError for files whose format nobody can tell."""
    from kexecspec.sweep.tables import ENDINGS

    for name in output.out:
        if os.path.splitext(name)[1] not in ENDINGS:
            raise click.UsageError(f"--out {quote(name)}: its name has to end in {', '.join(ENDINGS)}.")


def _shown(head: Head, rows: Sequence[Row], output: Output) -> int:
    """Shows results on stdout and writes them to files. What cannot be written is told, and makes the code 2."""
    from kexecspec.files import write_whole
    from kexecspec.sweep.tables import ENDINGS, WRITERS

    codes = [row.answer.exit for row in rows]
    for name in output.out:
        writer: Callable[[Head, Sequence[Row], Look], str] = WRITERS[ENDINGS[os.path.splitext(name)[1]]]
        try:
            write_whole(Path(name), writer(head, rows, Look()))
        except OSError as error:
            complain(f"error: {escape(name)}: {escape(error.strerror or str(error))}; it was not written")
            codes.append(UNUSABLE)
    say(WRITERS[output.form](head, rows, Look(colour=wants_colour(), quiet=output.quiet)))
    code = gravest(codes)
    return PROVED if output.exit_zero and code in (REFUTED, UNDECIDED) else code
