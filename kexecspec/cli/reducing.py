"""`kexecspec reduce`: a platform file that has no more than one finding needs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.comparing import read_tree
from kexecspec.cli.console import complain, say
from kexecspec.cli.laying import laid_on
from kexecspec.diagnostics import escape
from kexecspec.exit_codes import PROVED, UNUSABLE
from kexecspec.textfile import read_text

if TYPE_CHECKING:
    from kexecspec.findings import Finding, Report
    from kexecspec.options import Options
    from kexecspec.report.look import Shorter

MAIL = 15_000
"""How much work a mail is worth (about a thousandth of a second each)."""


def run(
    file: str, finding: str | None, output: str | None, rlimit: str | None, cache: bool, specs: tuple[str, ...] = ()
) -> int:
    """Writes the smaller file and says how much is left of it. Raises InputError."""
    from kexecspec.certificate.platform_text import platform_text
    from kexecspec.files import write_whole
    from kexecspec.report.look import count
    from kexecspec.review.reduce import reduced
    from kexecspec.source import plain

    options = replace(options_of((), rlimit), cache=usual(os.environ) if cache else None)
    options = laid_on(options, specs)
    found = reduced(read_tree(file, read_text), file, finding, options)
    after = f" after {count(found.same.handoffs, 'handoff')}" if found.same.handoffs is not None else ""
    harm = f", {found.same.harm}" if found.same.harm else ""
    head = f"# What {found.finding} needs of {escape(os.path.basename(file))}: REFUTED{after}{harm}.\n"
    text = platform_text(plain(found.tree), head)
    if output is None:
        say(text)
    else:
        try:
            write_whole(Path(output), text)
        except OSError as error:
            complain(f"error: {escape(output)}: {escape(error.strerror or str(error))}; it was not written")
            return UNUSABLE
    complain(f"{found.after} of {found.before} facts are left ({count(found.judged, 'check')})")
    return PROVED


def shorter(options: Options, report: Report, finding: Finding) -> Shorter | None:
    """What a mail about a finding can make do with; None where that is not to be had."""
    from kexecspec.certificate.platform_text import platform_text
    from kexecspec.check import checked_tree
    from kexecspec.diagnostics import InputError
    from kexecspec.report.look import Shorter
    from kexecspec.review.reduce import reduced
    from kexecspec.source import plain

    name = finding.property.id
    try:
        found = reduced(read_tree(report.path, read_text), report.path, name, options, MAIL)
        small = checked_tree(found.tree, report.path, replace(options, only=(name,))).report
    except InputError:
        return None
    return Shorter(small, platform_text(plain(found.tree), ""), found.before, found.after, found.whole)
