"""What a departure from a schema is called in words a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kexecspec.diagnostics import Diagnostic, Span, allowed_help, quote
from kexecspec.scalars import number_trap, truth_meant
from kexecspec.tree import Items, Node, Path, Scalar, Table, at, find, key_at

_TYPES = {
    "string": "text",
    "integer": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One departure: the schema's keyword and its value, the path to the instance, the schema around it."""

    keyword: str
    path: Path
    wanted: Any
    instance: Any
    schema: Mapping[str, Any]
    in_key: bool = False
    reason: str = ""


def say(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    """The diagnostics for a complaint about the tree `root`; at least one."""
    speak = _BY_KEYWORD.get(complaint.keyword, _other)
    if complaint.in_key:
        speak = _bad_name
    yield from speak(complaint, root)


def _unknown_keys(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    known = tuple(complaint.schema.get("properties", {}))
    named = set(known)
    for key in complaint.instance:
        if key not in named:
            span = key_at(root, (*complaint.path, key))
            message = f"unknown key {quote(key)}{_in(complaint.path)}"
            yield Diagnostic("KX003", message, span, help=allowed_help(key, known))


def _missing(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    for key in complaint.wanted:
        if key not in complaint.instance:
            title = complaint.schema.get("properties", {}).get(key, {}).get("title")
            help_ = f"add '{key}: ...', {title}" if title else f"add '{key}: ...'"
            message = f"{quote(key)} is missing{_in(complaint.path)}"
            yield Diagnostic("KX008", message, _start(key_at(root, complaint.path)), help=help_)


def _wrong_type(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    types = _types(complaint.schema)
    expected = _expected(complaint.schema) if complaint.path else _TYPES[types[0]]
    span, node = _value_place(complaint.path, root)
    message = f"{_name(complaint.path)} is {expected}, not {_found(node)}"
    trap = _trap(node, types)
    if trap:
        yield Diagnostic("KX004", message, span, help=trap)
    elif isinstance(node, Scalar) and node.value is None:
        yield Diagnostic("KX006", message, span, help="write a value, or remove the key")
    elif isinstance(node, Scalar) and types == ("string",) and not {"format", "enum"} & set(complaint.schema):
        yield Diagnostic("KX004", message, span, help=f'in quotes it is text: "{node.text[:40]}"')
    else:
        yield Diagnostic("KX006", message, span)


def _not_listed(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    span, node = _value_place(complaint.path, root)
    allowed = tuple(str(word) for word in complaint.wanted)
    if allowed in (("unknown",), ("none",)):
        yield from _word_or_more(complaint, root, allowed[0])
        return
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        message = f"{_name(complaint.path)} is one of {', '.join(allowed[:12])}, not {_found(node)}"
        yield Diagnostic("KX006", message, span)
        return
    what = complaint.schema.get("title", "value")
    trap = truth_meant(node.text) and not node.quoted and "none" in allowed
    code, help_ = (
        ("KX004", f"'{node.text}' is text here; write none for nothing") if trap else ("KX002", None)
    )
    message = f"unknown {what} {quote(node.text)}"
    yield Diagnostic(code, message, span, help=help_ or allowed_help(node.text, allowed))


def _word_or_more(complaint: Complaint, root: Node, word: str) -> Iterator[Diagnostic]:
    """A text where another type, or the one word, may stand: it is of the wrong type."""
    span, node = _value_place(complaint.path, root)
    expected = complaint.schema.get("title", f"another type, or {word}")
    message = f"{_name(complaint.path)} is {expected}, not {_found(node)}"
    types = ("boolean",) if "true" in expected else ("integer",) if "number" in expected else ()
    trap = _trap(node, types)
    yield Diagnostic("KX004" if trap else "KX006", message, span, help=trap or f"or write {word}")


def _constant(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    span, node = _value_place(complaint.path, root)
    wanted = "true" if complaint.wanted is True else str(complaint.wanted)
    if complaint.path[-1:] == ("schema",):
        message = f"unknown {complaint.schema.get('title', 'form')} {quote(_text(node))}"
        yield Diagnostic("KX021", message, span, help=f"this version knows {wanted}")
        return
    yield Diagnostic("KX006", f"{_name(complaint.path)} is {wanted}, not {_found(node)}", span)


def _malformed(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    span, node = _value_place(complaint.path, root)
    message = f"{quote(_text(node))} is not {_expected(complaint.schema)}"
    yield Diagnostic("KX009", message, span)


def _bad_format(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    message, _, hint = complaint.reason.partition("; ")
    expected = (
        f"{_name(complaint.path)} is {_expected(complaint.schema)}" if "title" in complaint.schema else None
    )
    code = "KX002" if message.startswith("unknown kind") else "KX009"
    yield Diagnostic(code, message, at(root, complaint.path), help=hint or expected)


def _too_small(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    message = f"{_name(complaint.path)} is {complaint.instance}, too small: at least {complaint.wanted}"
    yield Diagnostic("KX007", message, at(root, complaint.path))


def _too_large(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    message = f"{_name(complaint.path)} is {quote(complaint.instance)}, too large: at most {complaint.wanted}"
    yield Diagnostic("KX007", message, at(root, complaint.path))


def _too_few(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    found = f"has {len(complaint.instance)}" if complaint.instance else "is empty"
    message = f"{_name(complaint.path)} {found}: at least {complaint.wanted} needed"
    yield Diagnostic("KX007", message, at(root, complaint.path))


def _too_many(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    message = f"{_name(complaint.path)} has {len(complaint.instance)}: at most {complaint.wanted} allowed"
    yield Diagnostic("KX007", message, at(root, complaint.path))


def _repeated(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    seen: dict[str, int] = {}
    for index, item in enumerate(complaint.instance):
        first = seen.setdefault(repr(item), index)
        if first != index:
            line = at(root, (*complaint.path, first)).line
            message = f"{quote(item)} stands twice in {_name(complaint.path)} (line {line})"
            yield Diagnostic(
                "KX023", message, at(root, (*complaint.path, index)), help="remove one of the two"
            )


def _excluded(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    reason = complaint.schema.get("title", "it excludes itself")
    message = f"{_name(complaint.path)} does not go here: {reason}"
    yield Diagnostic("KX022", message, key_at(root, complaint.path), help="remove one of the two")


def _companion(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    for key, needed in complaint.wanted.items():
        for other in needed:
            if key in complaint.instance and other not in complaint.instance:
                span = key_at(root, (*complaint.path, key))
                yield Diagnostic("KX022", f"{quote(key)} needs {quote(other)} beside it", span)


def _bad_name(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    key = str(complaint.instance)
    message = f"the key {quote(key)} is not {_expected(complaint.schema)}"
    yield Diagnostic("KX009", message, key_at(root, (*complaint.path, key)))


def _other(complaint: Complaint, root: Node) -> Iterator[Diagnostic]:
    message = f"{_name(complaint.path)} is not {_expected(complaint.schema)}"
    yield Diagnostic("KX006", message, at(root, complaint.path))


_BY_KEYWORD: Mapping[str, Callable[[Complaint, Node], Iterator[Diagnostic]]] = MappingProxyType(
    {
        "additionalProperties": _unknown_keys,
        "required": _missing,
        "type": _wrong_type,
        "enum": _not_listed,
        "const": _constant,
        "pattern": _malformed,
        "format": _bad_format,
        "minimum": _too_small,
        "maximum": _too_large,
        "minItems": _too_few,
        "minProperties": _too_few,
        "minLength": _too_few,
        "maxItems": _too_many,
        "maxProperties": _too_many,
        "maxLength": _too_many,
        "uniqueItems": _repeated,
        "not": _excluded,
        "dependentRequired": _companion,
    }
)


def _name(path: Path) -> str:
    """What the place is called: its key, or the item of a list."""
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_name(path[:-1])}"
    return quote(path[-1])


def _in(path: Path) -> str:
    return f" in {_name(path)}" if path else ""


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    types = schema.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def _expected(schema: Mapping[str, Any]) -> str:
    title = schema.get("title")
    if title:
        return str(title)
    return " or ".join(_TYPES.get(name, name) for name in _types(schema)) or "what belongs here"


def _found(node: Node | None) -> str:
    match node:
        case Scalar(value=bool(value)):
            return "true" if value else "false"
        case Scalar(value=int(), text=text):
            return f"the number {text[:40]}"
        case Scalar(value=str(), text=text):
            return f"the text {quote(text)}"
        case Items():
            return "a list"
        case Table():
            return "a mapping"
        case _:
            return "nothing"


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else _found(node)


def _trap(node: Node | None, types: tuple[str, ...]) -> str | None:
    """What to write instead of a text that was meant as a truth value or a number."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return None
    meant = truth_meant(node.text) if "boolean" in types else None
    if meant:
        return (
            f"in quotes it is text; write {meant}"
            if node.quoted
            else f"only true and false are; write {meant}"
        )
    reason = number_trap(node.text) if "integer" in types else None
    if "integer" in types and node.quoted and node.text.isdigit():
        return "in quotes it is text; remove them"
    return reason


def _value_place(path: Path, root: Node) -> tuple[Span, Node | None]:
    """The place of a value, or of its key where no value was written."""
    node = find(root, path)
    if isinstance(node, Scalar) and not node.text and not node.quoted:
        return key_at(root, path), node
    if isinstance(node, Table | Items):
        return _start(node.span), node
    return at(root, path), node


def _start(span: Span) -> Span:
    """Only the first character of a place that goes over lines."""
    if span.line == span.end_line:
        return span
    return Span(span.path, span.line, span.column, span.line, span.column + 1)
