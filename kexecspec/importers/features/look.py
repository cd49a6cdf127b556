"""Looking for a sight in one C file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kexecspec.importers.features.forms import Call, Field, Scope, Sight, Symbol, Text, Words
from kexecspec.importers.features.places import Found, functions, lost, scope_nodes, value_of
from kexecspec.importers.source.syntax import Node, Unit, line, name_of, walk

_WORD = re.compile(rb"\w+|[^\w\s]")
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a sight is: its line, and the conditions of the preprocessor under which it is compiled."""

    line: int
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """All hits, and why there may be others (empty: there are none)."""

    hits: tuple[Hit, ...]
    doubt: str = ""


def look(unit: Unit, text: bytes, sight: Sight) -> Look:
    """Every place of a file at which a sight is."""
    match sight:
        case Text(sought):
            return Look(tuple(_lines(text, sought)))
        case Symbol(name):
            return _symbol(unit, name)
        case Field(struct, name):
            return _field(unit, struct, name)
        case Call():
            return _in_scope(unit, sight.scope, sight.deep, sight.name, lambda node: _calls(unit, node, sight))
        case Words():
            return _in_scope(unit, sight.scope, sight.deep, sight.words, lambda node: _words(unit, node, sight))


def _in_scope(unit: Unit, scope: Scope, deep: bool, name: str, within: object) -> Look:
    assert callable(within)
    found = scope_nodes(unit, scope)
    hits: list[Hit] = []
    doubt, inherited = found.doubt, scope_conditions(unit, found)
    nodes = list(_bodies(unit, found))
    seen = {node.id for node, _ in nodes}
    for node, depth in nodes:
        places = tuple(within(node))
        own = inherited if depth else ()
        hits.extend(Hit(line(place), (*own, *unit.conditions(place))) for place in places)
        if not places and unit.unclear(node) and not doubt:
            doubt = lost(unit, name)
        if deep and depth < _DEEPEST:
            called = [n for f in _called(node) for n in functions(unit, f).nodes if n.id not in seen]
            seen |= {n.id for n in called}
            nodes += [(n, depth + 1) for n in called]
    return Look(tuple(hits), doubt)


def scope_conditions(unit: Unit, found: Found) -> tuple[str, ...]:
    """Under what the pieces are compiled, where there is one; several are alternatives, and say nothing together."""
    return unit.conditions(found.nodes[0]) if len(found.nodes) == 1 else ()


def _bodies(unit: Unit, found: Found) -> Iterator[tuple[Node, int]]:
    """The nodes to look at: a hook stands for itself and for the function that it is set to."""
    for node in found.nodes:
        yield node, 0
        value = value_of(node) if node.type == "initializer_pair" else None
        if value is not None:
            names = [n.text.decode() for n in walk(value) if n.type == "identifier"]
            yield from ((n, 1) for name in names for n in functions(unit, name).nodes)


def _called(node: Node) -> list[str]:
    names = (n.child_by_field_name("function") for n in walk(node) if n.type == "call_expression")
    return list(dict.fromkeys(n.text.decode() for n in names if n is not None and n.type == "identifier"))


def _calls(unit: Unit, node: Node, sight: Call) -> Iterator[Node]:
    calls = [n for n in walk(node) if n.type == "call_expression"]
    fitting = [n for n in calls if _callee(n) == sight.name and _about(unit, n, sight)]
    if sight.after:
        first = min((n.start_byte for n in calls if _callee(n) == sight.after), default=None)
        if first is None or any(n.start_byte < first for n in fitting):
            return
    yield from fitting


def _callee(call: Node) -> str:
    function = call.child_by_field_name("function")
    return "" if function is None or function.type != "identifier" else str(function.text.decode())


def _about(unit: Unit, call: Node, sight: Call) -> bool:
    arguments = call.child_by_field_name("arguments")
    given = arguments is not None and _has(unit.text(arguments), sight.argument)
    return given and _around(unit, call, sight.under, sight.not_under)


def _around(unit: Unit, node: Node, under: str, not_under: str) -> bool:
    conditions = list(_conditions(unit, node))
    if not_under and any(_has(text, not_under) for text in conditions):
        return False
    return not under or any(_has(text, under) for text in conditions if not text.startswith("else "))


def _conditions(unit: Unit, node: Node) -> Iterator[str]:
    """The conditions of the `if`s and `&&`s around a node; that of an `else` begins with `else `."""
    while (above := node.parent) is not None:
        if above.type == "if_statement":
            condition = above.child_by_field_name("condition")
            if condition is not None and node.id != condition.id:
                branch = above.child_by_field_name("alternative")
                other = branch is not None and branch.id == node.id
                yield ("else " if other else "") + unit.text(condition)
        elif _guards(above, node):
            yield unit.text(above.children[0])
        node = above


def _guards(above: Node, node: Node) -> bool:
    """Whether the first operand of `above` decides whether `node`, another one, is looked at."""
    first = above.children[0].id == node.id if above.children else True
    return above.type in ("binary_expression", "conditional_expression") and not first


def _words(unit: Unit, node: Node, sight: Words) -> Iterator[Node]:
    if not sight.words:
        if sight.scope.function or node.type in ("initializer_pair", "init_declarator"):
            yield node
        return
    sought = [found.group() for found in _WORD.finditer(sight.words.encode())]
    there = list(_WORD.finditer(unit.blanked.text, node.start_byte, node.end_byte))
    for at in range(len(there) - len(sought) + 1):
        if all(there[at + i].group() == word for i, word in enumerate(sought)):
            place = unit.root.descendant_for_byte_range(there[at].start(), there[at].end())
            if place is not None and _around(unit, place, sight.under, sight.not_under):
                yield place


def _has(text: str, sought: str) -> bool:
    return not sought or " ".join(_split(sought)) in " ".join(_split(text))


def _split(text: str) -> Iterable[str]:
    return re.findall(r"\w+|[^\w\s]", text)


_DECLARED = {
    "function_definition": "declarator", "declaration": "declarator", "type_definition": "declarator",
    "struct_specifier": "name", "union_specifier": "name", "enum_specifier": "name", "enumerator": "name",
}  # fmt: skip


def _symbol(unit: Unit, name: str) -> Look:
    hits = []
    for node in walk(unit.root):
        if node.type in _DECLARED and any(
            name_of(child) == name for child in node.children_by_field_name(_DECLARED[node.type])
        ):
            hits.append(Hit(line(node), unit.conditions(node)))
    if name in unit.blanked.lines:
        at = unit.blanked.lines[name]
        hits.append(Hit(at, unit.blanked.conditions.each(at)))
    return Look(tuple(hits), "" if hits else lost(unit, name))


def _field(unit: Unit, struct: str, name: str) -> Look:
    def of(node: Node) -> bool:
        named = node.child_by_field_name("name")
        has = node.type == "struct_specifier" and node.child_by_field_name("body") is not None
        return has and named is not None and named.text == struct.encode()

    bodies = [node for node in walk(unit.root) if of(node)]
    fields = [n for b in bodies for n in walk(b) if n.type == "field_declaration"]
    found = [n for n in fields for d in n.children_by_field_name("declarator") if name_of(d) == name]
    unclear = not bodies or any(unit.unclear(body) for body in bodies)
    return Look(tuple(Hit(line(n), unit.conditions(n)) for n in found), lost(unit, name) if unclear else "")


def _lines(text: bytes, sought: str) -> Iterator[Hit]:
    pattern = rb"\s*".join(re.escape(word.encode()) for word in sought.split())
    for found in re.finditer(pattern, text):
        yield Hit(text.count(b"\n", 0, found.start()) + 1)
