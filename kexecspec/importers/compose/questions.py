"""What nobody could tell, and how to say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.importers.board import Board
from kexecspec.platform.loose import table, tables

KERNEL = "linux"
ASKS = {
    "dma": "What kind of DMA do these issue?",
    "quiesced_by": "What stops these at a handoff?",
    "iova": "Where do the mappings of these lie?",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is open: what, why it matters or is not known, and the option that answers it."""

    asks: str
    why: str
    answer: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Devices that are not in the platform file, for one reason."""

    names: tuple[str, ...]
    why: str


def questions(content: Mapping[str, Any], board: Board) -> tuple[Question, ...]:
    """What is open in the content of a platform file that was made of `board`."""
    return (*_of_memory(content, board), *_of_the_world(content, board), *_of_buses(board), *_of_devices(content))


def _of_memory(content: Mapping[str, Any], board: Board) -> Iterator[Question]:
    memory = table(content, "memory")
    if "ram" not in memory:
        yield Question("Where is RAM?", board.ram.note, "--set 'memory.ram=[0x8000_0000 + 2GiB]'")
    elif not board.live and table(memory, "from").get("ram") != "--set":
        why = "a boot loader may have changed what the device tree says"
        yield Question("Is RAM as the file has it?", why, "import /sys/firmware/fdt, or --set memory.ram=[...]")
    if memory.get("crashkernel", "unknown") == "unknown":
        why = board.crashkernel.note or "no command line says it"
        yield Question("Where does the crash kernel live?", why, "--set 'memory.crashkernel=0xc000_0000 + 256MiB'")


def _of_the_world(content: Mapping[str, Any], board: Board) -> Iterator[Question]:
    world = table(content, "secure_world")
    open_, assumed = _with(world, "unknown"), _with(world, "assumed")
    if "none" in assumed:
        why = f"{board.tee.note or 'nobody says so'}; taken to be absent"
        yield Question("Is OP-TEE loaded?", why, "--tee RELEASE, or --tee none")
    if "optee" in open_:
        yield Question("Which release of OP-TEE?", "no tree says it; each kind is tried", "--tee RELEASE")
    if "board" in assumed or "heap.size" in assumed:
        why = "both are the build's; the usual ones are assumed"
        yield Question("How large is its heap, how many threads?", why, "--set secure_world.heap.size=SIZE")
    if "optee" in world:
        why = "most are found by asking the trusted OS"
        yield Question("Which of its clients are bound?", why, "--set devices.NAME.driver=DRIVER, such as optee-rng")
    kernel = table(table(content, "kernels"), KERNEL)
    if "version" in _with(kernel, "assumed"):
        why = "the newest that is described is assumed"
        yield Question("Which kernel?", why, f"--kernel TREE, or --set kernels.{KERNEL}.version=6.1")


def _of_buses(board: Board) -> Iterator[Question]:
    for gic in board.gics:
        if gic.its.value and not gic.efi.known:
            why = "EFI hands on where the tables of its interrupts lie"
            yield Question("Is it booted through EFI?", why, f"--set interrupt_controllers.{gic.name}.efi=true")
    for slot in board.slots:
        why = "masters there show only when the bus is looked at; taken to be those listed"
        yield Question(f"What is behind {slot.name}?", why, "--sysfs DIR, or --set devices.NAME.driver=DRIVER")


def _of_devices(content: Mapping[str, Any]) -> Iterator[Question]:
    by_fact: dict[str, list[str]] = {}
    for section in ("devices", "drivers"):
        for name, entry in tables(content, section):
            for fact in _with(entry, "unknown"):
                by_fact.setdefault(fact, []).append(f"{section}.{name}")
    for fact, places in by_fact.items():
        said = ASKS.get(fact, f"What is {fact} of these?")
        yield Question(said, _some(place.partition(".")[2] for place in places), f"--set {places[0]}.{fact}=VALUE")


def _with(part: Mapping[str, Any], confidence: str) -> list[str]:
    """The facts of a part that have a confidence."""
    return [str(fact) for fact, said in table(part, "confidence").items() if said == confidence]


def _some(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:12]) + (f" and {len(every) - 12} more" if len(every) > 12 else "")
