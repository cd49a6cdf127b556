"""The records of a tree's files, by path and by what they define. What was not read whole yet is read on demand."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kexecspec.importers.source.kept import Damaged, Kept
from kexecspec.importers.source.kept_rows import FILE, Question
from kexecspec.importers.source.reading import STRUCTS, WHOLE, Level, read_file, record, unpacked_json
from kexecspec.importers.source.records import FileRead
from kexecspec.importers.source.tree import Signature

_HELD = 600


@dataclass(slots=True)
class Sources:
    """The files of the tree at `root`, and what the index keeps of them."""

    root: Path
    kept: Kept
    _held: OrderedDict[tuple[str, bool], FileRead] = field(default_factory=OrderedDict, repr=False)
    _named: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict, repr=False)
    _modules: dict[str, dict[str, list[str]]] = field(default_factory=dict, repr=False)
    _asked: set[Question] = field(default_factory=set, repr=False)

    @contextlib.contextmanager
    def watched(self) -> Iterator[set[Question]]:
        """All that is asked within: the set is whole when that has ended."""
        before, self._asked = self._asked, set()
        try:
            yield self._asked
        finally:
            self._asked = before

    def structs(self, path: str) -> FileRead:
        """The file `path` with its structs; its functions may be missing."""
        return self._file(path, STRUCTS)

    def whole(self, path: str) -> FileRead:
        """The file `path` with all that can be read of it."""
        return self._file(path, WHOLE)

    def files_with(self, kind: str, text: str) -> tuple[str, ...]:
        """The files that have the key `text` of that kind: a function or struct that they define, a row of an id table,
        a driver's name."""
        key = (kind, text)
        self._asked.add(key)
        if key not in self._named:
            rows = self.kept.rows(
                "SELECT path FROM keys JOIN files ON number = file WHERE kind = ? AND text = ? ORDER BY path", key
            )
            self._named[key] = tuple(row[0] for row in rows)
        return self._named[key]

    def files_of(self, kind: str) -> tuple[str, ...]:
        """The files that have any key of that kind."""
        rows = self.kept.rows(
            "SELECT DISTINCT path FROM keys JOIN files ON number = file WHERE kind = ? ORDER BY path", [kind]
        )
        return tuple(row[0] for row in rows)

    def texts_of(self, kind: str) -> tuple[str, ...]:
        """All keys of that kind."""
        return tuple(
            row[0] for row in self.kept.rows("SELECT DISTINCT text FROM keys WHERE kind = ? ORDER BY text", [kind])
        )

    def built_by(self, path: str) -> tuple[str, str]:
        """The module that a file is joined to (its own name where it is one by itself) and the symbol that builds it;
        both empty where no makefile says."""
        stem = path.removesuffix(".c") + ".o"
        folder, _, rest = stem.rpartition("/")
        while True:
            found = self._objects(folder).get(rest)
            if found is not None:
                return f"{folder}/{found[0] or rest.removesuffix('.o')}", found[1]
            if not folder:
                return "", ""
            folder, _, last = folder.rpartition("/")
            rest = f"{last}/{rest}"

    def module_files(self, path: str) -> tuple[str, ...]:
        """The files that are linked into one module with `path`, itself among them."""
        module, _ = self.built_by(path)
        folder, _, name = module.rpartition("/")
        parts = [f"{folder}/{o.removesuffix('.o')}.c" for o, entry in self._objects(folder).items() if entry[0] == name]
        return tuple(dict.fromkeys((path, *parts))) if module else (path,)

    def _objects(self, folder: str) -> dict[str, list[str]]:
        paths = [f"{folder}/{name}".lstrip("/") for name in ("Kbuild", "Makefile")]
        self._asked.update((FILE, path) for path in paths)
        if folder not in self._modules:
            made: dict[str, list[str]] = {}
            for path in paths:
                for (content,) in self.kept.rows("SELECT content FROM files WHERE path = ?", [path]):
                    made |= unpacked_json(content) if content else {}
            self._modules[folder] = made
        return self._modules[folder]

    def _file(self, path: str, level: Level) -> FileRead:
        key = (path, level == WHOLE)
        self._asked.add((FILE, path))
        if key not in self._held:
            self._held[key] = self._read(path, level)
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return self._held[key]

    def _read(self, path: str, level: Level) -> FileRead:
        for kept, size, changed, content, problem in self.kept.rows(
            "SELECT level, size, changed, content, problem FROM files WHERE path = ?", [path]
        ):
            if problem and not content:
                return FileRead(path, problem=problem)
            if kept >= level:
                try:
                    return record(content)
                except ValueError:
                    pass  # damaged: it is read once more
            read = read_file(self.root, path, level)
            with contextlib.suppress(Damaged):  # it can be used all the same
                self.kept.keep([(read, Signature(size, changed))])
            return record(read.content) if read.content else FileRead(path, problem=read.problem or "it cannot be read")
        return FileRead(path, problem="it is not in the tree")
