"""The boards of a folder, and which driver each of their devices has: equal devices are looked up once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from kexecspec.diagnostics import InputError
from kexecspec.importers.board import Board, Master
from kexecspec.importers.compose.chosen import Choose, Chosen, NoMaster
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.facts import Fact
from kexecspec.solve.aside import Died, answers

Kind = tuple[tuple[str, ...], str, bool, str]
"""What a driver is chosen by: compatibles, bus, whether there is an IOMMU, and what a running machine says."""
Start = Callable[[], AbstractContextManager[Choose]]
"""Opens the kernel tree, in the process that asks."""
Tell = Callable[[int, int], None]
Item = TypeVar("Item")
Result = TypeVar("Result")
LARGEST = 64 << 20
PATIENCE = 600.0


@dataclass(frozen=True)
class Unread:
    """A blob that no board could be made of, and why."""

    name: str
    why: str


def blobs(folder: Path) -> tuple[Path, ...]:
    """All files called *.dtb under a folder, in order; links to folders below it are not followed."""
    found = (Path(top) / name for top, _, names in os.walk(folder) for name in names if name.endswith(".dtb"))
    return tuple(sorted(found))


def read_boards(folder: Path, jobs: int, tell: Tell) -> tuple[Board | Unread, ...]:
    """Every board under `folder`, in the order of their names there, read by `jobs` processes."""
    paths = blobs(folder)
    found: dict[str, Board | Unread] = {}
    for number, (name, one) in _shared(partial(_read, folder), paths, jobs):
        found[name] = one
        tell(number, len(paths))
    names = [_name(path, folder) for path in paths]
    return tuple(found.get(name) or Unread(name, "the process that read it died") for name in names)


def _read(folder: Path, paths: Sequence[Path]) -> Iterator[tuple[str, Board | Unread]]:
    for path in paths:
        name = _name(path, folder)
        try:
            with path.open("rb") as file:
                yield name, read_board(file.read(LARGEST), name)
        except InputError as error:
            yield name, Unread(name, error.diagnostics[0].message)
        except OSError as error:
            yield name, Unread(name, error.strerror or "it cannot be read")


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def chosen_for(boards: Iterable[Board], start: Start, jobs: int, tell: Tell) -> Choose:
    """The choice for every device of `boards`, made beforehand by `jobs` processes, each kind of device once."""
    kinds: dict[Kind, Master] = {}
    for board in boards:
        for master in (*board.masters, *board.others):
            kinds.setdefault(kind_of(master), master)
    known: dict[Kind, tuple[Master, Chosen | NoMaster]] = {}
    for number, (kind, said) in _shared(partial(_choices, start), tuple(kinds.items()), jobs):
        known[kind] = (kinds[kind], said)
        tell(number, len(kinds))
    return partial(_again, known)


def kind_of(master: Master) -> Kind:
    """What the choice of a driver depends on."""
    return master.compatibles, master.bus, bool(master.iommu.value), master.driver.value or ""


def _choices(start: Start, kinds: Sequence[tuple[Kind, Master]]) -> Iterator[tuple[Kind, Chosen | NoMaster]]:
    with start() as choose:
        for kind, master in kinds:
            yield kind, choose(master)


def _again(known: Mapping[Kind, tuple[Master, Chosen | NoMaster]], master: Master) -> Chosen | NoMaster:
    """What was chosen for a device of the same kind, said of this one."""
    found = known.get(kind_of(master))
    if found is None:
        return NoMaster("the process that looked for its driver died")
    other, said = found
    if isinstance(said, NoMaster):
        return said

    def here(fact: Fact[str]) -> Fact[str]:
        return replace(fact, places=tuple(master.place if place == other.place else place for place in fact.places))

    return replace(said, driver=here(said.driver), facts={name: here(fact) for name, fact in said.facts.items()})


def _shared(
    work: Callable[[Sequence[Item]], Iterator[Result]], items: Sequence[Item], jobs: int
) -> Iterator[tuple[int, Result]]:
    """What `work` yields for all items, which `jobs` processes share, with how many there are by then."""
    several = max(1, min(jobs, len(items)))
    works = [partial(work, items[first::several]) for first in range(several)]
    said = (one for _, one in answers(works, PATIENCE) if not isinstance(one, Died))
    yield from enumerate(said, 1)
