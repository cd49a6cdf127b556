"""A kernel's configuration, and whether a condition of the preprocessor holds in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LINE = re.compile(r"^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)[ \t\r]*$", re.MULTILINE)
_TOKEN = re.compile(r"\s*(&&|\|\||!(?!=)|\(|\)|[A-Za-z_]\w*|\d+)")
_ASKS = ("IS_ENABLED", "IS_BUILTIN", "IS_MODULE", "IS_REACHABLE")
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Config:
    """The symbols of a .config with their values; one that it does not name is not set."""

    symbols: Mapping[str, str]

    def holds(self, condition: str) -> bool | None:
        """Whether the code under `condition` is compiled; None where that hangs on more than symbols."""
        if not condition:
            return True
        tokens = _tokens(condition)
        if tokens is None:
            return None
        try:
            value, rest = _or(tokens, self.symbols, 0)
        except (IndexError, ValueError):
            return None
        return value if not rest else None

    def built(self, symbol: str) -> bool | None:
        """Whether a makefile's `$(symbol)` builds, into the kernel or as a module."""
        return self.symbols.get(symbol, "n") in ("y", "m") if symbol.startswith("CONFIG_") else None


def read_config(text: str) -> Config:
    """The symbols of a .config; lines that are none are passed over."""
    made: dict[str, str] = {}
    for symbol, value, unset in _LINE.findall(text):
        made[symbol or unset] = value.strip() if symbol else "n"
    return Config(made)


def _tokens(text: str) -> list[str] | None:
    made, at = [], 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        made.append(found[1])
        at = found.end()
    return made


def _or(tokens: list[str], symbols: Mapping[str, str], depth: int) -> tuple[bool | None, list[str]]:
    value, rest = _and(tokens, symbols, depth)
    while rest and rest[0] == "||":
        other, rest = _and(rest[1:], symbols, depth)
        value = True if value or other else None if value is None or other is None else False
    return value, rest


def _and(tokens: list[str], symbols: Mapping[str, str], depth: int) -> tuple[bool | None, list[str]]:
    value, rest = _one(tokens, symbols, depth)
    while rest and rest[0] == "&&":
        other, rest = _one(rest[1:], symbols, depth)
        value = False if value is False or other is False else None if value is None or other is None else True
    return value, rest


def _one(tokens: list[str], symbols: Mapping[str, str], depth: int) -> tuple[bool | None, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if first == "!":
        value, rest = _one(rest, symbols, depth + 1)
        return None if value is None else not value, rest
    if first == "(":
        value, rest = _or(rest, symbols, depth + 1)
        if rest[0] != ")":
            raise ValueError("no closing bracket")
        return value, rest[1:]
    if first in _ASKS and len(rest) > 2 and rest[0] == "(" and rest[2] == ")":
        return _asked(first, symbols.get(rest[1], "n")), rest[3:]
    if first.isdigit():
        return first != "0", rest
    if not first.startswith("CONFIG_"):
        return None, rest
    if first.endswith("_MODULE") and first not in symbols:
        return symbols.get(first.removesuffix("_MODULE")) == "m", rest
    return symbols.get(first, "n") not in ("n", "m"), rest


def _asked(what: str, value: str) -> bool | None:
    if what == "IS_REACHABLE" and value == "m":
        return None
    return value in {"IS_ENABLED": "ym", "IS_REACHABLE": "y", "IS_BUILTIN": "y", "IS_MODULE": "m"}[what]
