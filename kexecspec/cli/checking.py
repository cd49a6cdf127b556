"""`kexecspec check`: files in, a report on stdout, an exit code."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kexecspec.cache.place import usual
from kexecspec.cli.console import complain, say, show_input_error, wants_colour
from kexecspec.cli.excusing import excuses_of
from kexecspec.cli.laying import specs_of
from kexecspec.cli.opening import opened
from kexecspec.cli.reports import reports_of, rule_text, write_reports
from kexecspec.diagnostics import InputError, escape, quote
from kexecspec.exit_codes import PROVED, REFUTED, UNDECIDED, UNUSABLE, gravest
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.report.outcome import exit_code

if TYPE_CHECKING:
    from kexecspec.findings import Finding, Report
    from kexecspec.library import Library
    from kexecspec.options import Options
    from kexecspec.report.look import Shorter

_PATTERN = re.compile(r"KX[0-9]{3}(/[^@/\s][^@]*)?(@\S.*)?")
_BUDGET = re.compile(r"([0-9]{1,18})(x?)")


@dataclass(frozen=True)
class Request:
    """The arguments of `check`, as given."""

    files: tuple[str, ...]
    only: tuple[str, ...] = ()
    assumptions: bool = False
    form: str = "text"
    trace_dir: str | None = None
    report: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    policy: str | None = None
    waivers: tuple[str, ...] = ()
    baseline: str | None = None
    today: str | None = None
    diagram: bool = False
    certificate: str | None = None
    rlimit: str | None = None
    jobs: int | None = None
    portfolio: bool = False
    cache: bool = True
    accept_bounded: bool = False
    strict_sources: bool = False
    exit_zero: bool = False
    quiet: bool = False
    verbose: bool = False


def run(request: Request) -> int:
    """Checks every file, prints what was found, and returns the gravest code."""
    from kexecspec.textfile import line_reader

    if request.quiet and request.verbose:
        raise click.UsageError("-q and -v exclude each other.")
    cache = usual(os.environ) if request.cache else None
    options = options_of(request.only, request.rlimit)
    specs = _specs_of(request)
    options = replace(options, jobs=request.jobs, cache=cache, portfolio=request.portfolio, library=specs)
    folder = _folder_of(request)
    wanted = reports_of(request.report, request.files)
    excused = excuses_of(request.waivers, request.baseline, request.today, request.only, specs)
    look = Look(
        wants_colour(),
        request.quiet,
        request.verbose,
        request.assumptions,
        request.accept_bounded,
        line_reader(),
        request.strict_sources,
        _here(),
        partial(rule_text, specs=specs),
        request.diagram,
        request.specs,
        request.policy,
        partial(_shorter, options),
    )
    outcomes: list[Outcome] = []
    reported = 0
    try:
        for outcome in _checked(request, options, folder):
            _warn(outcome, outcomes)
            outcome = excused(outcome)
            outcomes.append(_with_traces(outcome, request, outcomes))
            if request.form == "text":
                _say_one(outcomes, look)
                reported += 1
        if request.form != "text":
            say(REPORTERS[request.form](outcomes, look), commands=request.form == "github")
        written = write_reports(wanted, outcomes, look)
    except KeyboardInterrupt as stop:
        stop.add_note(f"no report on {', '.join(request.files[reported:])}")
        raise
    return _code(outcomes, written, request)


def _shorter(options: Options, report: Report, finding: Finding) -> Shorter | None:
    from kexecspec.cli.reducing import shorter

    return shorter(options, report, finding)


def _specs_of(request: Request) -> Library | None:
    """The library with what is laid over it; None where nothing is. Raises InputError, click.UsageError."""
    if not request.specs and request.policy is None:
        return None
    if request.certificate is not None:
        raise click.UsageError("--certificate goes with the library only, not with --specs or --policy.")
    return specs_of(request.specs, request.policy)


def _checked(request: Request, options: Options, folder: Path | None) -> Iterator[Outcome]:
    """The outcome for each file, in order."""
    if request.jobs is None or len(request.files) == 1:
        for path in request.files:
            yield checked(path, options, request.verbose or len(request.files) > 1, folder)
        return
    from kexecspec.check_many import check_many

    with contextlib.closing(check_many(request.files, options, request.jobs)) as reports:
        for path, report in zip(request.files, reports, strict=True):
            if isinstance(report, InputError):
                show_input_error(report)
                yield Outcome(path, None, report.diagnostics)
            else:
                yield Outcome(path, report)


def options_of(only: tuple[str, ...], rlimit: str | None) -> Options:
    """The options of a check. Raises click.UsageError for what they cannot mean."""
    from kexecspec.options import Options

    for pattern in only:
        if not _PATTERN.fullmatch(pattern):
            raise click.UsageError(
                f"--only {quote(pattern)}: write CODE[/INSTANCE][@HANDOFF], such as KX103/eth0@kexec."
            )
    default = Options()
    if rlimit is None:
        return Options(only=only)
    said = _BUDGET.fullmatch(rlimit)
    number = int(said[1]) if said else 0
    budget = number * (default.rlimit if said and said[2] else 1)
    if not 0 < budget < 2**32:
        raise click.UsageError(f"--rlimit {quote(rlimit)}: write a number below 4294967296, or a multiple such as 4x.")
    return Options(only=only, rlimit=budget)


def checked(path: str, options: Options, tell: bool, folder: Path | None = None) -> Outcome:
    """The outcome for one file; what is wrong with it is shown on stderr at once. A certificate goes to `folder`."""
    if tell and sys.stderr.isatty():
        complain(f"checking {escape(path)}")
    try:
        return Outcome(path, _report(path, options)) if folder is None else _certified(path, options, folder)
    except InputError as error:
        show_input_error(error)
        return Outcome(path, None, error.diagnostics)


def _report(path: str, options: Options) -> Report:
    """The report on one file. Raises InputError."""
    root = opened(path, options)
    from kexecspec.check import checked_tree

    return checked_tree(root, path, options, fit=True).report


def _here() -> str:
    """The working directory; "" where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _folder_of(request: Request) -> Path | None:
    """Where the certificate goes, which is known to be free before anything is judged. Raises InputError."""
    if request.certificate is None:
        return None
    from kexecspec.certificate.folder import check_free

    if len(request.files) > 1:
        raise click.UsageError("--certificate is about one FILE.")
    folder = Path(request.certificate)
    check_free(folder)
    return folder


def _certified(path: str, options: Options, folder: Path) -> Outcome:
    """As `checked`, with a certificate; none is written where nothing is proved or the tool doubts itself."""
    from kexecspec.certificate.folder import write_folder
    from kexecspec.certificate.made import certificate
    from kexecspec.check import checked

    found = checked(path, replace(options, certified=True))
    made = None if found.report.objections else certificate(found)
    if made is None:
        complain(f"no certificate: nothing is proved; {escape(str(folder))} is as it was")
        return Outcome(path, found.report)
    try:
        write_folder(folder, made.files)
    except OSError as error:
        complain(f"error: {escape(str(folder))}: {_reason(error)}; the certificate was not written")
        return Outcome(path, found.report, unwritten=True)
    return Outcome(path, found.report, certificate=str(folder))


def _warn(outcome: Outcome, before: list[Outcome]) -> None:
    """Tells what is wrong with the place where judgements are kept, unless that has been told."""
    told = {said for earlier in before for said in _troubles(earlier)}
    for said in _troubles(outcome):
        if said not in told:
            complain(f"warning: no judgements are kept: {escape(said)}")


def _troubles(outcome: Outcome) -> tuple[str, ...]:
    recalled = outcome.report.recalled if outcome.report else None
    return recalled.trouble if recalled else ()


def _say_one(outcomes: list[Outcome], look: Look) -> None:
    text = REPORTERS["text"](outcomes[-1:], look)
    if text:
        say(text if len(outcomes) == 1 else "\n" + text)


def _with_traces(outcome: Outcome, request: Request, before: list[Outcome]) -> Outcome:
    if request.trace_dir is None or outcome.report is None:
        return outcome
    from kexecspec.report.trace_files import write_traces

    taken = frozenset(Path(name).name for earlier in before for _, name in earlier.traces)
    prefix = outcome.report.platform if len(request.files) > 1 else ""
    try:
        return replace(outcome, traces=write_traces(outcome.report, Path(request.trace_dir), prefix, taken))
    except OSError as error:
        complain(f"error: {escape(request.trace_dir)}: {_reason(error)}; not all traces were written")
        return replace(outcome, unwritten=True)


def _reason(error: OSError) -> str:
    return escape(error.strerror or str(error))


def _code(outcomes: list[Outcome], written: bool, request: Request) -> int:
    bounded, strict = request.accept_bounded, request.strict_sources
    codes = [UNUSABLE if o.report is None else exit_code(o.report, bounded, strict) for o in outcomes]
    code = gravest((*codes, *(UNUSABLE for o in outcomes if o.unwritten), *(() if written else (UNUSABLE,))))
    return PROVED if request.exit_zero and code in (REFUTED, UNDECIDED) else code
