"""What one C file says, by itself: nothing here knows of another file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the function's name (`->name` where a member is called), its line, its arguments as written (cut short),
    the C conditions that it stands under, outermost first, and the configuration."""

    name: str
    line: int
    args: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    config: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function's definition. refs: functions and structs of the file that its body names without calling them."""

    name: str
    line: int
    static: bool
    calls: tuple[Call, ...] = ()
    refs: tuple[str, ...] = ()
    config: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A designated member: `driver.pm`, its value as written, its line, and the configuration that it depends on."""

    path: str
    value: str
    line: int
    config: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an id table, in the words of values.Match.text, symbols not yet resolved."""

    text: str
    line: int
    config: str = ""


@dataclass(frozen=True, slots=True)
class Struct:
    """An initialised variable at the top of a file. Not `whole`: something in it was not understood."""

    type: str
    name: str
    line: int
    whole: bool = True
    members: tuple[Member, ...] = ()
    rows: tuple[Row, ...] = ()
    config: str = ""

    def member(self, path: str) -> Member | None:
        """The member at `path`, the last where there are several."""
        return next((m for m in reversed(self.members) if m.path == path), None)


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file. unread: functions that the text seems to define and the parser did not see. assigned: `member` ->
    functions that are assigned to a member of that name. problem: why it is not read whole, if it is not."""

    path: str
    functions: Mapping[str, tuple[Function, ...]] = field(default_factory=dict)
    structs: tuple[Struct, ...] = ()
    macros: Mapping[str, str] = field(default_factory=dict)
    assigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    problem: str = ""

    def struct(self, name: str) -> Struct | None:
        """The struct called `name`."""
        return next((s for s in self.structs if s.name == name), None)


def packed(file: FileRead) -> list[Any]:
    """A file as JSON can hold it."""
    functions = [
        [
            f.name,
            f.line,
            f.static,
            [[c.name, c.line, c.args, c.conditions, c.config] for c in f.calls],
            f.refs,
            f.config,
        ]
        for several in file.functions.values()
        for f in several
    ]
    structs = [
        [s.type, s.name, s.line, s.whole, [[m.path, m.value, m.line, m.config] for m in s.members],
         [[r.text, r.line, r.config] for r in s.rows], s.config]
        for s in file.structs
    ]  # fmt: skip
    return [file.path, functions, structs, dict(file.macros), dict(file.assigned), file.unread, file.problem]


def unpacked(content: list[Any]) -> FileRead:
    """The file that `packed` made a list of."""
    path, functions, structs, macros, assigned, unread, problem = content
    table: dict[str, tuple[Function, ...]] = {}
    for name, line, static, calls, refs, config in functions:
        made = tuple(Call(c[0], c[1], tuple(c[2]), tuple(c[3]), c[4]) for c in calls)
        table[name] = (*table.get(name, ()), Function(name, line, static, made, tuple(refs), config))
    read = tuple(
        Struct(s[0], s[1], s[2], s[3], tuple(Member(*m) for m in s[4]), tuple(Row(*r) for r in s[5]), s[6])
        for s in structs
    )
    return FileRead(path, table, read, macros, {k: tuple(v) for k, v in assigned.items()}, tuple(unread), problem)
