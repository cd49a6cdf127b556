"""A reader of SMV modules as they are written. Operations on words of two widths, or that overflow, fail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, mul
from typing import Any

from tests.export.infix import evaluated


@dataclass(frozen=True)
class Word:
    """A signed word."""

    value: int
    width: int

    def __post_init__(self) -> None:
        assert -(1 << (self.width - 1)) <= self.value < 1 << (self.width - 1), "a word overflows"


@dataclass
class Smv:
    """Declarations and definitions as text, by identifier; `after` has (condition, value) in their order."""

    sorts: dict[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    defined: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    start: list[str] = field(default_factory=list)
    after: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    property: str = ""

    def state(self, values: Mapping[str, Any], fired: str = "") -> State:
        """Definitions, in a state in which every variable has a value and a rule is tried."""
        return State(self, {**values, "fired": fired})

    def width(self, name: str) -> int:
        found = re.fullmatch(r"signed word\[(\d+)\]", self.sorts[name])
        assert found
        return int(found[1])


class State:
    """Evaluates texts; definitions once."""

    def __init__(self, smv: Smv, values: Mapping[str, Any]) -> None:
        self.smv, self.known = smv, dict(values)

    def value(self, text: str) -> Any:
        return evaluated(text, self._leaf, _operation)

    def _leaf(self, token: str) -> Any:
        if token in ("TRUE", "FALSE"):
            return token == "TRUE"
        if token.startswith("0sd"):
            width, value = token[3:].split("_")
            return Word(int(value), int(width))
        if token.isdigit():
            return int(token)
        if token.startswith(("l_", "r_")):
            return token
        if token not in self.known:
            self.known[token] = self.value(self.smv.defined[token])
        return self.known[token]

    def after(self) -> dict[str, Any]:
        """The variables of the next state."""
        return {name: self._first(ways) for name, ways in self.smv.after.items()}

    def _first(self, ways: Sequence[tuple[str, str]]) -> Any:
        return self.value(next(value for condition, value in ways if self.value(condition)))


def _operation(sign: str, args: Sequence[Any]) -> Any:
    words = [arg for arg in args if isinstance(arg, Word)]
    width = words[0].width if words else 0
    match sign:
        case "extend":
            return Word(args[0].value, width + args[1])
        case "resize":
            return Word(args[0].value, args[1])
        case "-":
            return Word(-args[0].value, width)
        case "!":
            assert isinstance(args[0], bool)
            return not args[0]
        case "?":
            assert isinstance(args[0], bool) and type(args[1]) is type(args[2])
            assert not words or words[0].width == words[1].width
            return args[1] if args[0] else args[2]
        case "&" | "|":
            assert all(isinstance(arg, bool) for arg in args)
            return all(args) if sign == "&" else any(args)
    assert len({word.width for word in words}) <= 1 and len(words) in (0, len(args))
    assert len({type(arg) for arg in args}) == 1
    if sign == "=":
        return args[0] == args[1]
    values = [word.value for word in words]
    assert values
    if sign == "<":
        return values[0] < values[1]
    return reduce(lambda one, other: Word({"+": add, "*": mul}[sign](one.value, other.value), width), words)


def read(text: str) -> Smv:
    """The one module of a file."""
    made, part = Smv(), ""
    lines = iter(re.sub(r"--.*", "", text).split("\n"))
    for line in filter(str.strip, lines):
        if line.strip() in ("MODULE main", "VAR", "DEFINE", "ASSIGN"):
            part = line.split()[0]
        elif line.startswith("IVAR fired : "):
            made.rules = tuple(line[len("IVAR fired : {") : -2].split(", "))
        elif line.startswith("INIT "):
            made.start.append(line[5:-1])
        elif line.startswith("INVARSPEC "):
            made.property = line[10:-1]
        elif line.startswith("  next("):
            name, ways = line[7 : line.index(")")], []
            while (way := next(lines).strip()) != "esac;":
                condition, _, value = way.rstrip(";").partition(" : ")
                ways.append((condition, value))
            made.after[name] = ways
        else:
            name, _, value = line.strip().rstrip("; ").partition(" : " if part == "VAR" else " := ")
            assert value, line
            into = {"VAR": made.sorts, "DEFINE": made.defined, "ASSIGN": made.first}[part]
            into[name.removeprefix("init(").rstrip(")")] = value
    return made
