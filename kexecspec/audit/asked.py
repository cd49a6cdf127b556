"""What is asked about a board, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kexecspec.audit.boards import Unread
from kexecspec.audit.clients import possible
from kexecspec.audit.questions import Question, questions
from kexecspec.audit.rows import Row, Subject, left_out
from kexecspec.importers.board import Board
from kexecspec.importers.compose.chosen import Choose
from kexecspec.importers.compose.compose import compose
from kexecspec.importers.compose.setting import Setting
from kexecspec.library import Library

FIRMWARE = "what it does is up to firmware of its own, which no handoff of the kernel stops or starts"
UNKNOWN_PART = "(not judged)"


@dataclass(frozen=True)
class Asked:
    """The questions about a board, and rows about what is not asked. `masters` counts those behind an IOMMU."""

    board: str
    masters: int
    questions: tuple[Question, ...]
    rows: tuple[Row, ...]


def asked(board: Board | Unread, choose: Choose, setting: Setting, library: Library) -> Asked:
    """What is asked about a board with one kernel's drivers."""
    if isinstance(board, Unread):
        subject = Subject(board.name, "", "(the board)", "master", "", "", board.name, "", UNKNOWN_PART)
        return Asked(board.name, 0, (), (left_out(subject, board.why),))
    made = compose(board, choose, setting, library)
    every = (*questions(made.content, board.file, board.model, library), *possible(made.content, board, library))
    rows = [_left_out(board, name, left.why) for left in made.left for name in left.names]
    rows += [left_out(one.subject, FIRMWARE) for one in every if one.subject.of_firmware]
    asked = tuple(one for one in every if not one.subject.of_firmware)
    return Asked(board.file, len(board.masters), asked, tuple(rows))


def _left_out(board: Board, device: str, why: str) -> Row:
    master = next((one for one in (*board.masters, *board.others) if one.name == device), None)
    place = str(master.place) if master else board.file
    smmu = (master.iommu.value or "") if master else ""
    return left_out(Subject(board.file, board.model, device, "master", "", smmu, place, "", UNKNOWN_PART), why)


def all_questions(boards: Iterator[Asked] | tuple[Asked, ...]) -> Iterator[Question]:
    """The questions of all boards."""
    for board in boards:
        yield from board.questions
