"""Which conditions a call stands under: the pieces of a file's text, and what lies within what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

DEEPEST = 12
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Piece:
    """A node of the syntax tree with its bytes: a function, a block, an if, a case, or a call."""

    start: int
    end: int
    kind: str
    node: Any


def nested(pieces: Iterable[Piece]) -> Iterator[tuple[Any, list[tuple[Any, tuple[str, ...]]]]]:
    """Each function's definition with its calls, each call with the conditions it stands under, outermost first.

    A call after `if (x) return;` stands under `!(x)` as far as the block goes.
    """
    function: Any = None
    calls: list[tuple[Any, tuple[str, ...]]] = []
    until = -1
    blocks: list[int] = []
    scopes: list[tuple[int, int, str]] = []
    for piece in sorted(pieces, key=lambda p: (p.start, -p.end)):
        if piece.kind == "function":
            if piece.start < until:  # one within another is a misreading of its macros
                continue
            if function is not None:
                yield function, calls
            function, calls, until, blocks, scopes = piece.node, [], piece.end, [], []
            continue
        if piece.start >= until:
            continue
        while blocks and blocks[-1] <= piece.start:
            blocks.pop()
        if len(scopes) > DEEPEST or scopes and scopes[-1][1] <= piece.start:
            scopes = [s for s in scopes if s[1] > piece.start]
        if piece.kind == "block":
            blocks.append(piece.end)
        elif piece.kind == "call":
            calls.append((piece.node, tuple(s[2] for s in scopes if s[0] <= piece.start < s[1])[:DEEPEST]))
        else:
            scopes += _scopes(piece, blocks[-1] if blocks else until)
    if function is not None:
        yield function, calls


def _scopes(piece: Piece, block_end: int) -> Iterator[tuple[int, int, str]]:
    """The stretches of text that a condition rules: what follows it, its else, and what it leaves to the rest."""
    node = piece.node
    if piece.kind == "case":
        value = node.child_by_field_name("value")
        yield piece.start, piece.end, f"case {_text(value)}" if value is not None else "default"
        return
    condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or then is None:
        return
    text = _text(condition)
    yield then.start_byte, then.end_byte, text
    other = node.child_by_field_name("alternative")
    if other is not None:
        yield other.start_byte, other.end_byte, negated(text)
    elif _leaves(then):
        yield piece.end, block_end, negated(text)


def _text(node: Any) -> str:
    text = " ".join(node.text.decode("utf-8", "replace").split())
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def negated(text: str) -> str:
    """The opposite of a condition."""
    if text.startswith("!(") and text.endswith(")") and text.count("(") == 1:
        return text[2:-1]
    if text.startswith("!") and all(c.isalnum() or c in "_->." for c in text[1:]):
        return text[1:]
    return f"!{text}" if text.replace("_", "").isalnum() else f"!({text})"


def _leaves(then: Any) -> bool:
    last = then
    if then.type == "compound_statement":
        last = next((c for c in reversed(then.children) if c.is_named and c.type != "comment"), None)
    return last is not None and last.type in ("return_statement", "goto_statement")
