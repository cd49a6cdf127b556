"""Which function a call means: one of its file, of the folder, of the whole tree, or what a member may point to."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.importers.source.blank import calls_in
from kexecspec.importers.source.records import FileRead, Function
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.struct_types import DRIVERS

MOST_POINTED = 8
LARGEST_MODULE = 160
"""In larger modules a member's functions are not looked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A function's definition, in its file."""

    path: str
    function: Function


def defined_in(file: FileRead, name: str) -> tuple[Found, ...]:
    """The definitions of `name` in a file: several where the preprocessor chooses."""
    return tuple(Found(file.path, f) for f in file.functions.get(name, ()))


def called(
    sources: Sources, file: FileRead, name: str, home: str = "", largest: int = LARGEST_MODULE
) -> tuple[Found, ...]:
    """The definitions that a call of `name` in `file` can mean; none where they are not found, or too many. home: the
    file of the driver on whose behalf it is made, where its own structs lie."""
    if name.startswith("->"):
        return pointed(sources, file, name[2:], home, largest)
    own = defined_in(file, name)
    if own:
        return own
    paths = [p for p in sources.files_with("function", name) if p != file.path]
    if len(paths) > 1:
        near = [p for p in paths if _folder(p) == _folder(file.path)]
        paths = near or _nearest(paths, file.path)
    if len(paths) != 1:
        return ()
    return defined_in(sources.whole(paths[0]), name)


def pointed(
    sources: Sources, file: FileRead, member: str, home: str = "", largest: int = LARGEST_MODULE
) -> tuple[Found, ...]:
    """The functions that a member called `member` is made to point to, if they are few: in the file itself, else in the
    driver's, else in the modules of both."""
    near = [p for p in (file.path, home) if p]
    for paths in (near[:1], near[1:], tuple(p for n in near for p in _module(sources, n, largest))):
        made: dict[tuple[str, str, int], Found] = {}
        for path in paths:
            own = sources.whole(path)
            members = [m for s in own.structs if s.type not in DRIVERS for m in s.members]
            names = [m.value.strip("&() ") for m in members if m.path.rpartition(".")[2] == member]
            for name in dict.fromkeys((*names, *own.assigned.get(member, ()))):
                for found in called_plain(sources, own, name):
                    made[found.path, found.function.name, found.function.line] = found
        if made:
            return tuple(made.values()) if len(made) <= MOST_POINTED else ()
    return ()


def _module(sources: Sources, path: str, largest: int) -> tuple[str, ...]:
    files = sources.module_files(path)
    return files if len(files) <= largest else ()


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


def _nearest(paths: list[str], path: str) -> list[str]:
    """Those of `paths` that have most folders in common with `path`; several that tie are too many."""
    most = max(_shared(p, path) for p in paths)
    return [p for p in paths if _shared(p, path) == most]


def _shared(one: str, other: str) -> int:
    number = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        number += 1
    return number
