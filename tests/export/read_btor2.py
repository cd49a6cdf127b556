"""A reader of Btor2 files with the operators that are written. Widths have to fit, and lines speak of earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_SAME: Mapping[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "and": lambda a, b: a & b, "or": lambda a, b: a | b,
}  # fmt: skip
_COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b, "ult": lambda a, b: a < b, "ulte": lambda a, b: a <= b,
    "slt": lambda a, b: a < b, "slte": lambda a, b: a <= b,
}  # fmt: skip


@dataclass
class Btor2:
    """Lines by number; states and inputs by number with their names."""

    lines: dict[int, list[str]] = field(default_factory=dict)
    sorts: dict[int, int] = field(default_factory=dict)
    width: dict[int, int] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    after: dict[int, int] = field(default_factory=dict)
    bad: list[tuple[int, str]] = field(default_factory=list)
    constraints: list[int] = field(default_factory=list)

    def values(self, given: Mapping[int, int]) -> dict[int, int]:
        """The value of every line that has one, given those of inputs and states."""
        found: dict[int, int] = {}
        for number, words in self.lines.items():
            value = given[number] if number in given else self._value(words, found)
            assert 0 <= value < 1 << self.width[number], (number, words, value)
            found[number] = value
        return found

    def _value(self, words: list[str], found: Mapping[int, int]) -> int:
        name, bits = words[0], self.sorts[int(words[1])]
        if name == "constd":
            return int(words[2])
        args = [int(word) for word in words[2:]]
        if name in _SAME:
            assert {self.width[arg] for arg in args} == {bits}
            return _SAME[name](found[args[0]], found[args[1]]) & ((1 << bits) - 1)
        if name in _COMPARED:
            left, right = (self._signed(arg, found) if name[0] == "s" else found[arg] for arg in args)
            assert bits == 1 and self.width[args[0]] == self.width[args[1]], words
            return _COMPARED[name](left, right)
        match name:
            case "not":
                assert self.width[args[0]] == bits
                return ~found[args[0]] & ((1 << bits) - 1)
            case "ite":
                assert self.width[args[0]] == 1 and self.width[args[1]] == self.width[args[2]] == bits
                return found[args[1]] if found[args[0]] else found[args[2]]
            case "uext" | "sext":
                assert self.width[args[0]] + args[1] == bits and args[1] > 0
                value = self._signed(args[0], found) if name == "sext" else found[args[0]]
                return value & ((1 << bits) - 1)
            case "slice":
                assert args[2] == 0 and args[1] + 1 == bits <= self.width[args[0]]
                return found[args[0]] & ((1 << bits) - 1)
        raise AssertionError(f"no operation {name}")

    def _signed(self, number: int, found: Mapping[int, int]) -> int:
        bits = self.width[number]
        return found[number] - (1 << bits) if found[number] >> (bits - 1) else found[number]


def read(text: str) -> Btor2:
    """The file; every word of it has to be known."""
    made, last = Btor2(), 0
    for line in text.splitlines():
        if line.startswith(";"):
            continue
        number, *words = line.split(" ")
        assert int(number) > last, line
        last = int(number)
        _entered(made, last, words)
    return made


def _entered(made: Btor2, number: int, words: list[str]) -> None:
    match words:
        case ["sort", "bitvec", bits]:
            made.sorts[number] = int(bits)
        case ["state" | "input" as kind, sort, name]:
            (made.states if kind == "state" else made.inputs)[number] = name
            made.lines[number], made.width[number] = words, made.sorts[int(sort)]
        case ["init" | "next" as kind, sort, state, value]:
            assert made.width[int(state)] == made.width[int(value)] == made.sorts[int(sort)]
            assert kind == "next" or int(value) < int(state)
            (made.first if kind == "init" else made.after)[int(state)] = int(value)
        case ["constraint", value]:
            made.constraints.append(int(value))
        case ["bad", value, name]:
            made.bad.append((int(value), name))
        case [_, sort, *args]:
            assert words[0] == "constd" or all(int(arg) in made.width or words[0] in ("uext", "sext", "slice")
                                              for arg in args)  # fmt: skip
            made.lines[number], made.width[number] = words, made.sorts[int(sort)]
