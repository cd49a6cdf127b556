"""A board, a choice of drivers and a setting, as the content of a platform file with its open questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from kexecspec.importers.board import Board
from kexecspec.importers.compose.chosen import Choose
from kexecspec.importers.compose.devices import devices
from kexecspec.importers.compose.memory import memory
from kexecspec.importers.compose.questions import LeftOut, Question
from kexecspec.importers.compose.setting import Setting, has_tee
from kexecspec.importers.compose.world import HANDOFFS, interrupt_controllers, kernels, secure_world
from kexecspec.library import Library

Content = dict[str, Any]


@dataclass(frozen=True)
class Composed:
    """A platform file: its content, what is open, and what is not in it."""

    content: Content
    title: str
    left: tuple[LeftOut, ...]
    questions: tuple[Question, ...] = ()


def compose(board: Board, choose: Choose, setting: Setting, library: Library) -> Composed:
    """The platform of a board: one kernel that hands over to itself, crashes into a crash kernel, and reboots."""
    made = devices(board, choose, has_tee(board, setting))
    name = platform_name(board.file)
    content: Content = {
        "schema": "kexecspec/platform/1",
        "platform": name,
        "memory": memory(board),
        "secure_world": secure_world(board, setting, library),
        "interrupt_controllers": interrupt_controllers(board),
        "smmus": made.smmus,
        "devices": made.devices,
        "drivers": made.drivers,
        "kernels": kernels(board, setting, library),
        "handoffs": HANDOFFS,
        "assume": _assume(board),
    }
    kept = {key: value for key, value in content.items() if value}
    return Composed(kept, board.model or name, made.left_out())


def platform_name(file: str) -> str:
    """A name for the platform after the file that it was read from."""
    stem = PurePath(file).name.removesuffix(".dtb").removesuffix(".dts")
    kept = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "._+-") else "-" for ch in stem).strip("._+-")
    return kept[:100] or "board"


def _assume(board: Board) -> Mapping[str, Any]:
    open_ = [slot.name for slot in board.slots]
    if not open_:
        return {}
    says = f"no master stands behind {', '.join(open_[:20])} but those listed"
    return {"others": [{"says": says, "why": "what is there shows only when the bus is looked at"}]}
