"""The conjoined invariants, now and after the step, as the text of invariants.smt2; and read back from it.

What is read must be, byte for byte, what is written for what was read: nothing can hide in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kexecspec.certificate.forms import Form, Malformed, forms
from kexecspec.certificate.read_terms import read_term
from kexecspec.certificate.symbols import named, plain
from kexecspec.certificate.terms import conjunction, term
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Invariant, TransitionSystem

_HEAD = """\
; Together these hold in every reachable state: obligations/initial.smt2, consecution.smt2 and ranges.smt2 prove it.
"""
_NAME = re.compile(r"\|([1-9][0-9]{0,6}) (.*)\|", re.DOTALL)
_LAST = "|invariants|"


def invariants_text(invariants: Sequence[Invariant]) -> str:
    """Each invariant by its number and name, and their conjunction, now and after the step."""
    return _HEAD + "\n".join(_lines(invariants)) + "\n"


def _lines(invariants: Sequence[Invariant]) -> Iterator[str]:
    for later, mark in ((False, ""), (True, "'")):
        names = [f"|{number} {plain(one.name)}{mark}|" for number, one in enumerate(invariants, 1)]
        for name, one in zip(names, invariants, strict=True):
            yield f"(define-fun {name} () Bool {term(one.holds, later)})"
        yield f"(define-fun |invariants{mark}| () Bool {conjunction(names)})"


def read_invariants(text: str, system: TransitionSystem) -> tuple[Invariant, ...]:
    """The invariants of a file that may come from anywhere. Raises Malformed with what is wrong, and where."""
    found: list[Invariant] = []
    for line, form in forms(text):
        match form:
            case ("define-fun", str(name), (), "Bool", body) if name == _LAST:
                return _unaltered(tuple(found), text)
            case ("define-fun", str(name), (), "Bool", body):
                found.append(Invariant(_name(name, len(found) + 1, line), _body(body, system, line)))
            case _:
                raise Malformed(line, "only `define-fun NAME () Bool TERM` may stand here")
    raise Malformed(1, f"{_LAST} is not defined")


def _name(symbol: str, number: int, line: int) -> str:
    said = _NAME.fullmatch(symbol)
    try:
        if said and int(said[1]) == number:
            return named(said[2])
    except ValueError:
        pass
    raise Malformed(line, f"an invariant is called |{number} NAME| here")


def _body(form: Form, system: TransitionSystem, line: int) -> Expr:
    try:
        return read_term(form, system.variables)
    except ValueError as error:
        raise Malformed(line, str(error)) from None


def _unaltered(found: tuple[Invariant, ...], text: str) -> tuple[Invariant, ...]:
    written = invariants_text(found)
    if written == text:
        return found
    lines = zip(written.splitlines(), text.splitlines(), strict=False)
    line = next((n for n, (one, other) in enumerate(lines, 1) if one != other), len(written.splitlines()) + 1)
    raise Malformed(line, "this is not how the invariants defined before it are written")
