"""What earlier runs have found out about a system, and what this one adds to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kexecspec.cache import store
from kexecspec.cache.key import key_of
from kexecspec.cache.place import Cache, Unusable
from kexecspec.cache.slices import Slices
from kexecspec.cache.terms import Malformed
from kexecspec.cache.written import read, worth_keeping, written
from kexecspec.findings import Recalled
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.verdict import Judgement


@dataclass(frozen=True)
class Memory:
    """`known` are judgements on some of the properties `asked` of `system` that lay in `cache` under `key`; nobody has
    checked their proofs yet. `trouble` says what is wrong with the cache, if anything."""

    system: TransitionSystem
    asked: tuple[Property, ...]
    cache: Cache | None = None
    key: str = ""
    made_with: tuple[str | int, ...] = ()
    known: tuple[Judgement, ...] = ()
    trouble: str | None = None

    @property
    def again(self) -> Cache | None:
        """The same cache, not to be read any more, for whoever finds that something is not so; None where nothing can
        have come from there."""
        return None if self.cache is None or self.cache.afresh else replace(self.cache, afresh=True)

    @property
    def shelf(self) -> Slices | None:
        """Where answers about slices lie; None where something is wrong with the cache."""
        return None if self.cache is None or self.trouble else Slices(self.cache, self.made_with)

    def with_rest(self, judge: Callable[[Sequence[Property]], Sequence[Judgement]]) -> tuple[Judgement, ...]:
        """What is known, and what `judge` says of the rest."""
        names = {judgement.property for judgement in self.known}
        rest = [prop for prop in self.asked if prop.id not in names]
        return (*self.known, *(judge(rest) if rest or not self.known else ()))

    def keep(self, found: Sequence[Judgement], believed: bool) -> Recalled | None:
        """Keeps what was found, if it is `believed` now that it has been checked; afresh, what was there before is
        forgotten in any case. Returns what a report says of it."""
        if self.cache is None:
            return None
        trouble = self.trouble
        kept = [judgement for judgement in found if worth_keeping(judgement)] if believed else []
        if trouble is None and len(kept) > len(self.known):
            trouble = _tried(lambda cache: store.put(cache, self.key, written(self.system, kept)), self.cache)
        elif trouble is None and self.cache.afresh:
            trouble = _tried(lambda cache: store.drop(cache, self.key), self.cache)
        known = len(self.known) + sum(judgement.recalled for judgement in found)
        return Recalled(known, len(found) - known, () if trouble is None else (trouble,))


def remembered(
    cache: Cache | None, system: TransitionSystem, asked: Sequence[Property], made_with: Sequence[str | int]
) -> Memory:
    """What lies in `cache` about properties of `system`; `made_with` is whatever else bears on judgements. An entry
    that cannot be read is dropped, and then nothing is known."""
    if cache is None:
        return Memory(system, tuple(asked))
    found = Memory(system, tuple(asked), cache, key_of(system, asked, made_with), tuple(made_with))
    if cache.afresh:
        return found
    try:
        text = store.get(cache, found.key)
        return found if text is None else _read(found, cache, text)
    except Unusable as error:
        return replace(found, trouble=str(error))


def _read(found: Memory, cache: Cache, text: str) -> Memory:
    try:
        known = read(text, found.system, found.asked)
    except Malformed:
        store.drop(cache, found.key)
        return found
    return replace(found, known=known)


def _tried(act: Callable[[Cache], None], cache: Cache) -> str | None:
    try:
        act(cache)
    except Unusable as error:
        return str(error)
    return None
