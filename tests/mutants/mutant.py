"""What a mutant is: one file of the tree with other contents, under a name that stays when other places change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

PARTS = ("rules", "facts", "machine", "encoder")


@dataclass(frozen=True)
class Mutant:
    """`path` is relative to the tree; `function` names the changed function of a source file, `outer` first."""

    part: str
    name: str
    path: str
    text: str
    function: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: `caught` names what noticed it, empty for a survivor; `seconds` it took."""

    part: str
    name: str
    caught: str
    seconds: float = 0.0


def packed(mutant: Mutant) -> dict[str, Any]:
    """`mutant` as plain values, to be sent to a worker."""
    return asdict(mutant)


def lot(name: str) -> int:
    """A number drawn by `name` alone, so that a sample stays the same when other mutants come and go."""
    return int(sha256(name.encode()).hexdigest()[:12], 16)


def drawn(mutants: Iterable[Mutant], one_in: int) -> Iterator[Mutant]:
    """About one in `one_in` of `mutants`."""
    return (mutant for mutant in mutants if lot(mutant.name) % one_in == 0)
