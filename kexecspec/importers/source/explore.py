"""What a driver does while it is bound: all that its probe reaches, by calls and by the functions that it hands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kexecspec.importers.facts import Place
from kexecspec.importers.source.core_code import ALSO, ALWAYS
from kexecspec.importers.source.records import Call, FileRead, Function, Struct
from kexecspec.importers.source.resolve import Found, called, defined_in, macro_calls
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.tables import Kind, Tables
from kexecspec.importers.source.values import Reached

MOST = 1500
DEEPEST = 14
LARGEST_MODULE = 40


@dataclass(slots=True)
class Explored:
    """Calls that show what the driver is, by kind, in the order in which they were met. denied: those that issue no DMA
    by what they are given."""

    kinds: dict[str, Reached] = field(default_factory=dict)
    denied: dict[str, Reached] = field(default_factory=dict)
    dma: dict[str, Reached] = field(default_factory=dict)
    engine: dict[str, Reached] = field(default_factory=dict)
    children: list[tuple[Reached, str]] = field(default_factory=list)
    notifiers: list[tuple[Reached, Call]] = field(default_factory=list)
    actions: list[tuple[Reached, Call]] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    cut: bool = False


def explore(sources: Sources, tables: Tables, file: FileRead, roots: Iterable[str]) -> Explored:
    """What is reached from the functions `roots` of `file`. Core code is not entered: what it does
    for a driver is declared."""
    made = Explored()
    waiting: list[tuple[Found, tuple[str, ...]]] = [(f, ()) for root in roots for f in called(sources, file, root)]
    seen = {(f.path, f.function.name) for f, _ in waiting}
    number = 0
    while number < len(waiting):
        found, path = waiting[number]
        number += 1
        if number > MOST or len(path) > DEEPEST:
            made.cut = True
            continue
        made.files[found.path] = None
        own = sources.whole(found.path)
        for call in _calls(own, found.function):
            _note(made, tables, own, found, call, (*path, found.function.name))
        for other in _next(sources, tables, own, found.function, file.path):
            key = (other.path, other.function.name)
            if key not in seen:
                seen.add(key)
                waiting.append((other, (*path, found.function.name)))
    return made


def _calls(file: FileRead, function: Function) -> Iterator[Call]:
    for call in function.calls:
        yield call
        if call.name not in file.functions:
            for name in macro_calls(file, call.name):
                yield Call(name, call.line, call.args)


def _note(made: Explored, tables: Tables, file: FileRead, found: Found, call: Call, path: tuple[str, ...]) -> None:
    place = Place(found.path, call.line)
    kind = tables.kinds.get(call.name)
    denied = _denied(file, call, kind, path) if kind is not None else None
    if kind is not None and denied is not None:
        made.denied.setdefault(kind.subsystem, denied)
    elif kind is not None:
        made.kinds.setdefault(kind.subsystem, Reached(call.name, "perhaps", place, path, why=kind.why))
    if call.name in tables.dma:
        made.dma.setdefault(call.name, Reached(call.name, "perhaps", place, path))
    if call.name in tables.engine:
        made.engine.setdefault(call.name, Reached(call.name, "perhaps", place, path))
    if call.name in tables.children:
        named = string(file, call.args[0]) if call.args else ""
        made.children.append((Reached(call.name, "perhaps", place, path), named))
    if call.name in tables.notifiers:
        made.notifiers.append((Reached(call.name, "perhaps", place, path), call))
    if call.name in tables.actions:
        made.actions.append((Reached(call.name, "perhaps", place, path), call))


def _denied(file: FileRead, call: Call, kind: Kind, path: tuple[str, ...]) -> Reached | None:
    """The member by which a struct that the call is given shows that there is no DMA after all."""
    if kind.unless is None or not call.args:
        return None
    type_name, name, word, why = kind.unless
    struct = file.struct(call.args[0].removeprefix("&"))
    member = struct.member(name) if struct is not None and struct.type == type_name else None
    if member is None or word in member.value or member.config:
        return None
    return Reached(call.name, "keeps", Place(file.path, member.line), path, why=why)


def string(file: FileRead, text: str) -> str:
    """The string that an argument is, by itself or by a macro of the file; empty for anything else."""
    for _ in range(4):
        text = file.macros.get(text, text).strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') == 2 else ""


def _next(sources: Sources, tables: Tables, file: FileRead, function: Function, driver: str) -> Iterator[Found]:
    """Where a function leads: what it calls, and what it hands on by name, in a struct or by itself."""
    home = driver.rpartition("/")[0]
    for call in _calls(file, function):
        if (
            call.name in tables.kinds
            or call.name in tables.children
            or call.name in tables.dma
            or call.name in tables.engine
        ):
            continue
        own = defined_in(file, call.name)
        if not own and tables.said(call.name) is not None:
            continue
        yield from (f for f in own or called(sources, file, call.name, driver, LARGEST_MODULE) if _worth(f.path, home))
        yield from _foreign(sources, file, call, home)
    for name in function.refs:
        yield from defined_in(file, name)
        struct = file.struct(name)
        if struct is not None:
            yield from _of_struct(sources, file, struct, home)


def _of_struct(sources: Sources, file: FileRead, struct: Struct, home: str) -> Iterator[Found]:
    """The functions that a struct's members point to."""
    for member in struct.members:
        value = member.value.strip("&() ")
        if value.isidentifier():
            yield from (f for f in defined_in(file, value) or _global(sources, file, value) if _worth(f.path, home))


def _foreign(sources: Sources, file: FileRead, call: Call, home: str) -> Iterator[Found]:
    """The functions of a struct of another file that a call is given, such as component_add's."""
    for argument in call.args:
        name = argument.removeprefix("&")
        if name != argument and name.isidentifier() and file.struct(name) is None:
            for path in sources.files_with("struct", name):
                other = sources.whole(path)
                struct = other.struct(name)
                if struct is not None and _worth(path, home):
                    yield from _of_struct(sources, other, struct, home)


def _global(sources: Sources, file: FileRead, name: str) -> tuple[Found, ...]:
    return called(sources, file, name) if sources.files_with("function", name) else ()


def _worth(path: str, home: str) -> bool:
    return path.startswith(f"{home}/") or not path.startswith((*ALWAYS, *ALSO))
