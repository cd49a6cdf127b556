"""A matrix file read: everything that is wrong with it is told at once, and nothing is checked before."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.schema import validate
from kexecspec.source import load, read
from kexecspec.sweep.matrix import ADDED, LIMIT, PLATFORM, Axis, Choice, Matrix, Value, named
from kexecspec.tree import Entry, Items, Node, Scalar, Table, find

RESERVED = (ADDED, "name", "set", "number", "verdict", "exit", "findings", "seconds")
MOST_FILES = 10_000
_MAGIC = frozenset("*?[")


def read_matrix(path: str) -> Matrix:
    """The matrix in the file `path`. Raises InputError with everything that is wrong."""
    root = read(path)
    wrong = validate(root, "sweep")
    if wrong or not isinstance(root, Table):
        raise InputError(wrong)
    return _Reader(path, root).matrix()


@dataclass
class _Reader:
    path: str
    root: Table
    wrong: list[Diagnostic] = field(default_factory=list)
    files: dict[str, Table | None] = field(default_factory=dict)

    def matrix(self) -> Matrix:
        written = self.root.get("axes")
        assert isinstance(written, Table)
        axes = tuple(self._axis(entry) for entry in written.entries)
        axes = (*(a for a in axes if a.name == PLATFORM), *(a for a in axes if a.name != PLATFORM))
        excludes = tuple(self._choices("exclude", axes))
        includes = tuple(self._choices("include", axes))
        limit, name = find(self.root, ("limit",)), find(self.root, ("sweep",))
        if self.wrong:
            raise InputError(self.wrong)
        return Matrix(
            name.text if isinstance(name, Scalar) else os.path.splitext(os.path.basename(self.path))[0],
            self.path,
            axes,
            excludes,
            includes,
            limit.value if isinstance(limit, Scalar) and isinstance(limit.value, int) else LIMIT,
        )

    def _say(self, code: str, message: str, span: Span, help_: str | None = None) -> None:
        self.wrong.append(Diagnostic(code, message, span, help=help_))

    def _axis(self, entry: Entry) -> Axis:
        name = entry.key.text
        if name in RESERVED:
            self._say("KX002", f"no axis can be called {quote(name)}", entry.key.span, f"taken: {', '.join(RESERVED)}")
        values: dict[str, Value] = {}
        for value in self._placed(entry.value) if isinstance(entry.value, Table) else self._listed(entry.value):
            if value.name in values:
                message = f"{quote(value.name)} stands twice in {quote(name)} (line {values[value.name].span.line})"
                self._say("KX023", message, value.span, "remove one of the two")
            values[value.name] = value
        return Axis(name, tuple(values.values()), entry.key.span)

    def _placed(self, axis: Table) -> Iterator[Value]:
        place, values = axis.get("at"), axis.get("values")
        assert isinstance(place, Scalar) and isinstance(values, Items)
        for value in values.items:
            assert isinstance(value, Scalar)
            layer: Node = value
            for key in reversed(place.text.split(".")):
                layer = Table((Entry(Scalar(key, key, place.span), layer),), value.span)
            assert isinstance(layer, Table)
            yield Value(value.text, (self._layer(layer),), value.span)

    def _listed(self, axis: Node) -> Iterator[Value]:
        assert isinstance(axis, Items)
        for item in axis.items:
            if isinstance(item, Scalar):
                yield from self._files(item)
            elif isinstance(item, Table):
                yield self._named(item)

    def _files(self, item: Scalar) -> Iterator[Value]:
        """The files that a text names or fits; each is called as it is found from the matrix."""
        folder = os.path.dirname(self.path)
        found = [item.text]
        if _MAGIC.intersection(item.text):
            found = sorted(glob.glob(item.text, root_dir=folder or None, recursive=True))
            if len(found) > MOST_FILES:
                self._say("KX018", f"{len(found)} files fit {quote(item.text)}: at most {MOST_FILES}", item.span)
                return
            if not found:
                beside = f"looked for beside {quote(self.path)}"
                self._say("KX029", f"no file fits {quote(item.text)}", item.span, beside)
        for name in found:
            yield Value(name, self._read(name, item.span), item.span, self._path(name))

    def _named(self, item: Table) -> Value:
        name, file, layer = item.get("name"), item.get("file"), item.get("set")
        assert isinstance(name, Scalar)
        layers = self._read(file.text, file.span) if isinstance(file, Scalar) else ()
        if isinstance(layer, Table):
            layers = (*layers, self._layer(layer))
        return Value(name.text, layers, name.span, self._path(file.text) if isinstance(file, Scalar) else None)

    def _path(self, name: str) -> str:
        return os.path.normpath(os.path.join(os.path.dirname(self.path), name))

    def _layer(self, layer: Table) -> Table:
        under = layer.entry("extends")
        if under is not None:
            self._say("KX019", "what a value sets extends nothing", under.key.span, "name the file by 'file:'")
        return layer

    def _read(self, name: str, span: Span) -> tuple[Table, ...]:
        """The content of a file, read once; that it cannot be used is told once, at the place that names it first."""
        path = self._path(name)
        if path not in self.files:
            self.files[path] = None
            try:
                tree = load(path)
                if isinstance(tree, Table):
                    self.files[path] = tree
                else:
                    self._say("KX006", f"{quote(name)} holds no mapping", span)
            except InputError as error:
                first = error.diagnostics[0]
                if first.code in ("KX013", "KX014"):
                    self._say(first.code, f"{quote(name)}: {first.message}", span)
                else:
                    self.wrong += error.diagnostics
        found = self.files[path]
        return () if found is None else (found,)

    def _choices(self, key: str, axes: tuple[Axis, ...]) -> Iterator[Choice]:
        written = self.root.get(key)
        for item in written.items if isinstance(written, Items) else ():
            assert isinstance(item, Table)
            name, layer = (item.get("name"), item.get("set")) if key == "include" else (None, None)
            added = None
            if isinstance(name, Scalar) and isinstance(layer, Table):
                added = (name.text, self._layer(layer))
            chosen = [entry for entry in item.entries if added is None or entry.key.text not in ("name", "set")]
            span = Span(item.span.path, item.span.line, item.span.column, item.span.line, item.span.column + 1)
            yield Choice({entry.key.text: self._wanted(entry, axes) for entry in chosen}, span, added)

    def _wanted(self, entry: Entry, axes: tuple[Axis, ...]) -> tuple[str, ...]:
        """The patterns that an entry has for one axis, each of which fits a value."""
        items = entry.value.items if isinstance(entry.value, Items) else (entry.value,)
        patterns = [item for item in items if isinstance(item, Scalar)]
        axis = next((axis for axis in axes if axis.name == entry.key.text), None)
        if axis is None:
            help_ = allowed_help(entry.key.text, [axis.name for axis in axes], "there are")
            self._say("KX002", f"unknown axis {quote(entry.key.text)}", entry.key.span, help_)
            return ()
        names = [value.name for value in axis.values]
        for pattern in patterns:
            if not any(named(name, pattern.text) for name in names):
                message = f"no value of {quote(axis.name)} is or fits {quote(pattern.text)}"
                self._say("KX002", message, pattern.span, allowed_help(pattern.text, names, "it has"))
        return tuple(pattern.text for pattern in patterns)
