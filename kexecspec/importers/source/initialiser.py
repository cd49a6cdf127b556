"""What stands in a struct's initialiser: designated members, the macros of power management, and rows of id tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kexecspec.importers.source.blank import Blanked
from kexecspec.importers.source.id_rows import row_text
from kexecspec.importers.source.records import Member, Row, Struct

DEEPEST = 5
MOST_VALUE = 160
_IDENTIFIER = re.compile(r"[&(]*\s*[A-Za-z_]\w*\s*\)*")
_SLEEP, _RUNTIME = ("suspend", "freeze", "poweroff"), ("runtime_suspend",)
_LATE, _NOIRQ = ("suspend_late", "freeze_late", "poweroff_late"), ("suspend_noirq", "freeze_noirq", "poweroff_noirq")
PM_MEMBERS = {
    "SYSTEM_SLEEP_PM_OPS": (_SLEEP, "CONFIG_PM_SLEEP"), "LATE_SYSTEM_SLEEP_PM_OPS": (_LATE, "CONFIG_PM_SLEEP"),
    "NOIRQ_SYSTEM_SLEEP_PM_OPS": (_NOIRQ, "CONFIG_PM_SLEEP"), "RUNTIME_PM_OPS": (_RUNTIME, "CONFIG_PM"),
}  # fmt: skip
PM_STRUCTS = {
    "SIMPLE_DEV_PM_OPS": (_SLEEP,), "UNIVERSAL_DEV_PM_OPS": ((*_SLEEP, *_RUNTIME),), "RUNTIME_DEV_PM_OPS": (_RUNTIME,),
}  # fmt: skip
_PM_MEMBER = re.compile(r"\b(?:SET_)?(\w*PM_OPS)\s*\(([^()]*)\)\s*,?")
_MEMBER = re.compile(r"\.\s*(\w+)\s*=\s*([^,{}]+?)\s*(?:,|(?=\})|$)")
_PM_STRUCT = re.compile(
    rb"^(?:static[ \t]+|const[ \t]+|__maybe_unused[ \t]+)*"
    rb"((?:EXPORT_|DEFINE_|GPL_|NS_)*(?:SIMPLE|UNIVERSAL|RUNTIME)_DEV_PM_OPS)"
    rb"\s*\(\s*(\w+)\s*,\s*([^();]*)\)",
    re.MULTILINE,
)
_PM_EXPORTED = re.compile(rb"^(?:EXPORT_\w*)DEV_PM_OPS\s*\(\s*(\w+)[^()]*\)\s*=\s*\{([^{};]*)\}\s*;", re.MULTILINE)


def members_of(value: Any, clean: Blanked, offset: int, everything: bool) -> tuple[tuple[Member, ...], bool]:
    """The members of an initialiser, and whether all of it was understood. Without `everything` only those that name
    a function or a variable."""
    made = list(_members(value, "", clean, offset, 0))
    whole = all(m is not None for m in made)
    kept = [m for m in made if m is not None and (everything or _IDENTIFIER.fullmatch(m.value) and m.value != "NULL")]
    return tuple(kept), whole


def _members(value: Any, prefix: str, clean: Blanked, offset: int, depth: int) -> Iterator[Member | None]:
    """None stands for a piece that was not understood."""
    for item in value.children:
        if item.type == "ERROR" or item.is_missing:
            yield None
        elif item.type == "initializer_list" and depth < DEEPEST:
            yield from _members(item, prefix, clean, offset, depth + 1)
        elif item.type == "initializer_pair":
            yield from _pair(item, prefix, clean, offset, depth)
        elif item.type == "call_expression" and (macro := _PM_MEMBER.match(_text(item))):
            yield from pm_members(macro, prefix, item.start_point[0] + 1 + offset, clean)
        elif item.is_named and item.type != "comment":
            yield None


def _pair(item: Any, prefix: str, clean: Blanked, offset: int, depth: int) -> Iterator[Member | None]:
    designators = item.children_by_field_name("designator")
    value = item.child_by_field_name("value")
    swallowed = value is not None and value.type in ("assignment_expression", "comma_expression")
    if not designators or value is None or swallowed or item.has_error and value.type != "initializer_list":
        yield None
        return
    path = prefix + ".".join(_text(d).lstrip(".").strip() for d in designators)
    line = item.start_point[0] + 1 + offset
    if value.type == "initializer_list":
        if depth < DEEPEST:
            yield from _members(value, f"{path}.", clean, offset, depth + 1)
        return
    yield Member(path, _text(value)[:MOST_VALUE], line, clean.conditions.at(line))


def pm_members(macro: re.Match[str], prefix: str, line: int, clean: Blanked) -> Iterator[Member | None]:
    """What a macro such as SET_SYSTEM_SLEEP_PM_OPS(suspend, resume) stands for."""
    known = PM_MEMBERS.get(macro[1])
    if known is None:
        yield None
        return
    names, config = known
    first = macro[2].split(",")[0].strip()
    own = clean.conditions.at(line)
    for name in names:
        yield Member(f"{prefix}{name}", first, line, f"{own} && {config}" if own else config)


def pm_macros(clean: Blanked) -> Iterator[Struct]:
    """The dev_pm_ops that are made by a macro, or that a plain initialiser with such macros in it makes."""
    text = clean.text
    if b"DEV_PM_OPS" not in text:
        return
    for found in _PM_STRUCT.finditer(text):
        line = text.count(b"\n", 0, found.start()) + 1
        kind = re.sub(r"^(?:EXPORT_|DEFINE_|GPL_|NS_)*", "", found[1].decode())
        first = found[3].decode("utf-8", "replace").split(",")[0].strip()
        config = clean.conditions.at(line)
        members = [Member(n, first, line, config) for n in PM_STRUCTS[kind][0]]
        if kind == "RUNTIME_DEV_PM_OPS":
            members += [Member(n, "pm_runtime_force_suspend", line, config) for n in _SLEEP]
        yield Struct("dev_pm_ops", found[2].decode(), line, True, tuple(members), (), config)
    for found in _PM_EXPORTED.finditer(text):
        line = text.count(b"\n", 0, found.start()) + 1
        yield pm_struct(found[1].decode(), found[2].decode("utf-8", "replace"), line, clean)


def pm_struct(name: str, body: str, line: int, clean: Blanked) -> Struct:
    """A dev_pm_ops from the text between its braces, which the parser cannot make sense of: its macros end without a
    comma. It is whole if nothing is left of the text in the end."""
    made: list[Member | None] = []
    for found in _PM_MEMBER.finditer(body):
        made += pm_members(found, "", line + body.count("\n", 0, found.start()), clean)
    rest = _PM_MEMBER.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), body)
    for found in _MEMBER.finditer(rest):
        at = line + rest.count("\n", 0, found.start())
        made.append(Member(found[1], " ".join(found[2].split()), at, clean.conditions.at(at)))
    left = _MEMBER.sub("", rest).replace(",", "").strip()
    members = tuple(m for m in made if m is not None)
    return Struct("dev_pm_ops", name, line, not left and None not in made, members, (), clean.conditions.at(line))


def rows_of(kind: str, value: Any, clean: Blanked, offset: int) -> tuple[tuple[Row, ...], bool]:
    """The rows of an id table, and whether all of them were understood."""
    made, whole = [], True
    for item in value.children:
        if item.type in ("{", "}", ",", "comment"):
            continue
        text = row_text(kind, _text(item), clean.macros)
        line = item.start_point[0] + 1 + offset
        if text is None:
            whole = False
        elif text:
            made.append(Row(text, line, clean.conditions.at(line)))
    return tuple(made), whole


def _text(node: Any) -> str:
    return " ".join(node.text.decode("utf-8", "replace").split())
