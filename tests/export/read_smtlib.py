"""A reader of SMT-LIB files as they are written: definitions without parameters over declared constants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import prod
from typing import Any

_TOKEN = re.compile(r";[^\n]*|\s+|(\|[^|]*\||[()]|[^\s()|]+)")


class Smtlib:
    """`sorts` of the declared constants, and definitions as nested lists, by symbol."""

    def __init__(self, text: str) -> None:
        self.sorts: dict[str, str] = {}
        self.defined: dict[str, Any] = {}
        for command in _trees(text):
            match command:
                case ["set-logic", _]:
                    pass
                case ["declare-const", name, sort]:
                    self.sorts[name] = sort
                case ["define-fun", name, [], _, body]:
                    assert name not in self.defined
                    self.defined[name] = body
                case _:
                    raise AssertionError(command)

    def value(self, symbol: str, values: Mapping[str, Any]) -> Any:
        """What a defined symbol is where constants have these values."""
        known = dict(values)

        def of(tree: Any) -> Any:
            if isinstance(tree, str):
                if tree in ("true", "false") or tree.isdigit():
                    return int(tree) if tree.isdigit() else tree == "true"
                if tree not in known:
                    known[tree] = of(self.defined[tree])
                return known[tree]
            head, *args = tree
            if head == "ite":
                return of(args[1]) if of(args[0]) else of(args[2])
            return _applied(head, [of(arg) for arg in args])

        return of(symbol)


def _applied(head: str, args: list[Any]) -> Any:
    match head:
        case "and":
            return all(args)
        case "or":
            return any(args)
        case "not":
            return not args[0]
        case "=>":
            return not args[0] or args[1]
        case "=":
            assert type(args[0]) is type(args[1])
            return args[0] == args[1]
        case "<":
            return args[0] < args[1]
        case "<=":
            return all(one <= other for one, other in pairwise(args))
        case "+":
            return sum(args)
        case "*":
            return prod(args)
        case "-":
            return -args[0]
    raise AssertionError(head)


def _trees(text: str) -> Iterator[Any]:
    open_: list[list[Any]] = [[]]
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found, text[at : at + 30]
        at, token = found.end(), found[1]
        if token == "(":
            open_.append([])
        elif token == ")":
            closed = open_.pop()
            open_[-1].append(closed)
        elif token:
            open_[-1].append(token)
    assert len(open_) == 1
    yield from open_[0]
