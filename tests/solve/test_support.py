"""Which facts a proof stands on: directly, by way of its invariants, and not those that it has no use for."""

from __future__ import annotations

import sys
from pathlib import Path

from kexecspec.ir.expr import conjoin, negate
from kexecspec.ir.nodes import Expr, Ref
from kexecspec.ir.system import Lifetime, TransitionSystem
from kexecspec.ir.values import BOOL, Value
from kexecspec.solve.support import support

sys.path.insert(0, str(Path(__file__).parent))
from systems import rule, system, var

BUDGET = 5_000_000


def gated() -> TransitionSystem:
    """Two gates, one behind the other: the first lets nobody through unless `first`, the second unless `second`."""
    facts = tuple(var(name, BOOL, None, Lifetime.FIXED) for name in ("first", "second", "idle"))
    return system(
        (*facts, var("inside", BOOL, False), var("bad", BOOL, False), var("beside", BOOL, False)),
        (
            rule("enter", Ref("first"), {"inside": True}),
            rule("harm", conjoin((Ref("inside"), Ref("second"))), {"bad": True}),
            rule("pass", Ref("idle"), {"beside": True}),
        ),
    )


OUTSIDE, SAFE, AWAY = (negate(Ref(name)) for name in ("inside", "bad", "beside"))


def asked(facts: dict[str, Value], *invariants: Expr, wanted: Expr = SAFE, rlimit: int = BUDGET) -> object:
    return support(gated(), facts, wanted, invariants, rlimit)


def test_facts_are_found_behind_the_invariants_that_use_them() -> None:
    assert asked({"first": False, "second": True, "idle": False}, OUTSIDE, AWAY) == {"first"}
    assert asked({"first": True, "second": False, "idle": True}) == {"second"}
    assert asked({"idle": False}, AWAY, wanted=AWAY) == {"idle"}
    assert asked({"first": False, "elsewhere": True}, OUTSIDE) == {"first"}


def test_what_is_not_proved_stands_on_nothing() -> None:
    assert asked({"first": False, "second": True}) is None
    assert asked({"first": True, "second": True}, OUTSIDE) is None
    assert asked({"second": True}, OUTSIDE) is None
    assert asked({"first": False, "second": False}, wanted=Ref("bad")) is None
    assert asked({"first": False}, OUTSIDE, rlimit=1) is None
