"""An audit as a whole: what it is of, and its rows in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kexecspec.audit.answers import Answer
from kexecspec.audit.asked import Asked
from kexecspec.audit.rows import STANDINGS, Row
from kexecspec.audit.run import rows_of


@dataclass(frozen=True)
class Audit:
    """`kernel`: the tree's version, `tree` a sum of what was read of it, `made` a sum of what the verdicts were found
    with. `boards` counts all blobs, `with_masters` those that name masters behind an IOMMU, `masters` these; `asked`
    questions came to `solved` different ones."""

    kernel: str
    tree: str
    made: str
    boards: int
    with_masters: int
    masters: int
    asked: int
    solved: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows by board, master, handoff and property."""
    rank = {standing: number for number, standing in enumerate(STANDINGS)}
    return tuple(
        sorted(rows, key=lambda r: (r.subject.board, r.subject.name, r.found.handoff, r.found.code, rank[r.standing]))
    )


def audit_of(
    kernel: str, tree: str, made: str, boards: Sequence[Asked], answers: Mapping[str, Answer], notes: Sequence[str] = ()
) -> Audit:
    """The audit of `boards`, whose questions have these `answers`."""
    asked = [question for board in boards for question in board.questions]
    rows = [row for board in boards for row in board.rows]
    rows += [row for question in asked for row in rows_of(question, answers[question.key])]
    return Audit(
        kernel, tree, made, len(boards), sum(board.masters > 0 for board in boards),
        sum(board.masters for board in boards), len(asked), len({question.key for question in asked}), ordered(rows),
        tuple(notes),
    )  # fmt: skip
