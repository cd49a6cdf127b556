"""`kexecspec why`: what each proof about a platform file needs."""

from __future__ import annotations

from kexecspec.cli.checking import options_of
from kexecspec.cli.console import say
from kexecspec.exit_codes import PROVED, REFUTED, UNDECIDED
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.why.explained import Explained, why
from kexecspec.why.text import as_text


def run(
    file: str,
    codes: tuple[str, ...],
    form: str,
    rlimit: str | None,
    numbers: bool,
    verbose: bool,
    specs: Library,
) -> int:
    """Prints the reasons of the proofs that `codes` name; 1 where none is proved, 3 where a fact was neither shown to
    be needed nor dropped. Raises InputError."""
    options = options_of(codes, rlimit)
    found = tuple(why(file, options.only, options.rlimit, numbers, specs))
    if form == "json":
        from kexecspec.why.as_json import as_json

        say(as_json(found))
    else:
        say(as_text(found, verbose))
    return _code(tuple(one for why in found for one in why.explained))


def _code(explained: tuple[Explained, ...]) -> int:
    proofs = [one.reasons for one in explained if one.reasons is not None]
    if any(one.verdict is Verdict.UNKNOWN for one in explained) or not all(proof.minimal for proof in proofs):
        return UNDECIDED
    return PROVED if any(one.verdict is Verdict.PROVED and not one.vacuous for one in explained) else REFUTED
