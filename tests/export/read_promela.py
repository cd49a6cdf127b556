"""A reader of Promela as it is written: definitions stand for values, statements run one after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from tests.export.infix import evaluated

_RANGES = {"bool": (0, 1), "byte": (0, 255), "short": (-(2**15), 2**15 - 1), "int": (-(2**31), 2**31 - 1)}


@dataclass
class Promela:
    """Variables with their types, definitions as text, the statements that begin, and those of each rule."""

    types: dict[str, str] = field(default_factory=dict)
    defined: dict[str, str] = field(default_factory=dict)
    begin: list[str] = field(default_factory=list)
    rules: list[list[str]] = field(default_factory=list)

    def value(self, text: str, values: Mapping[str, int]) -> int:
        """An expression's value; every part of it has 32 bits."""
        known: dict[str, int] = {}

        def leaf(token: str) -> int:
            if token in ("true", "false") or token.isdigit():
                return int(token == "true") if not token.isdigit() else int(token)
            if token in values:
                return values[token]
            if token not in known:
                known[token] = int(evaluated(self.defined[token], leaf, _operation))
            return known[token]

        return int(evaluated(text, leaf, _operation))

    def fired(self, number: int, values: Mapping[str, int]) -> tuple[dict[str, int], bool] | None:
        """The state after a rule, and whether the property holds there; None where it may not fire."""
        guard, *statements = self.rules[number]
        if not self.value(guard, values):
            return None
        return self.run(statements, values)

    def run(self, statements: Sequence[str], values: Mapping[str, int]) -> tuple[dict[str, int], bool]:
        """The state after statements, which end by asserting the property."""
        state, held = dict(values), True
        for statement in statements:
            if statement.startswith("printf("):
                continue
            asserted = re.fullmatch(r"assert\((.*)\)", statement)
            if asserted:
                held = bool(self.value(asserted[1], state))
                continue
            name, value = statement.split(" = ", 1)
            low, high = _RANGES[self.types[name]]
            state[name] = self.value(value, state)
            assert low <= state[name] <= high, statement
        return {name: value for name, value in state.items() if name.startswith("v_")}, held


def _operation(sign: str, args: Sequence[Any]) -> int:
    match sign:
        case "-":
            value = -args[0]
        case "!":
            value = int(not args[0])
        case "?":
            value = args[1] if args[0] else args[2]
        case "&&" | "||":
            value = int(all(args) if sign == "&&" else any(args))
        case "==" | "<":
            value = int(args[0] == args[1] if sign == "==" else args[0] < args[1])
        case "+" | "*":
            value = sum(args) if sign == "+" else prod(args)
        case _:
            raise AssertionError(sign)
    assert _RANGES["int"][0] <= value <= _RANGES["int"][1]
    return value


def read(text: str) -> Promela:
    """The one process of a file."""
    made, process = Promela(), False
    for line in re.sub(r"/\*.*?\*/", "", text).split("\n"):
        line = line.strip()
        process = process or line.startswith("active proctype")
        if line.startswith("#define "):
            _, name, value = line.split(" ", 2)
            made.defined[name] = value
        elif line.startswith(":: d_step { "):
            made.rules.append(re.split(r"; (?=[a-z])", line[len(":: d_step { ") : -2]))
        elif process:
            made.begin.append(line)
        elif line:
            found = re.fullmatch(r"(?:hidden )?(bool|byte|short|int) ([vn]_\w+);", line)
            assert found, line
            made.types[found[2]] = found[1]
    return made
