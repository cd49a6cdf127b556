"""A reader of binary AIGER 1.9 files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Aiger:
    """Inputs and latches by their names (bit by bit), gates as operand pairs, and the bad literal."""

    inputs: tuple[str, ...]
    latches: tuple[str, ...]
    after: tuple[int, ...]
    reset: tuple[bool, ...]
    gates: tuple[tuple[int, int], ...]
    bad: int

    def values(self, given: Mapping[str, bool], state: Mapping[str, bool]) -> list[bool]:
        """The value of every variable of the file."""
        found = [False, *(given[name] for name in self.inputs), *(state[name] for name in self.latches)]
        for left, right in self.gates:
            found.append((found[left >> 1] ^ bool(left & 1)) and (found[right >> 1] ^ bool(right & 1)))
        return found

    def step(self, given: Mapping[str, bool], state: Mapping[str, bool]) -> tuple[dict[str, bool], bool]:
        """The latches after a step, and whether the state before is bad."""
        found = self.values(given, state)
        after = [found[literal >> 1] ^ bool(literal & 1) for literal in self.after]
        return dict(zip(self.latches, after, strict=True)), found[self.bad >> 1] ^ bool(self.bad & 1)

    @property
    def begin(self) -> dict[str, bool]:
        """The latches at first."""
        return dict(zip(self.latches, self.reset, strict=True))


def read(content: bytes) -> Aiger:
    """The circuit of a file with one bad state and nothing else that is wanted."""
    lines, rest = [], content
    line, rest = rest.split(b"\n", 1)
    word, *numbers = line.split()
    top, inputs, latches, outputs, gates, bad = map(int, numbers)
    assert (word, outputs, bad, top) == (b"aig", 0, 1, inputs + latches + gates)
    for _ in range(latches + 1):
        line, rest = rest.split(b"\n", 1)
        lines.append(tuple(map(int, line.split())))
    made, at = [], 0
    for number in range(inputs + latches + 1, top + 1):
        first, at = _number(rest, at)
        second, at = _number(rest, at)
        assert first > 0, "a gate is above its operands"
        made.append((2 * number - first, 2 * number - first - second))
        assert made[-1][1] >= 0
    names, _, _ = rest[at:].decode("ascii").partition("\nc\n")
    table = dict(line.split(" ", 1) for line in names.split("\n"))
    return Aiger(
        tuple(table[f"i{number}"] for number in range(inputs)),
        tuple(table[f"l{number}"] for number in range(latches)),
        tuple(line[0] for line in lines[:-1]),
        tuple(line[1:] == (1,) for line in lines[:-1]),
        tuple(made),
        lines[-1][0],
    )


def _number(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
