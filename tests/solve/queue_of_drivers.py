"""Drivers that probe one after the other and take of one heap; some of them never give back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from systems import always, at, rule, var

from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, less, negate, times
from kexecspec.ir.flow import control_groups, flow_invariants
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Rule, TransitionSystem
from kexecspec.ir.values import BOOL, EnumSort, IntSort

FIRST, SECOND, EXTRA = 5, 4, 1
"""What each driver takes in two bites, and what there has to be beyond the first one when it takes that."""

PLACES = EnumSort(("off", "one", "bound", "failed", "shut"))


def queue(number: int, leaks: Collection[int], room: int) -> TransitionSystem:
    """`number` drivers and `room` for them; those in `leaks` give nothing back. A driver is `refused` that was let in
    and then was not given the rest."""
    high = room + 2
    variables = [
        var("phase", EnumSort(("boot", "up", "down")), "boot"),
        var("stale", IntSort(0, high), 0, Lifetime.PLATFORM),
    ]
    for n in range(number):
        variables += [var(f"d{n}.at", PLACES, "off")]
        variables += [var(f"d{n}.{kind}", BOOL, False) for kind in ("first", "second", "refused")]
    taken = add(_taken(n) for n in range(number))
    level = add((Const(room), times(-1, Ref("stale")), times(-1, taken)))
    rules = [one for n in range(number) for one in _driver(n, n in leaks, level)]
    rules.append(rule("up", at("phase", "boot"), {"phase": "up"}, tuple(map(_settled, range(number)))))
    rules.append(rule("begin", at("phase", "up"), {"phase": "down"}))
    total = add((Ref("stale"), taken))
    back: dict[str, Expr] = {v.name: v.initial for v in variables if v.lifetime is Lifetime.KERNEL and v.initial}
    jump = {**back, "stale": choose(at_most(total, Const(high)), total, Const(high))}
    rules.append(rule("jump", at("phase", "down"), jump, tuple(_stopped(n, n in leaks) for n in range(number)), True))
    properties = tuple(
        replace(always("KX103", negate(Ref(f"d{n}.refused")), Ref(f"d{n}.second"), "stale"), instance=f"d{n}")
        for n in range(number)
    )
    whole = TransitionSystem({one.name: one for one in variables}, tuple(rules), (), properties)
    return replace(whole, invariants=flow_invariants(whole, control_groups(whole, ("phase",))))


def _driver(n: int, leaks: bool, level: Expr) -> Iterator[Rule]:
    turn = tuple(map(_settled, range(n)))
    off, one, bound = (
        conjoin((at("phase", phase), at(f"d{n}.at", place)))
        for phase, place in (("boot", "off"), ("boot", "one"), ("down", "bound"))
    )
    empty = {f"d{n}.first": False, f"d{n}.second": False}
    failed = {**empty, f"d{n}.at": "failed"}
    found = [
        rule(f"d{n} in", off, {f"d{n}.at": "one", f"d{n}.first": True}, (*turn, at_most(Const(FIRST + EXTRA), level))),
        rule(f"d{n} out", off, failed, (*turn, less(level, Const(FIRST + EXTRA)))),
        rule(f"d{n} takes", one, {f"d{n}.at": "bound", f"d{n}.second": True}, (*turn, at_most(Const(SECOND), level))),
        rule(f"d{n} refused", one, {**failed, f"d{n}.refused": True}, (*turn, less(level, Const(SECOND)))),
    ]
    if not leaks:
        found.append(rule(f"d{n} gives", bound, {**empty, f"d{n}.at": "shut"}))
    return (replace(each, actor=f"d{n}") for each in found)


def _taken(n: int) -> Expr:
    first, second = Ref(f"d{n}.first"), Ref(f"d{n}.second")
    return add((choose(first, Const(FIRST), Const(0)), choose(second, Const(SECOND), Const(0))))


def _settled(n: int) -> Expr:
    return disjoin((at(f"d{n}.at", "bound"), at(f"d{n}.at", "failed")))


def _stopped(n: int, leaks: bool) -> Expr:
    places = ("shut", "failed", "off", *(("bound",) if leaks else ()))
    return disjoin(at(f"d{n}.at", place) for place in places)
