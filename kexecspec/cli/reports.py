"""`--report FORMAT=FILE`: known to be possible before anything is judged, and written at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kexecspec.cli.console import complain, inert
from kexecspec.diagnostics import allowed_help, escape, quote
from kexecspec.files import write_whole
from kexecspec.report import OF_ONE_TRACE, REPORTERS, Look, Outcome
from kexecspec.report.look import RuleText

if TYPE_CHECKING:
    from kexecspec.library import Library


@dataclass(frozen=True)
class Wanted:
    """A file to write, and in which format."""

    form: str
    path: Path


def reports_of(given: Sequence[str], files: Sequence[str]) -> tuple[Wanted, ...]:
    """The reports that are asked for beside the check of `files`. Raises click.UsageError with all that is wrong."""
    found = [_wanted(text) for text in given]
    wrong = [one for one in found if isinstance(one, str)]
    wanted = tuple(one for one in found if isinstance(one, Wanted))
    wrong += _misplaced(wanted, files)
    if wrong:
        raise click.UsageError("; ".join(wrong))
    return wanted


def _wanted(text: str) -> Wanted | str:
    form, equals, path = text.partition("=")
    if not equals or not path:
        return f"--report {quote(text)}: write FORMAT=FILE, such as sarif=kexecspec.sarif"
    if form not in REPORTERS:
        return f"--report {quote(text)}: unknown format {quote(form)}: {allowed_help(form, list(REPORTERS))}"
    return Wanted(form, Path(path))


def _misplaced(wanted: Sequence[Wanted], files: Sequence[str]) -> Iterator[str]:
    inputs = {os.path.realpath(name) for name in files if "\0" not in name}
    taken: set[str] = set()
    for one in wanted:
        shown = f"--report {one.form}={quote(str(one.path))}"
        place = os.path.realpath(one.path)
        if place in inputs:
            yield f"{shown}: that is a file to be checked"
        elif place in taken:
            yield f"{shown}: another report goes there"
        elif os.path.isdir(place):
            yield f"{shown}: that is a folder"
        elif os.path.exists(place) and not os.path.isfile(place):
            yield f"{shown}: that is no plain file; --format writes to stdout"
        elif not os.path.isdir(os.path.dirname(place)):
            yield f"{shown}: there is no folder {quote(str(one.path.parent))}"
        taken.add(place)


def write_reports(wanted: Sequence[Wanted], outcomes: Sequence[Outcome], look: Look) -> bool:
    """Writes every report, each whole or not at all; what cannot be written is told. Whether all were. A build may show
    such a file in its log: none but the one for GitHub has commands in it."""
    plain = replace(look, colour=False, quiet=False)
    written = [_written(one, outcomes, plain) for one in wanted]
    return all(written)


def _written(one: Wanted, outcomes: Sequence[Outcome], look: Look) -> bool:
    text = _text(one, outcomes, look)
    if text is None:
        complain(f"note: nothing is refuted, so there is no trace; {escape(str(one.path))} was not written")
        return True
    try:
        write_whole(one.path, text)
    except OSError as error:
        complain(f"error: {escape(str(one.path))}: {escape(error.strerror or str(error))}; it was not written")
        return False
    return True


def _text(one: Wanted, outcomes: Sequence[Outcome], look: Look) -> str | None:
    if one.form != "itf":
        text = REPORTERS[one.form](outcomes, look)
        return text if one.form == "github" else inert(text) if text or one.form not in OF_ONE_TRACE else None
    from kexecspec.report.itf import first_trace, itf_text

    found = first_trace(outcomes)
    if found is None:
        return None
    report, finding = found
    folder = os.path.dirname(os.path.realpath(one.path))
    return itf_text(report, finding, Path(os.path.relpath(os.path.realpath(report.path), folder)).as_posix())


def rule_text(code: str, specs: Library | None = None) -> RuleText | None:
    """What the library, or `specs`, says of a property's code; None for any other."""
    from kexecspec.library import library

    specs = specs or library()
    spec = specs.spec("properties", code) if code in specs.names("properties") else None
    if spec is None:
        return None
    content = spec.content
    return RuleText(
        str(content["name"]), str(content["title"]), str(content["harm"]), _flat(content.get("why", "")),
        _flat(content.get("fix", "")), tuple(map(str, content.get("dmesg", ()))),
        tuple((str(source["ref"]), _flat(source.get("says", ""))) for source in content.get("sources", ())),
    )  # fmt: skip


def _flat(text: object) -> str:
    return " ".join(str(text).split())
