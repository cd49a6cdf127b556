"""`kexecspec test`: verdicts against the `expect:` entries of the files."""

from __future__ import annotations

from kexecspec.cli.checking import checked
from kexecspec.cli.console import say
from kexecspec.diagnostics import escape
from kexecspec.exit_codes import PROVED, UNUSABLE, gravest
from kexecspec.findings import Report
from kexecspec.options import Options
from kexecspec.report.look import wrapped
from kexecspec.report.outcome import Outcome, expectations_code


def run(files: tuple[str, ...], options: Options, quiet: bool) -> int:
    """One line for each file, and what did not come out as expected. A file without `expect:` is named;
    where no file has any, nothing was tested and the code is 2."""
    codes: list[int] = []
    tested = 0
    for number, path in enumerate(files):
        try:
            code, expectations = _tested(path, options, quiet)
        except KeyboardInterrupt as stop:
            stop.add_note(f"not tested: {', '.join(files[number:])}")
            raise
        codes.append(code)
        tested += expectations
    code = gravest(codes)
    if code == PROVED and not tested:
        say("Nothing was tested: no file has expect: entries.")
        return UNUSABLE
    failed = sum(code != PROVED for code in codes)
    if not quiet or failed:
        verdict = f"FAIL  {failed} of {len(files)} files" if failed else f"PASS  {len(files)} of {len(files)} files"
        say(f"{verdict}, {tested} expectations")
    return code


def _tested(path: str, options: Options, quiet: bool) -> tuple[int, int]:
    outcome: Outcome = checked(path, options, False)
    if outcome.report is None:
        say(f"error  {escape(path)}: it cannot be judged")
        return UNUSABLE, 0
    code = expectations_code(outcome.report)
    for line in _lines(path, outcome.report, code, quiet):
        say(line)
    return code, outcome.report.met + len(outcome.report.unmet)


def _lines(path: str, report: Report, code: int, quiet: bool) -> list[str]:
    number = report.met + len(report.unmet)
    if code == PROVED:
        said = f"ok     {escape(path)}: {report.met} of {number} expectations met"
        none = f"-      {escape(path)}: it has no expect: entries"
        return [] if quiet and number else [said if number else none]
    lines = [f"FAIL   {escape(path)}: {report.met} of {number} expectations met"]
    for objection in report.objections:
        lines += wrapped(f"the tool disagrees with itself: {objection}", "       ", "         ")
    for unmet in report.unmet:
        wanted = unmet.expectation
        after = f" after {wanted.handoffs} handoffs" if wanted.handoffs is not None else ""
        harm = f" with {wanted.harm}" if wanted.harm else ""
        where = f"line {wanted.span.line}: " if wanted.span else ""
        said = f"{where}{wanted.finding}: expected {wanted.verdict}{after}{harm}, found {unmet.found}"
        lines += wrapped(said, "       ", "         ")
    return lines
