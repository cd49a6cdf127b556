"""Random systems with everything that is hard to write down: ranges that rules would leave, labels that enumerations
share, numbers below zero, what is open at first, and names that would break any line."""

from __future__ import annotations

import random

from kexecspec.ir.expr import add, choose, conjoin, disjoin, equal, less, negate, times
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import BOOL, BoolSort, EnumSort, IntSort, Sort

WARM, COLD = ("red", "light green", "a*/b"), ("light green", "blue;%", "a*/b", "true", "|")
SHAPE: dict[str, Sort] = {
    "fired": BOOL,
    "d_1": BOOL,
    "open": BOOL,
    "a|b\\ c": EnumSort(WARM),
    "x\n:: y": EnumSort(COLD),
    "MODULE": EnumSort(("only",)),
    "é.n": IntSort(0, 4),
    "m[0]": IntSort(-3, 2),
    "below": IntSort(-16, -5),
    "big": IntSort(0, 70_000),
    "odd": IntSort(3, 5),
}
FREE = ("open", "x\n:: y", "odd", "below")


class Dice:
    """Draws expressions over SHAPE."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def among(self, kind: type, depth: int) -> Expr:
        """A variable of a kind of sort."""
        return Ref(self.random.choice([name for name, sort in SHAPE.items() if isinstance(sort, kind)]))

    def number(self, depth: int) -> Expr:
        if depth == 0 or self.random.random() < 0.2:
            few = Const(self.random.choice((-70_000, -5, -1, 0, 1, 2, 4, 64, 4096)))
            return few if self.random.random() < 0.4 else self.among(IntSort, depth)
        match self.random.randrange(4):
            case 0:
                return add(self.number(depth - 1) for _ in range(self.random.randint(2, 4)))
            case 1:
                return times(self.random.choice((-3, -1, 2, 5)), self.number(depth - 1))
            case _:
                return choose(self.truth(depth - 1), self.number(depth - 1), self.number(depth - 1))

    def label(self, depth: int) -> Expr:
        if depth == 0 or self.random.random() < 0.4:
            some = Const(self.random.choice((*WARM, *COLD)))
            return some if self.random.random() < 0.5 else Ref(self.random.choice(("a|b\\ c", "x\n:: y")))
        return choose(self.truth(depth - 1), self.label(depth - 1), self.label(depth - 1))

    def truth(self, depth: int) -> Expr:
        if depth == 0:
            return self.among(BoolSort, depth)
        smaller = depth - 1
        match self.random.randrange(9):
            case 0 | 1:
                return less(self.number(smaller), self.number(smaller))
            case 2:
                return equal(self.number(smaller), self.number(smaller))
            case 3 | 4:
                return equal(self.label(smaller), self.label(smaller))
            case 5:
                return equal(self.truth(smaller), self.truth(smaller))
            case 6:
                return negate(self.truth(smaller))
            case 7:
                return choose(self.truth(smaller), self.truth(smaller), self.truth(smaller))
            case _:
                join = self.random.choice((conjoin, disjoin))
                return join(self.truth(smaller) for _ in range(self.random.randint(2, 3)))

    def value(self, sort: Sort) -> Expr:
        """Something that may well be none of `sort`."""
        match sort:
            case BoolSort():
                return self.truth(2)
            case IntSort():
                return self.number(2)
            case EnumSort(labels):
                return self.label(2) if len(labels) > 1 else Const(labels[0])


def system(seed: int) -> TransitionSystem:
    """A system over SHAPE; a quarter of all effects leave a range somewhere."""
    dice = Dice(seed)
    rules = []
    for number in range(dice.random.randint(1, 9)):
        written = dice.random.sample([name for name in SHAPE if name != "open"], dice.random.randint(1, 4))
        effect = {name: dice.value(SHAPE[name]) for name in written}
        guard = dice.truth(2) if dice.random.random() < 0.5 else TRUE
        order = (dice.truth(1),) if dice.random.random() < 0.3 else ()
        rules.append(Rule(f"r{number} */ \n\"%s\\", "kernel", guard, effect, order, says="says\n:: */"))
    return TransitionSystem({name: _variable(name) for name in SHAPE}, tuple(rules), (), (_property(dice),))


def _variable(name: str) -> Var:
    first = {"d_1": Ref("open"), "a|b\\ c": Const("light green"), "é.n": choose(Ref("open"), Const(4), Const(0))}
    sort = SHAPE[name]
    initial: Expr | None = first.get(name, Const({BOOL: False}.get(sort, 0)))  # type: ignore[call-overload]
    if isinstance(sort, EnumSort) and name not in first:
        initial = Const(sort.labels[-1])
    return Var(name, sort, None if name in FREE else initial, Lifetime.KERNEL, says=f"{name}\n*/ what")


def _property(dice: Dice) -> Property:
    return Property("KX900", "x\n*/", "kexec", negate(conjoin((dice.truth(2), dice.truth(2)))), TRUE, "HANG", says="*/")
