"""Answers about slices, kept by the content of the slice: after an edit, what it does not touch is not solved again.

Only what is checked again is kept: runs, which are stepped when they are read, and invariants that are to exclude what
is wrong, which are checked on the whole system like any others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kexecspec.cache import store
from kexecspec.cache.key import key_of_slice
from kexecspec.cache.pages import WRONG, Page, Reading, lap_row, page_for
from kexecspec.cache.place import Cache, Unusable
from kexecspec.cache.terms import Malformed, Row
from kexecspec.ir.system import TransitionSystem
from kexecspec.solve.answers import Answer, Reached, Safe, Solved, Target

_WORDS = 80


@dataclass
class Slices:
    """A solve.answers.Shelf. Once something is wrong with the cache it is left alone; others tell what is wrong."""

    cache: Cache
    made_with: tuple[str | int, ...]
    usable: bool = True

    def find(self, part: TransitionSystem, targets: Sequence[Target]) -> tuple[Answer | None, ...]:
        """See Shelf."""
        none: tuple[Answer | None, ...] = (None,) * len(targets)
        if not self.usable or self.cache.afresh:
            return none
        key = key_of_slice(part, targets, self.made_with)
        try:
            text = store.get(self.cache, key)
            return none if text is None else self._read(key, text, part, targets) or none
        except Unusable:
            self.usable = False
            return none

    def keep(self, solved: Sequence[Solved]) -> None:
        """See Shelf."""
        texts = {
            key_of_slice(part, targets, self.made_with): written_answers(part, targets, answers)
            for part, targets, answers in solved
        }
        if self.usable and texts:
            try:
                store.put_all(self.cache, texts)
            except Unusable:
                self.usable = False

    def _read(
        self, key: str, text: str, part: TransitionSystem, targets: Sequence[Target]
    ) -> tuple[Answer | None, ...] | None:
        try:
            return read_answers(text, part, targets)
        except Malformed:
            store.drop(self.cache, key)
            return None


def written_answers(part: TransitionSystem, targets: Sequence[Target], answers: Sequence[Answer]) -> str | None:
    """Answers about a slice as text; None where none of them is worth keeping."""
    page = page_for(part)
    said = [_row(page, target, answer) for target, answer in zip(targets, answers, strict=True)]
    return page.text(said) if any(said) else None


def read_answers(text: str, part: TransitionSystem, targets: Sequence[Target]) -> tuple[Answer | None, ...]:
    """What `written_answers` wrote; None for an answer that was not. Raises Malformed."""
    try:
        page = Reading(text, part)
        return tuple(_answer(page, target, row) for target, row in zip(targets, page.said, strict=True))
    except WRONG as error:
        raise Malformed(f"{type(error).__name__}: {error}") from None


def _row(page: Page, target: Target, answer: Answer) -> Row:
    match answer:
        case Safe(invariants, method) if target.exact:
            return ["safe", method, [page.invariant(one) for one in invariants]]
        case Reached(trace, shortest, lap):
            return ["run", page.run(trace), shortest, lap_row(lap)]
        case _:
            return []


def _answer(page: Reading, target: Target, row: Row) -> Answer | None:
    match row:
        case []:
            return None
        case ["safe", str(method), numbers] if target.exact and len(method) < _WORDS:
            return Safe(page.invariants(numbers), method)
        case ["run", run, bool(shortest), lap]:
            trace = page.run(run, target.where)
            return Reached(trace, shortest, page.lap(lap, trace))
    raise Malformed("no answer where there has to be one")
