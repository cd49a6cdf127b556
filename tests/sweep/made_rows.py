"""Results without a sweep."""

from __future__ import annotations

from dataclasses import replace

from kexecspec.sweep.identity import Made
from kexecspec.sweep.lines import Head
from kexecspec.sweep.result import INPUT_ERROR, JUDGED, Answer, Refuted, Row, Told, unanswered

SUM = "0123456789abcdef" * 4
HEAD = Head("fleet", "fleet.yaml", ("platform", "kernel"), SUM, Made(SUM, SUM, "5.4", ("KX103",), 9), 6, 6, (1, 1))
PROVED = Answer(JUDGED, 0, "PROVED", {"PROVED": 3, "REFUTED": 0, "UNKNOWN": 0, "NOT_JUDGED": 1})
REFUTED = Answer(
    JUDGED, 1, "REFUTED", {"PROVED": 1, "REFUTED": 2, "UNKNOWN": 1, "NOT_JUDGED": 0},
    (Refuted("KX103/bnxt@kexec", 4, "EXHAUSTION", "error"), Refuted("KX106/bnxt@any", 0, None, "note")),
    (("KX102/bnxt@kexec", "rlimit 9"),),
)  # fmt: skip
VACUOUS = replace(PROVED, exit=1, vacuous=("KX101/bnxt@kexec",), never=("a -kexec-> b",))
BROKEN = Answer(
    INPUT_ERROR, 2, INPUT_ERROR, dict.fromkeys(PROVED.counts, 0),
    errors=(Told("KX002", "unknown driver '\x1b[2J'", "a.yaml", 3, 4, "did you mean 'x'?"),),
)  # fmt: skip
GIVEN_UP = unanswered("stopped after 3 s without an answer")
DOUBTED = replace(PROVED, exit=4, objections=("KX101/x@kexec: replay DIVERGED",))
ANSWERS = (PROVED, REFUTED, VACUOUS, BROKEN, GIVEN_UP, DOUBTED)


def row(number: int, answer: Answer = PROVED, board: str | None = None) -> Row:
    """The result of the combination of that number."""
    names = (("platform", board or f"board-{number}.yaml"), ("kernel", "5.10"))
    return Row(number, names, f"{number:064x}", None if answer is BROKEN else f"{number:064x}", answer, 0.25, True)


ROWS = tuple(row(number, answer) for number, answer in enumerate(ANSWERS, 1))


def shard(number: int, of: int) -> tuple[Head, tuple[Row, ...]]:
    """One of several equal parts of ROWS."""
    mine = tuple(one for one in ROWS if one.number % of == number % of)
    return replace(HEAD, mine=len(mine), shard=(number, of)), mine
