"""The whole way from a board to the text of a platform file that can be checked as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError
from kexecspec.importers.board import Board
from kexecspec.importers.compose.answers import Answer, answered, with_ram, with_version
from kexecspec.importers.compose.chosen import Choose
from kexecspec.importers.compose.comments import comments_of
from kexecspec.importers.compose.compose import Composed, compose
from kexecspec.importers.compose.marks import read_marks
from kexecspec.importers.compose.questions import questions
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.update import Kept, updated
from kexecspec.importers.compose.written import text_of
from kexecspec.library import Library
from kexecspec.platform.bounds import excess
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import variants
from kexecspec.schema import validate
from kexecspec.source import parse, plain


@dataclass(frozen=True)
class Imported:
    """A platform file that was made: what it holds, its text, and what was kept of the file that it is an update of."""

    composed: Composed
    text: str
    kept: tuple[Kept, ...] = ()


def imported(board: Board, choose: Choose, setting: Setting, answers: Sequence[Answer], library: Library) -> Imported:
    """The platform of `board` with the user's `answers`. Raises InputError where these make something of it that is no
    platform."""
    board = with_ram(board, answers)
    made = compose(board, choose, with_version(setting, answers), library)
    content = answered(made.content, answers)
    made = replace(made, content=content, questions=questions(content, board))
    text = text_of(made)
    valid(text, f"{made.content['platform']}.yaml", library)
    return Imported(made, text)


def over(made: Imported, old: str, path: str, board: Board, library: Library) -> Imported:
    """`made` over the text `old` of the file `path`, with what was changed there by hand, comments too. Raises
    InputError where that file is none, or what comes out is no platform."""
    root = parse(old, path)
    before: Any = plain(root)
    if not isinstance(before, dict):
        raise InputError([Diagnostic("KX006", "the file is no mapping, so it is no platform file", root.span)])
    if wrong := excess(root) or validate(root, "platform"):
        raise InputError(wrong)
    content, kept = updated(before, read_marks(old), made.composed.content)
    composed = replace(made.composed, content=content, questions=questions(content, board))
    text = text_of(composed, comments_of(old, root), made.composed.content)
    valid(text, path, library)
    return Imported(composed, text, kept)


def valid(text: str, path: str, library: Library) -> None:
    """Raises InputError with everything that keeps `text`, named `path`, from being a platform file."""
    root = parse(text, path)
    wrong = excess(root) or validate(root, "platform")
    if wrong:
        raise InputError(wrong)
    content: dict[str, Any] = plain(root)  # type: ignore[assignment]
    for _, filled in variants(content, root):
        resolve(root, path, library, filled)
        return
