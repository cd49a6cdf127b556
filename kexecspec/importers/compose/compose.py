"""A board, a choice of drivers and a setting, as the content of a platform file with its open questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from kexecspec.importers.board import Board
from kexecspec.importers.compose.chosen import Choose
from kexecspec.importers.compose.devices import Devices, devices, open_facts
from kexecspec.importers.compose.memory import memory
from kexecspec.importers.compose.questions import LeftOut, Question
from kexecspec.importers.compose.setting import Setting, has_tee
from kexecspec.importers.compose.world import HANDOFFS, KERNEL, kernels, secure_world
from kexecspec.library import Library

Content = dict[str, Any]


@dataclass(frozen=True)
class Composed:
    """A platform file: its content, what is open, and what is not in it."""

    content: Content
    title: str
    questions: tuple[Question, ...]
    left: tuple[LeftOut, ...]


def compose(board: Board, choose: Choose, setting: Setting, library: Library) -> Composed:
    """The platform of a board: one kernel that hands over to itself, crashes into a crash kernel, and reboots."""
    made = devices(board, choose, has_tee(board, setting))
    name = platform_name(board.file)
    content: Content = {
        "schema": "kexecspec/platform/1",
        "platform": name,
        "memory": memory(board),
        "secure_world": secure_world(board, setting, library),
        "smmus": made.smmus,
        "devices": made.devices,
        "drivers": made.drivers,
        "kernels": kernels(board, setting, library),
        "handoffs": HANDOFFS,
        "assume": _assume(board),
    }
    kept = {key: value for key, value in content.items() if value}
    questions = tuple(_questions(board, setting, made))
    return Composed(kept, board.model or name, questions, made.left_out())


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


def _questions(board: Board, setting: Setting, made: Devices) -> Iterator[Question]:
    if not board.ram.known:
        yield Question("Where is RAM?", board.ram.note, "--set 'memory.ram=[0x8000_0000 + 2GiB]'")
    if board.tee.confidence == "unknown" and not setting.tee:
        yield Question("Is OP-TEE loaded?", f"{board.tee.note}; taken to be absent", "--tee RELEASE, or --tee none")
    elif has_tee(board, setting) and setting.tee in ("", "optee", "unknown"):
        yield Question("Which release of OP-TEE?", "no tree says it; each kind is tried", "--tee RELEASE")
    if has_tee(board, setting):
        why = "both are the build's; the usual ones are assumed"
        yield Question("How large is its heap, how many threads?", why, "--set secure_world.heap.size=SIZE")
        why = "they are found by asking the trusted OS"
        yield Question("Which of its clients are bound?", why, "--set devices.NAME.driver=DRIVER, such as optee-rng")
    if not setting.version.known:
        why = f"the newest that is described is assumed ({KERNEL})"
        yield Question("Which kernel?", why, f"--kernel TREE, or --set kernels.{KERNEL}.version=6.1")
    if not board.crashkernel.known:
        why = board.crashkernel.note or "no command line says it"
        yield Question("Where does the crash kernel live?", why, "--set 'memory.crashkernel=0xc000_0000 + 256MiB'")
    for slot in board.slots:
        why = "masters there show only when the bus is looked at; taken to be those listed"
        yield Question(f"What is behind {slot.name}?", why, "--sysfs DIR, or --set devices.NAME.driver=DRIVER")
    yield from _open(made)


def _open(made: Devices) -> Iterator[Question]:
    asks = {"dma": "What kind of DMA do these issue?", "quiesced_by": "What stops these at a handoff?",
            "iova": "Where do the mappings of these lie?"}  # fmt: skip
    by_fact: dict[str, list[str]] = {}
    for where, fact in open_facts(made):
        by_fact.setdefault(fact, []).append(where)
    for fact, places in by_fact.items():
        said = asks.get(fact, f"What is {fact} of these?")
        yield Question(said, _some(place.partition(".")[2] for place in places), f"--set {places[0]}.{fact}=VALUE")


def _some(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:12]) + (f" and {len(every) - 12} more" if len(every) > 12 else "")
