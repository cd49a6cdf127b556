"""Which function a call means: one of its file, of the folder, of the whole tree, or what a member may point to."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.importers.source.cleared import calls_in
from kexecspec.importers.source.records import FileRead, Function
from kexecspec.importers.source.sources import Sources

MOST_POINTED = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A function's definition, in its file."""

    path: str
    function: Function


def defined_in(file: FileRead, name: str) -> tuple[Found, ...]:
    """The definitions of `name` in a file: several where the preprocessor chooses."""
    return tuple(Found(file.path, f) for f in file.functions.get(name, ()))


def called(sources: Sources, file: FileRead, name: str) -> tuple[Found, ...]:
    """The definitions that a call of `name` in `file` can mean; none where they are not found, or too many."""
    if name.startswith("->"):
        return pointed(sources, file, name[2:])
    own = defined_in(file, name)
    if own:
        return own
    paths = [p for p in sources.files_with("function", name) if p != file.path]
    if len(paths) > 1:
        near = [p for p in paths if _folder(p) == _folder(file.path)]
        paths = near or [p for p in paths if _shared(p, file.path) == max(_shared(q, file.path) for q in paths)]
    if len(paths) != 1:
        return ()
    return defined_in(sources.whole(paths[0]), name)


def pointed(sources: Sources, file: FileRead, member: str) -> tuple[Found, ...]:
    """The functions that a member called `member` is made to point to in the file, if they are few."""
    names = [m.value.strip("&() ") for s in file.structs for m in s.members if m.path.rpartition(".")[2] == member]
    names += file.assigned.get(member, ())
    made = [f for name in dict.fromkeys(names) for f in defined_in(file, name) or called_plain(sources, file, name)]
    return tuple(made) if len(made) <= MOST_POINTED else ()


def called_plain(sources: Sources, file: FileRead, name: str) -> tuple[Found, ...]:
    """As `called`, for a name that is no member."""
    return called(sources, file, name) if name.isidentifier() else ()


def macro_calls(file: FileRead, name: str) -> tuple[str, ...]:
    """What a macro of the file that is called `name` calls."""
    body = file.macros.get(f"{name}()")
    if body is None:
        alias = file.macros.get(name, "")
        return (alias,) if alias.isidentifier() else ()
    return calls_in(body)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _shared(one: str, other: str) -> int:
    number = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        number += 1
    return number
