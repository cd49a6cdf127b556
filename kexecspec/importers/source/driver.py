"""One driver, put together from its struct, its tables, its hooks and all that its probe reaches."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.importers.facts import Place
from kexecspec.importers.source.conditions import Config, holds
from kexecspec.importers.source.dma import dma_of
from kexecspec.importers.source.explore import Explored, explore
from kexecspec.importers.source.hooks import Written, names_in, read_hooks, written_hooks
from kexecspec.importers.source.judge import stops
from kexecspec.importers.source.naming import driver_name, name_in_headers, name_written
from kexecspec.importers.source.quiesced import Known, quiesced_of
from kexecspec.importers.source.reach import walk_from
from kexecspec.importers.source.records import Call, FileRead, Struct
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.struct_types import DRIVERS, ID_TABLES
from kexecspec.importers.source.tables import Tables
from kexecspec.importers.source.tee_calls import tee_calls
from kexecspec.importers.source.values import DriverRead, Effect, Match, Reached

_FOLLOWED = frozenset(("platform", "pci", "amba", "fsl-mc", "tee", "ffa", "host1x", "virtio", "auxiliary"))
"""The buses on which there are masters, or clients of the secure world."""


def read_driver(sources: Sources, tables: Tables, config: Config | None, path: str, struct: Struct) -> DriverRead:
    """The driver whose struct is `struct` in the file `path`. What could not be read is unknown in it."""
    spec = DRIVERS[struct.type]
    followed = spec.bus in _FOLLOWED
    file = sources.whole(path) if followed else sources.structs(path)
    own = next(
        (s for s in file.structs if (s.name, s.type) == (struct.name, struct.type) and s.line == struct.line), struct
    )
    written = written_hooks(sources, config, file, own)
    hooks, walks = read_hooks(sources, tables, file, written if followed else ())
    explored = explore(sources, tables, file, _roots(file, written)) if followed else Explored()
    notifiers = tuple(_notified(sources, tables, explored))
    matches, lost = _matches(sources, config, file, own)
    dma = dma_of(tables, explored, file, own)
    quiesced = quiesced_of(Known(sources, tables, config, spec.bus, hooks, walks, dma, explored, notifiers))
    files = dict.fromkeys((path, *(f for w in walks.values() for f in w.files), *explored.files))
    return DriverRead(
        _name(sources, own, file), spec.bus, Place(path, own.line), matches,
        hooks, dma, quiesced, tee_calls(sources, file, written) if spec.bus in ("tee", "platform", "ffa") else (),
        notifiers, tuple(_undone(sources, tables, explored)), tuple(c[0] for c in explored.children),
        tuple(files), _condition(sources, path, own), tuple(_notes(file, own, explored, lost)),
        partial=not own.whole or bool(file.problem) or bool(lost) or explored.cut,
    )  # fmt: skip


def _name(sources: Sources, struct: Struct, file: FileRead) -> str:
    if name_written(struct, file) == "KBUILD_MODNAME":
        return sources.built_by(file.path)[0].rpartition("/")[2] or driver_name(struct, file)
    return name_in_headers(sources.root, struct, file) or driver_name(struct, file)


def _roots(file: FileRead, written: tuple[Written, ...]) -> tuple[str, ...]:
    """The functions from which everything else is reached; all of the file's where no probe is named."""
    probe = tuple(w.function for w in written if w.name == "probe" and w.function)
    return probe or tuple(file.functions)


def _matches(
    sources: Sources, config: Config | None, file: FileRead, struct: Struct
) -> tuple[tuple[Match, ...], tuple[str, ...]]:
    """The rows of the driver's id tables, and the names of tables that were not found or not understood."""
    made: list[Match] = []
    lost: list[str] = []
    for path, kind in DRIVERS[struct.type].tables:
        member = struct.member(path)
        for name in names_in(member.value) if member is not None else ():
            found = _table(sources, file, name, kind)
            if found is None:
                lost.append(name)
                continue
            where, table = found
            lost += [] if table.whole else [name]
            for row in table.rows:
                if config is None or holds(row.config, config) is not False:
                    made.append(Match(kind, row.text, Place(where, row.line), row.config))  # type: ignore[arg-type]
    return tuple(made), tuple(lost)


def _table(sources: Sources, file: FileRead, name: str, kind: str) -> tuple[str, Struct] | None:
    own = next((s for s in file.structs if s.name == name and ID_TABLES.get(s.type) == kind), None)
    if own is not None:
        return file.path, own
    folder = file.path.rpartition("/")[0]
    for path in sorted(sources.files_with("struct", name), key=lambda p: p.rpartition("/")[0] != folder):
        other = next(
            (s for s in sources.structs(path).structs if s.name == name and ID_TABLES.get(s.type) == kind), None
        )
        if other is not None:
            return path, other
    return None


def _notified(sources: Sources, tables: Tables, explored: Explored) -> Iterator[Reached]:
    """What the reboot notifiers that the driver registers reach."""
    for where, call in explored.notifiers:
        file = sources.whole(where.place.file)
        for name in _functions_of(file, call):
            walk = walk_from(sources, tables, file, name, {})
            fact = stops(walk, name)
            effect: Effect = "stops" if fact.value else "keeps" if fact.value is False else "perhaps"
            yield Reached(name, effect, where.place, where.path, "", fact.note)


def _undone(sources: Sources, tables: Tables, explored: Explored) -> Iterator[Reached]:
    """What devm actions reach that stops the master. They run on unbinding, never at a handoff."""
    for where, call in explored.actions:
        file = sources.whole(where.place.file)
        for name in [a.strip("& ()") for a in call.args[1:2]]:
            if name in file.functions:
                fact = stops(walk_from(sources, tables, file, name, {}), name)
                if fact.value is not False:
                    yield Reached(name, "stops" if fact.value else "perhaps", where.place, where.path, "", fact.note)


def _functions_of(file: FileRead, call: Call) -> Iterator[str]:
    """The functions of the notifier_block that a call registers: a variable, or assigned to a member."""
    words = {w for a in call.args for w in names_in(a)}
    blocks = [s for s in file.structs if s.type == "notifier_block" and s.name in words]
    for block in blocks:
        member = block.member("notifier_call")
        if member is not None:
            yield from names_in(member.value)[:1]
    if not blocks:
        yield from file.assigned.get("notifier_call", ())
        yield from (w for w in words if w in file.functions)


def _condition(sources: Sources, path: str, struct: Struct) -> str:
    symbol = sources.built_by(path)[1]
    built = f"IS_ENABLED({symbol})" if symbol.startswith("CONFIG_") else ""
    return " && ".join(c for c in (built, struct.config) if c)


def _notes(file: FileRead, struct: Struct, explored: Explored, lost: tuple[str, ...]) -> Iterator[str]:
    if not struct.whole:
        yield f"{file.path}:{struct.line}: the struct was not understood whole"
    if file.problem:
        yield f"{file.path}: {file.problem}"
    for name in lost:
        yield f"the table {name} was not found, or not understood whole"
    if explored.cut:
        yield "its probe reaches more than was followed"
