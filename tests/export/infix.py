"""Expressions of SMV, Promela and Murphi, as they are written: every operation has parentheses of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_TOKEN = re.compile(r"\s*(->|&&|\|\||==|0sd\d+_\d+|[A-Za-z_][A-Za-z0-9_]*|\d+|[()!?:&|=<+*,-])")

Operation = Callable[[str, Sequence[Any]], Any]
"""The value of an operation, of a call by its name, or of `-` with one operand; `?` is a choice."""


def evaluated(text: str, leaf: Callable[[str], Any], operation: Operation) -> Any:
    """The value of a text."""
    tokens = [*_tokens(text), ""]
    value, at = _one(tokens, 0, leaf, operation)
    assert tokens[at] == "", text
    return value


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        assert found, text[at : at + 30]
        yield found[1]
        at = found.end()


def _one(tokens: list[str], at: int, leaf: Callable[[str], Any], operation: Operation) -> tuple[Any, int]:
    token = tokens[at]
    if token in ("!", "-"):
        value, at = _one(tokens, at + 1, leaf, operation)
        return operation(token, (value,)), at
    if token == "(":
        value, at = _inner(tokens, at + 1, leaf, operation)
        assert tokens[at] == ")"
        return value, at + 1
    assert re.match(r"\w", token), token
    if tokens[at + 1] != "(":
        return leaf(token), at + 1
    args, at = [], at + 1
    if tokens[at + 1] == ")":
        return operation(token, ()), at + 2
    while tokens[at] in ("(", ","):
        value, at = _one(tokens, at + 1, leaf, operation)
        args.append(value)
    assert tokens[at] == ")"
    return operation(token, args), at + 1


def _inner(tokens: list[str], at: int, leaf: Callable[[str], Any], operation: Operation) -> tuple[Any, int]:
    value, at = _one(tokens, at, leaf, operation)
    sign = tokens[at]
    if sign in ("?", "->"):
        then, at = _one(tokens, at + 1, leaf, operation)
        assert tokens[at] == ":"
        otherwise, at = _one(tokens, at + 1, leaf, operation)
        return operation("?", (value, then, otherwise)), at
    values = [value]
    while tokens[at] != ")":
        assert tokens[at] == sign, "one operation in one pair of parentheses"
        value, at = _one(tokens, at + 1, leaf, operation)
        values.append(value)
    return (operation(sign, values) if len(values) > 1 else value), at
