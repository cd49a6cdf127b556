"""The hooks of a driver: which there are, by which member, and what they do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kexecspec.importers.facts import Fact, Place
from kexecspec.importers.source.conditions import Config, holds
from kexecspec.importers.source.judge import stops, unmaps_first
from kexecspec.importers.source.reach import Walk, walk_from
from kexecspec.importers.source.records import FileRead, Member, Struct
from kexecspec.importers.source.resolve import Found, called
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.struct_types import DRIVERS
from kexecspec.importers.source.tables import Tables
from kexecspec.importers.source.values import Hook, State

PM = ("suspend", "poweroff", "suspend_late", "suspend_noirq", "runtime_suspend")
_NAME = re.compile(r"[A-Za-z_]\w*")
_WRAPPERS = frozenset(
    (
        "of_match_ptr",
        "ACPI_PTR",
        "pm_ptr",
        "pm_sleep_ptr",
        "__exit_p",
        "__devexit_p",
        "PTR_IF",
        "IS_ENABLED",
        "NULL",
        "void",
        "struct",
    )
)
_ASKS = re.compile(r"IS_ENABLED\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Written:
    """A hook as the initialiser has it, before anybody looked at its function. file: where that name is known."""

    name: str
    state: State
    function: str
    place: Place
    condition: str
    file: str


def names_in(value: str) -> tuple[str, ...]:
    """The functions or variables that a member's value names, the usual macros around them taken off."""
    return tuple(n for n in _NAME.findall(value) if n not in _WRAPPERS and not n.startswith("CONFIG_"))


def written_hooks(sources: Sources, config: Config | None, file: FileRead, struct: Struct) -> tuple[Written, ...]:
    """The hooks of a driver's struct, those of its dev_pm_ops among them."""
    made = [_own(config, file, struct, name, paths) for name, paths in DRIVERS[struct.type].hooks]
    pm = next(
        (m for m in (struct.member(p) for p in ("driver.pm", "drv.pm", "pm", "mdiodrv.driver.pm")) if m is not None),
        None,
    )
    operations = _pm_struct(sources, file, pm) if pm is not None else None
    for name in PM:
        earlier = next((w for w in made if w.name == name and w.state != "absent"), None)
        if earlier is not None:
            continue
        made = [w for w in made if w.name != name]
        if pm is None:
            made.append(_missing(file.path, struct, name))
        elif operations is None:
            made.append(Written(name, "unknown", "", Place(file.path, pm.line), "", file.path))
        else:
            path, table = operations
            outer = " && ".join(c for c in (_more(pm.config, struct.config), *_ASKS.findall(pm.value)) if c)
            made.append(_state(config, path, table, name, table.member(name), outer))
    return tuple(made)


def read_hooks(
    sources: Sources, tables: Tables, file: FileRead, written: tuple[Written, ...]
) -> tuple[tuple[Hook, ...], Mapping[str, Walk]]:
    """The hooks with what they reach; and the walks, by hook."""
    known = {w.name: called(sources, sources.whole(w.file), w.function) for w in written if w.function}
    made, walks = [], {}
    remove = next((w.function for w in written if w.name == "remove"), "")
    for hook in written:
        if not hook.function or hook.name == "probe":
            made.append(Hook(hook.name, hook.state, hook.function, hook.place, _without(hook), hook.condition))
            continue
        walk = walk_from(sources, tables, sources.whole(hook.file), hook.function, _others(known, hook.name), file.path)
        walks[hook.name] = walk
        fact = stops(walk, hook.function, is_remove=hook.name == "shutdown" and hook.function == remove)
        made.append(
            Hook(
                hook.name,
                hook.state,
                hook.function,
                hook.place,
                fact,
                hook.condition,
                tuple(walk.reached),
                bool(walk.unmapped),
                unmaps_first(walk),
            )
        )
    return tuple(made), walks


def _others(known: Mapping[str, tuple[Found, ...]], own: str) -> Mapping[str, tuple[Found, ...]]:
    return {name: found for name, found in known.items() if name != own}


def _without(hook: Written) -> Fact[bool]:
    if hook.state == "absent":
        return Fact(False, (hook.place,), "read", "there is no such hook")
    return Fact(None, (hook.place,), "unknown", "its function is not known" if not hook.function else "")


def _own(config: Config | None, file: FileRead, struct: Struct, name: str, paths: tuple[str, ...]) -> Written:
    member = next((m for m in (struct.member(p) for p in paths) if m is not None), None)
    if member is None and name in ("shutdown", "remove") and file.assigned.get(f"driver:{name}"):
        return Written(
            name,
            "unknown",
            file.assigned[f"driver:{name}"][0],
            Place(file.path, struct.line),
            "it is assigned at run time",
            file.path,
        )
    return _state(config, file.path, struct, name, member, "")


def _state(config: Config | None, path: str, struct: Struct, name: str, member: Member | None, outer: str) -> Written:
    if member is None:
        return _missing(path, struct, name)
    functions = names_in(member.value)
    place = Place(path, member.line)
    if not functions:
        return Written(name, "absent", "", place, "", path)
    parts = (outer, _more(member.config, struct.config), *_ASKS.findall(member.value))
    condition = " && ".join(dict.fromkeys(p for p in parts if p))
    state: State = "maybe" if condition else "present"
    if condition and config is not None:
        there = holds(condition, config)
        state = "maybe" if there is None else "present" if there else "absent"
        condition = condition if there is None else ""
    return Written(name, state, functions[0] if state != "absent" else "", place, condition, path)


def _missing(path: str, struct: Struct, name: str) -> Written:
    return Written(name, "absent" if struct.whole else "unknown", "", Place(path, struct.line), "", path)


def _more(config: str, outer: str) -> str:
    """What a line depends on beyond what the struct as a whole does."""
    return config.removeprefix(outer).removeprefix(" && ") if outer and config.startswith(outer) else config


def _pm_struct(sources: Sources, file: FileRead, member: Member) -> tuple[str, Struct] | None:
    """The dev_pm_ops that a member names, with its file."""
    for name in names_in(member.value):
        own = next((s for s in file.structs if s.name == name and s.type == "dev_pm_ops"), None)
        if own is not None:
            return file.path, own
        for path in sources.files_with("struct", name):
            found = next((s for s in sources.structs(path).structs if s.name == name and s.type == "dev_pm_ops"), None)
            if found is not None:
                return path, found
    return None
