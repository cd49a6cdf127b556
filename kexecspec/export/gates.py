"""And-inverter graphs. A literal is twice the number of a variable, one more where negated; 0 is false, 1 is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

FALSE, TRUE = 0, 1
Bits = tuple[int, ...]
"""Literals, the lowest bit first."""


@dataclass
class Gates:
    """Inputs and states come first, then gates, each over earlier literals; no two are alike."""

    leaves: int
    gates: list[tuple[int, int]] = field(default_factory=list)
    _known: dict[tuple[int, int], int] = field(default_factory=dict)

    def both(self, left: int, right: int) -> int:
        """`left and right`."""
        if left > right:
            left, right = right, left
        if left == FALSE or left ^ right == 1:
            return FALSE
        if left in (TRUE, right):
            return right
        number = self._known.get((left, right))
        if number is None:
            self.gates.append((right, left))
            number = self._known[left, right] = 2 * (self.leaves + len(self.gates))
        return number

    def either(self, left: int, right: int) -> int:
        """`left or right`."""
        return self.both(left ^ 1, right ^ 1) ^ 1

    def any(self, literals: Sequence[int]) -> int:
        """The disjunction, as a flat tree; false for none."""
        level = list(literals) or [FALSE]
        while len(level) > 1:
            pairs = [self.either(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
            level = pairs + level[len(level) & ~1 :]
        return level[0]

    def differ(self, left: int, right: int) -> int:
        """Exclusive or."""
        return self.either(self.both(left, right ^ 1), self.both(left ^ 1, right))

    def choose(self, condition: int, then: int, otherwise: int) -> int:
        """`then if condition else otherwise`."""
        if then == otherwise:
            return then
        return self.either(self.both(condition, then), self.both(condition ^ 1, otherwise))

    def chosen(self, condition: int, then: Bits, otherwise: Bits) -> Bits:
        """`choose`, bit by bit."""
        return tuple(self.choose(condition, a, b) for a, b in zip(then, otherwise, strict=True))

    def equal(self, left: Bits, right: Bits) -> int:
        """Whether two words of one length are the same."""
        return self.any([self.differ(a, b) for a, b in zip(left, right, strict=True)]) ^ 1

    def less(self, left: Bits, right: Bits, signed: bool) -> int:
        """Whether one word is below another of the same length."""
        if signed:
            left, right = (*left[:-1], left[-1] ^ 1), (*right[:-1], right[-1] ^ 1)
        below = FALSE
        for a, b in zip(left, right, strict=True):
            below = self.choose(self.differ(a, b), b, below)
        return below

    def plus(self, left: Bits, right: Bits) -> Bits:
        """The sum of two words of one length, of which what does not fit is lost."""
        total, carry = [], FALSE
        for a, b in zip(left, right, strict=True):
            differ = self.differ(a, b)
            total.append(self.differ(differ, carry))
            carry = self.either(self.both(a, b), self.both(differ, carry))
        return tuple(total)

    def times(self, factor: int, word: Bits) -> Bits:
        """The product with a number, of which what does not fit is lost."""
        bits = len(word)
        total: Bits = (FALSE,) * bits
        for place in range(bits):
            if factor >> place & 1:
                total = self.plus(total, ((FALSE,) * place + word)[:bits])
        return total


def constant(value: int, bits: int) -> Bits:
    """The lowest bits of a number."""
    return tuple(value >> place & 1 for place in range(bits))


def resized(word: Bits, signed: bool, bits: int) -> Bits:
    """A word cut or extended."""
    more = (word[-1] if signed else FALSE,) * (bits - len(word))
    return (*word[:bits], *more)
