"""`kexecspec why`: what each proof about a platform file needs."""

from __future__ import annotations

from kexecspec.cli.checking import options_of
from kexecspec.cli.console import complain, say
from kexecspec.exit_codes import PROVED, UNDECIDED
from kexecspec.report.why_text import as_text
from kexecspec.why import Why, why


def run(file: str, codes: tuple[str, ...], form: str, rlimit: str | None, numbers: bool, verbose: bool) -> int:
    """Prints the reasons of the proofs that `codes` name; 3 where a proof could not be opened, or a fact of it was
    neither shown to be needed nor dropped. Raises InputError."""
    options = options_of(codes, rlimit)
    found = tuple(why(file, options.only, options.rlimit, numbers))
    if form == "json":
        from kexecspec.report.why_json import as_json

        say(as_json(found))
    else:
        say(as_text(found, verbose))
    open_ones = [line for one in found for line in _open(one)]
    for line in open_ones:
        complain(line)
    return UNDECIDED if open_ones else PROVED


def _open(found: Why) -> list[str]:
    return [
        f"{one.about.id}: not shown that each fact is needed"
        for one in found.explained
        if one.reasons is not None and not one.reasons.minimal
    ]
