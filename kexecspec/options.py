"""How a check is made."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.cache.place import Cache
from kexecspec.library import Library
from kexecspec.platform.part import MANY
from kexecspec.solve.aside import PATIENCE
from kexecspec.solve.budget import RLIMIT


@dataclass(frozen=True)
class Options:
    """`only` holds patterns CODE[/instance][@handoff]; `rlimit` is the solver's budget for one obligation. `inside`:
    solve in this process, for one that is watched and killed as a whole; else in `jobs`, or as many as pay.
    `portfolio`: several engines for each property at once. `apart`: the masters from which on a platform is judged part
    by part; None: never, but where unknown facts are tried so. `done` are ids of properties that have an answer.
    `library`: the specifications, with what is laid over them; None: those that came with this installation.
    `cache`: where judgements of earlier runs lie, each of which is checked as if it were new. `explained`: with what
    the verdicts take on trust, and why what never happens does not. `certified`: proofs are invariants, that a solver
    can look at, and TEE clients are no reason to take a platform apart before its masters would be."""

    only: tuple[str, ...] = ()
    rlimit: int = RLIMIT
    replay: bool = True
    inside: bool = False
    jobs: int | None = None
    portfolio: bool = False
    apart: int | None = MANY
    done: frozenset[str] = frozenset()
    cache: Cache | None = None
    explained: bool = True
    certified: bool = False
    library: Library | None = None

    @property
    def patience(self) -> float:
        """The seconds without an answer after which a process is given up."""
        return PATIENCE * max(1.0, self.rlimit / RLIMIT)
