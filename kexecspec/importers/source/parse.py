"""C text to records.

What the parser stumbles over is parsed once more by itself, and where that fails too it is kept as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kexecspec.importers.source.blank import Blanked, blank
from kexecspec.importers.source.initialiser import members_of, pm_macros, pm_struct, rows_of
from kexecspec.importers.source.nesting import Piece, nested
from kexecspec.importers.source.records import Call, FileRead, Function, Member, Row, Struct
from kexecspec.importers.source.struct_types import ID_TABLES, READ_WHOLE
from kexecspec.importers.source.syntax import captured, plain_tree

LARGEST = 4 << 20
MOST_AGAIN = 1 << 20
"""So many bytes of a file are parsed a second time."""
_LEAF = re.compile(rb"\.(\w+)[ \t\n]*=[ \t\n]*(&?[A-Za-z_]\w*(?:\([&\w]*\))?|\"[^\"\n]*\")[ \t\n]*[,}]")
_OF_DRIVER = frozenset(("name", "of_match_table", "acpi_match_table", "pm"))
MOST_ARGUMENTS = 6
_KEPT_ARGUMENTS = re.compile(
    r"tee_|devm_add_action|register_|platform_device|platform_driver|of_platform_|dma_request|mmc_|for_each|component_|"
    r"->shutdown|snd_|pci_|clk_|devm_|video|dma_set|dma_alloc|mfd_|fsl_mc|blk_|usb_|is_endpoint"
)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_ENDS = (b";", b"}", b"\n\n")
_LONGEST_HEAD = 800
_BRACE = re.compile(rb"^\{", re.MULTILINE)
_NAMED = re.compile(rb"(\w+)\s*\(")
_ASSIGNED = re.compile(rb"(?:\b(\w{1,60}))?(?:->|\.)(\w+)[ \t]*=[ \t]*&?([A-Za-z_]\w*)[ \t]*;")
_STRUCT = re.compile(
    rb"^(?:static[ \t]+|const[ \t]+)*struct[ \t]+(\w+)[ \t\n]+(?:const[ \t]+)?(\w+)[ \t]*(?:\[[^\]\n]*\])?[ \t]*=\s*\{",
    re.MULTILINE,
)
_SHUTS = frozenset(("shutdown", "remove", "suspend", "remove_new"))


_WANTED = (
    "(call_expression) @call (if_statement) @if (compound_statement) @block (case_statement) @case "
    "(function_definition) @function"
)


def read_c(path: str, text: bytes) -> FileRead:
    """The file `path` with the content `text`. Whatever `text` is, there is an answer; its `problem` and the structs
    that are not `whole` say what may be missing."""
    if len(text) > LARGEST:
        return FileRead(path, problem=f"larger than {LARGEST >> 20} MiB")
    if b"\0" in text[:4096]:
        return FileRead(path, problem="no text")
    clean = blank(text)
    root = plain_tree(clean.text)
    pieces = _captured(root)
    defined = {_name(node): node for node in pieces["function"]}
    defined.pop("", None)
    structs = list(_structs(root, clean, 0))
    known = {s.name for s in structs}
    functions: dict[str, tuple[Function, ...]] = {}
    again, unread = _again(clean, set(defined))
    structs += [s for s in _structs_again(clean, structs) if s.name not in known or not s.whole]
    structs += pm_macros(clean)
    names = {n.encode() for n in (*defined, *again, *(s.name for s in structs))}
    for function in _functions(pieces, clean, 0, names):
        functions[function.name] = (*functions.get(function.name, ()), function)
    for name, (offset, node_pieces, own) in again.items():
        for function in _functions(node_pieces, own, offset, names):
            if function.name == name:
                functions[name] = (*functions.get(name, ()), function)
    return FileRead(path, functions, _best(structs), clean.macros, _assigned(clean.text, functions), unread)


def read_structs(path: str, text: bytes) -> FileRead:
    """As `read_c`, but only the structs of a driver and its tables: nothing else of the file is parsed."""
    if len(text) > LARGEST:
        return FileRead(path, problem=f"larger than {LARGEST >> 20} MiB")
    if b"\0" in text[:4096]:
        return FileRead(path, problem="no text")
    clean = blank(text)
    structs = [*_structs_again(clean, []), *pm_macros(clean)]
    return FileRead(path, {}, _best(structs), clean.macros)


def _captured(root: Any) -> dict[str, list[Any]]:
    found = captured(root, _WANTED)
    return {kind: found.get(kind, []) for kind in ("call", "if", "block", "case", "function")}


def _name(definition: Any) -> str:
    """The name of a function's definition, empty for what is none."""
    node = definition.child_by_field_name("declarator")
    for _ in range(8):
        if node is None:
            return ""
        if node.type == "identifier":
            return str(node.text.decode("utf-8", "replace"))
        inner = node.child_by_field_name("declarator")
        if inner is None and node.type == "parenthesized_declarator":
            inner = next((c for c in node.children if c.is_named), None)
        node = inner
    return ""


def _functions(pieces: dict[str, list[Any]], clean: Blanked, offset: int, names: set[bytes]) -> Iterator[Function]:
    """The definitions among `pieces` of a text that begins `offset` lines into the file."""
    text = clean.text
    events = [Piece(n.start_byte, n.end_byte, kind, n) for kind, nodes in pieces.items() for n in nodes]
    for definition, calls in nested(events):
        name = _name(definition)
        if not name or name in ("if", "for", "while", "switch"):
            continue
        line = definition.start_point[0] + 1 + offset
        body = text[definition.start_byte : definition.end_byte]
        called = tuple(_call(node, conditions, clean, offset) for node, conditions in calls)
        plain = {c.name.encode() for c in called}
        refs = {w for w in _WORD.findall(body) if w in names} - plain - {name.encode()}
        yield Function(
            name, line, body.lstrip().startswith(b"static"), called,
            tuple(sorted(r.decode("utf-8", "replace") for r in refs)), clean.conditions.at(line),
        )  # fmt: skip


def _call(node: Any, conditions: tuple[str, ...], clean: Blanked, offset: int) -> Call:
    function = node.child_by_field_name("function")
    line = node.start_point[0] + 1 + offset
    if function is not None and function.type == "identifier":
        name = function.text.decode("utf-8", "replace")
    else:
        words = _WORD.findall(function.text[-80:]) if function is not None else []
        name = f"->{words[-1].decode()}" if words else "->"
    args: tuple[str, ...] = ()
    if _KEPT_ARGUMENTS.search(name):
        listed = node.child_by_field_name("arguments")
        given = [c for c in listed.children if c.is_named][:MOST_ARGUMENTS] if listed is not None else []
        args = tuple(" ".join(a.text.decode("utf-8", "replace").split())[:80] for a in given)
    return Call(name[:80], line, args, conditions, clean.conditions.at(line))


def _structs(root: Any, clean: Blanked, offset: int) -> Iterator[Struct]:
    """The initialised structs at the top of the file, also those that an error has swallowed."""
    rest = [iter(root.children)]
    while rest and len(rest) < 4:
        node = next(rest[-1], None)
        if node is None:
            rest.pop()
        elif node.type == "declaration":
            yield from _declared(node, clean, offset)
        elif node.type == "ERROR":
            rest.append(iter(node.children))


def _declared(node: Any, clean: Blanked, offset: int) -> Iterator[Struct]:
    kind = node.child_by_field_name("type")
    tag = kind.child_by_field_name("name") if kind is not None and kind.type == "struct_specifier" else None
    type_name = (tag or kind).text.decode("utf-8", "replace") if kind is not None else ""
    for declarator in node.children_by_field_name("declarator"):
        value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
        if value is None or value.type != "initializer_list":
            continue
        named = declarator.child_by_field_name("declarator").text
        words = _WORD.findall(named)
        if words and not named.startswith(b"*"):
            yield _struct(type_name, words[0].decode(), value, node, clean, offset)


def _struct(kind: str, name: str, value: Any, node: Any, clean: Blanked, offset: int) -> Struct:
    line = node.start_point[0] + 1 + offset
    config = clean.conditions.at(line)
    if kind in ID_TABLES:
        rows, whole = rows_of(kind, value, clean, offset)
        return Struct(kind, name, line, whole and not node.has_error, (), rows, config)
    if kind == "dev_pm_ops":
        body = clean.text[value.start_byte + 1 : value.end_byte].decode("utf-8", "replace").rstrip().removesuffix("}")
        made = pm_struct(name, body, value.start_point[0] + 1 + offset, clean)
        return replace(made, line=line, config=config)
    members, whole = members_of(value, clean, offset, everything=kind in READ_WHOLE)
    return Struct(kind, name, line, whole and not node.has_error, members, (), config)


def _again(
    clean: Blanked, found: set[str]
) -> tuple[dict[str, tuple[int, dict[str, list[Any]], Blanked]], tuple[str, ...]]:
    """Functions whose body begins in the first column and that are not `found`, each parsed by itself; and the names of
    those that did not come out of that either."""
    made: dict[str, tuple[int, dict[str, list[Any]], Blanked]] = {}
    unread: dict[str, None] = {}
    text = clean.text
    left = MOST_AGAIN
    for brace in _BRACE.finditer(text):
        low = max(0, brace.start() - _LONGEST_HEAD)
        start = max(low - 1, *(text.rfind(end, low, brace.start()) for end in _ENDS)) + 1
        head = text[start : brace.start()]
        named = _NAMED.search(head)
        name = named[1].decode("utf-8", "replace") if named else ""
        if not named or b"=" in head or name in found or name in made or name in unread:
            continue
        end = text.find(b"\n}", brace.start())
        piece = text[start : end + 2 if end >= 0 else len(text)]
        left -= len(piece)
        if left < 0:
            unread[name] = None
            continue
        offset = text.count(b"\n", 0, start)
        pieces = _captured(plain_tree(piece))
        if any(_name(node) == name for node in pieces["function"]):
            made[name] = (offset, pieces, Blanked(piece, clean.conditions))
        else:
            unread[name] = None
    return made, tuple(unread)


def _structs_again(clean: Blanked, found: list[Struct]) -> Iterator[Struct]:
    """Structs that matter and that are not found, or not whole, each parsed by itself."""
    whole = {s.name for s in found if s.whole}
    text = clean.text
    left = MOST_AGAIN
    for declared in _STRUCT.finditer(text):
        kind, name = declared[1].decode(), declared[2].decode()
        if name in whole or kind not in READ_WHOLE and kind not in ID_TABLES:
            continue
        end = text.find(b"\n}", declared.end() - 1)
        stop = text.find(b";", end) if end >= 0 else -1
        piece = text[declared.start() : stop + 1 if stop >= 0 else len(text)]
        offset = text.count(b"\n", 0, declared.start())
        left -= len(piece)
        if left < 0:
            yield Struct(kind, name, offset + 1, False)
            continue
        root = plain_tree(piece)
        made = [s for s in _structs(root, Blanked(piece, clean.conditions), offset) if s.name == name]
        whole_now = next((s for s in made if s.whole), None)
        yield whole_now or _salvaged(kind, name, piece, offset, made[0].rows if made else (), clean)


def _salvaged(kind: str, name: str, text: bytes, offset: int, rows: tuple[Row, ...], clean: Blanked) -> Struct:
    """What can still be told of a struct that was not understood: members that stand in it as they do elsewhere."""
    made = []
    for found in _LEAF.finditer(text):
        leaf, line = found[1].decode(), offset + text.count(b"\n", 0, found.start()) + 1
        path = f"driver.{leaf}" if leaf in _OF_DRIVER and kind in READ_WHOLE else leaf
        value = " ".join(found[2].decode("utf-8", "replace").split())
        made.append(Member(path, value, line, clean.conditions.at(line)))
    return Struct(kind, name, offset + 1, False, tuple(made), rows, clean.conditions.at(offset + 1))


def _best(structs: list[Struct]) -> tuple[Struct, ...]:
    """Each struct once: the one that is whole, or else the last that was made of it."""
    kept: dict[tuple[str, int], Struct] = {}
    for struct in structs:
        key = (struct.name, struct.line)
        if key not in kept or not kept[key].whole:
            kept[key] = struct
    return tuple(sorted(kept.values(), key=lambda s: s.line))


def _assigned(text: bytes, functions: dict[str, tuple[Function, ...]]) -> dict[str, tuple[str, ...]]:
    """Functions by the member that they are assigned to; `driver:shutdown` where that is one of a driver."""
    made: dict[str, tuple[str, ...]] = {}
    for owner, field, value in _ASSIGNED.findall(text):
        member, name = field.decode(), value.decode()
        if member in _SHUTS and name != "NULL" and (b"driver" in owner or b"drv" in owner):
            member = f"driver:{member}"
        elif name not in functions:
            continue
        if name not in made.get(member, ()):
            made[member] = (*made.get(member, ()), name)
    return made
