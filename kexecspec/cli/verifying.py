"""`kexecspec verify-cert`: a certificate, examined and put to solvers that did not find it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import click

from kexecspec.certificate.examine import Examined, examine
from kexecspec.certificate.verify import (
    PARTLY,
    REJECTED,
    UNDECIDED,
    VERIFIED,
    Answer,
    Conclusion,
    answers,
    conclusion,
)
from kexecspec.cli import console
from kexecspec.cli.console import say
from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED
from kexecspec.exit_codes import UNDECIDED as OPEN
from kexecspec.report.look import Look, columns, count, wrapped
from kexecspec.solve.solvers import NoSolver, solver, title
from kexecspec.solve.speak import Solver

SCHEMA = "kexecspec/verification/1"
_CODES = {VERIFIED: PROVED, PARTLY: REFUTED, REJECTED: DISAGREES, UNDECIDED: OPEN}
_COLOURS = {VERIFIED: "green", PARTLY: "yellow", REJECTED: "red", UNDECIDED: "yellow"}
_MOST = 100


@dataclass(frozen=True)
class Request:
    """The arguments of `verify-cert`, as given."""

    folder: str
    platform: str | None = None
    solvers: tuple[str, ...] = ()
    timeout: float = 60.0
    form: str = "text"
    quiet: bool = False


def run(request: Request) -> int:
    """Examines the certificate, asks the solvers, says what came of it and returns the exit code."""
    asked = _solvers(request.solvers or ("z3",))
    examined = examine(request.folder, request.platform)
    told = request.form == "text" and not request.quiet
    if told:
        say("\n".join(_heading(request.folder, examined)))
    given: list[Answer] = []
    try:
        for _, group in groupby(answers(examined, asked, request.timeout), lambda a: (a.solver, a.group)):
            some = list(group)
            given += some
            if told:
                say(_row(some))
    except KeyboardInterrupt as stop:
        wanted = len(asked) * sum(len(system.each) for system in examined.systems)
        stop.add_note(f"{request.folder} is not verified: {wanted - len(given)} of {wanted} answers are missing")
        raise
    end = conclusion(examined, given)
    if request.form == "json":
        say(_json(request, examined, given, end))
    else:
        say("\n".join(_ending(request, examined, given, end)))
    return _CODES[end.verdict]


def _solvers(names: tuple[str, ...]) -> list[Solver]:
    try:
        return [solver(name) for name in dict.fromkeys(names)]
    except NoSolver as error:
        raise click.UsageError(f"--solver: {error}") from None


def _heading(folder: str, examined: Examined) -> Iterator[str]:
    made = examined.manifest
    yield from wrapped(
        f"{folder}: certificate of {made.platform}, made by kexecspec {made.tool[0]} with z3 {made.z3}", "", "  "
    )
    if not examined.same_tool:
        yield "  It was made by another build of kexecspec than this one."
    if examined.rejections:
        return
    runs = [one.run for part in made.parts for some in (part.handoffs, part.claims) for one in some]
    stepped = sum(run is not None for run in runs)
    files = f"{count(len(made.files) + 1, 'file')}, {_kib(examined.size)}"
    yield from wrapped(f"derived anew from platform.yaml, and the same: {files}", "  ", "    ")
    yield from wrapped(f"not vacuous: {count(stepped, 'run')}, each stepped by the rules", "  ", "    ")


def _row(some: Sequence[Answer]) -> str:
    words = [answer.said.word for answer in some]
    said = " ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    seconds = sum(answer.said.seconds for answer in some)
    row = (title(some[0].solver), some[0].group, said, _kib(max(answer.size for answer in some)), f"{seconds:.2f} s")
    return "\n".join(columns([row], (20, 14, 14, 8, 8)))


def _kib(size: int) -> str:
    return f"{-(-size // 1024)} KiB"


def _ending(request: Request, examined: Examined, given: Sequence[Answer], end: Conclusion) -> Iterator[str]:
    look = Look(console.wants_colour())
    for objection in (*end.rejections, *end.undecided)[:_MOST]:
        yield from wrapped(objection, "  ! ", "    ")
    more = len(end.rejections) + len(end.undecided) - _MOST
    if more > 0:
        yield f"  ! and {more} more"
    if end.verdict in (VERIFIED, PARTLY) and not (request.quiet and end.verdict == VERIFIED):
        for name, word in end.unproved:
            yield from wrapped(f"{name}: {word}, nothing is claimed of it", "  - ", "    ")
        for name, word in end.untaken:
            yield from wrapped(f"the handoff {name}: that a run takes it is {word}", "  - ", "    ")
    for line in wrapped(f"{end.verdict}  {examined.manifest.platform}: {_tally(end, given)}", "", "  "):
        yield look.paint(line, "bold", _COLOURS[end.verdict])


def _tally(end: Conclusion, given: Sequence[Answer]) -> str:
    if end.verdict == REJECTED:
        return f"{count(len(end.rejections), 'objection')}; believe none of its claims"
    if end.verdict == UNDECIDED:
        return f"{len(end.undecided)} of {count(len(given), 'answer')} missing"
    names = ", ".join(dict.fromkeys(answer.solver for answer in given))
    return f"{len(end.proved)} of {len(end.proved) + len(end.unproved)} properties proved (asked: {names})"


def _json(request: Request, examined: Examined, given: Sequence[Answer], end: Conclusion) -> str:
    content = {
        "schema": SCHEMA,
        "certificate": request.folder,
        "platform": examined.manifest.platform,
        "verdict": end.verdict,
        "proved": list(end.proved),
        "unproved": dict(end.unproved),
        "untaken": dict(end.untaken),
        "rejections": list(end.rejections),
        "undecided": list(end.undecided),
        "bytes": examined.size,
        "answers": [
            {
                "solver": title(answer.solver), "obligation": answer.obligation, "answer": answer.said.word,
                "why": answer.said.why, "seconds": round(answer.said.seconds, 3), "bytes": answer.size,
            }
            for answer in given
        ],
    }  # fmt: skip
    return json.dumps(content, indent=2, ensure_ascii=True)
