"""Short answers that are no verdicts, kept by what they follow from: the next run need not work them out again.

An entry is a list of lists of numbers. What is no such list, or does not fit, is worked out anew, and so is everything
where the cache cannot be used: others tell what is wrong with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kexecspec.cache import store
from kexecspec.cache.place import Cache, Unusable

Note = tuple[tuple[int, ...], ...]


@dataclass
class Notes:
    """The notes of a run. New ones are kept together: processes that write one by one wait for each other."""

    cache: Cache | None
    new: dict[str, str | None] = field(default_factory=dict)

    def noted(
        self, follows_from: Callable[[], Sequence[Any]], make: Callable[[], Note], fits: Callable[[Note], bool]
    ) -> Note:
        """What `make` says, or said in an earlier run about the same: what it `follows_from` is JSON, and all that
        bears on it."""
        if self.cache is None:
            return make()
        key = hashlib.sha256(json.dumps(["note", *follows_from()], separators=(",", ":")).encode()).hexdigest()
        known = None if self.cache.afresh else _read(self.cache, key)
        if known is not None and fits(known):
            return known
        made = make()
        self.new[key] = json.dumps(made, separators=(",", ":"))
        return made

    def keep(self) -> None:
        """Keeps what is new."""
        new, self.new = self.new, {}
        if self.cache is not None and new:
            with contextlib.suppress(Unusable):
                store.put_all(self.cache, new)


def _read(cache: Cache, key: str) -> Note | None:
    """The note under `key`; None where there is none that can be read."""
    try:
        text = store.get(cache, key)
        said = json.loads(text or "null")
        if isinstance(said, list) and all(isinstance(row, list) and all(map(_is_number, row)) for row in said):
            return tuple(map(tuple, said))
        return None
    except (Unusable, ValueError, RecursionError):
        return None


def _is_number(one: object) -> bool:
    return type(one) is int
