"""A reader of Murphi as it is written: functions stand for values, statements run one after the other, and what leaves
its range fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from tests.export.infix import evaluated

Range = tuple[int, int]


@dataclass
class Murphi:
    """Constants; ranges of variables, of what rulesets draw, and of functions; rules as (guard, statements)."""

    constants: dict[str, int] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    drawn: dict[str, Range] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    begin: list[str] = field(default_factory=list)
    rules: list[tuple[str, list[str]]] = field(default_factory=list)
    invariant: str = ""

    def value(self, text: str, values: Mapping[str, int]) -> int:
        """An expression's value."""
        known: dict[str, int] = {}

        def leaf(token: str) -> int:
            if token in ("true", "false") or token.isdigit():
                return int(token) if token.isdigit() else int(token == "true")
            return values[token] if token in values else self.constants[token]

        def operation(sign: str, args: Sequence[Any]) -> int:
            if sign in self.functions:
                assert not args
                if sign not in known:
                    known[sign] = self._inside(sign, int(evaluated(self.functions[sign], leaf, operation)))
                return known[sign]
            return _operation(sign, args)

        return int(evaluated(text, leaf, operation))

    def _inside(self, name: str, value: int) -> int:
        low, high = self.ranges[name]
        assert low <= value <= high, name
        return value

    def fired(self, number: int, values: Mapping[str, int]) -> dict[str, int] | None:
        """The state after a rule; None where it may not fire."""
        guard, statements = self.rules[number]
        return self.run(statements, values) if self.value(guard, values) else None

    def run(self, statements: Sequence[str], values: Mapping[str, int]) -> dict[str, int]:
        """The state after statements."""
        state = dict(values)
        for statement in statements:
            name, text = statement.split(" := ", 1)
            state[name] = self._inside(name, self.value(text, state))
        return {name: value for name, value in state.items() if name.startswith("v_")}


def _operation(sign: str, args: Sequence[Any]) -> int:
    match sign:
        case "-":
            return -args[0]
        case "!":
            return int(not args[0])
        case "?":
            return args[1] if args[0] else args[2]
        case "&" | "|":
            return int(all(args) if sign == "&" else any(args))
        case "=" | "<":
            return int(args[0] == args[1] if sign == "=" else args[0] < args[1])
        case "+" | "*":
            return sum(args) if sign == "+" else prod(args)
    raise AssertionError(sign)


def read(text: str) -> Murphi:
    """The program."""
    made = Murphi()
    lines = (line for line in text.split("\n") if line and not line.startswith("--"))
    for line in lines:
        match line.split()[0]:
            case "const" | "var":
                pass
            case "function":
                found = re.fullmatch(r"function (d_\d+)\(\): (.*); begin return (.*); endfunction;", line)
                assert found, line
                made.ranges[found[1]], made.functions[found[1]] = _range(found[2]), found[3]
            case "ruleset":
                found = re.fullmatch(r"ruleset (f_\w+): (.*) do", line)
                assert found, line
                made.drawn[found[1]] = _range(found[2])
            case "startstate":
                made.begin = list(_statements(lines, made))
            case "rule":
                found = re.fullmatch(r'rule "[^"\\]*" (.*) ==>', line)
                assert found, line
                made.rules.append((found[1], list(_statements(lines, made))))
            case "invariant":
                made.invariant = line.rpartition('" ')[2].rstrip(";")
            case _:
                _declared(made, line)
    return made


def _declared(made: Murphi, line: str) -> None:
    name, _, what = line.split(" -- ")[0].strip().rstrip("; ").partition(": ")
    if name.startswith("l_"):
        made.constants[name] = int(what)
    else:
        assert name.startswith("v_"), line
        made.ranges[name] = _range(what)


def _range(text: str) -> Range:
    low, _, high = text.partition("..")
    return (0, 1) if text == "boolean" else (int(low), int(high))


def _statements(lines: Iterator[str], made: Murphi) -> Iterator[str]:
    for line in lines:
        if line.startswith(("endrule", "endstartstate")):
            return
        found = re.fullmatch(r"  var (n_\w+): (.*);", line)
        if found:
            made.ranges[found[1]] = _range(found[2])
        elif line != "begin":
            yield line.strip().rstrip(";")
