"""Small transition systems that the tests of the solvers share."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, equal, less, negate
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.system import Invariant, Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import BOOL, EnumSort, IntSort, Sort, Value


def var(name: str, sort: Sort, initial: Value | None, lifetime: Lifetime = Lifetime.KERNEL) -> Var:
    """A variable with a constant initial value, or a free one."""
    return Var(name, sort, None if initial is None else Const(initial), lifetime)


def at(name: str, value: Value) -> Expr:
    """`name == value`."""
    return equal(Ref(name), Const(value))


def plus(name: str, amount: int) -> Expr:
    """`name + amount`."""
    return add((Ref(name), Const(amount)))


def rule(
    name: str,
    guard: Expr,
    effect: Mapping[str, Expr | Value],
    order: tuple[Expr, ...] = (),
    handoff: bool = False,
) -> Rule:
    """A rule whose constants may be written bare."""
    bare = {key: value if not isinstance(value, bool | int | str) else Const(value) for key, value in effect.items()}
    return Rule(name, "kernel", guard, bare, order, handoff=handoff)


def always(code: str, holds: Expr, companion: Expr = TRUE, counter: str | None = None) -> Property:
    """A property about nothing in particular."""
    return Property(code, "x", "kexec", holds, companion, "HANG", counter=counter)


def system(
    variables: tuple[Var, ...],
    rules: tuple[Rule, ...],
    properties: tuple[Property, ...] = (),
    invariants: tuple[Invariant, ...] = (),
) -> TransitionSystem:
    """A system from its parts."""
    return TransitionSystem({v.name: v for v in variables}, rules, invariants, properties)


def firmware(
    devices: int = 1,
    threads: int = 2,
    drain: bool = False,
    leak: int = 0,
    heap: int = 100,
    unknown: bool = False,
) -> TransitionSystem:
    """A kernel that boots, shuts its drivers down in order and hands over to the next one, beside a secure
    world with threads, an argument cache that may be foreign, and a heap from which every boot may leak."""
    steps = ("off", "probe", "up", "walk", "jump")
    variables = [
        var("kernel", EnumSort(("first", "second")), "first"),
        var("phase", EnumSort(steps), "probe"),
        var("tee", EnumSort(("unbound", "bound", "gone")), "unbound"),
        var("cached", IntSort(0, threads), 0, Lifetime.PLATFORM),
        var("foreign", IntSort(0, threads), 0, Lifetime.PLATFORM),
        var("calls", IntSort(0, threads), 0),
        var("suspended", IntSort(0, threads), 0, Lifetime.PLATFORM),
        var("oops", BOOL, False),
        var("heap", IntSort(0, heap), 0, Lifetime.PLATFORM),
        var("dead", BOOL, None if unknown else True, Lifetime.FIXED),
    ]
    rules = [
        rule("tee-probe", conjoin((at("phase", "probe"), at("tee", "unbound"))), {"tee": "bound"}),
        rule(
            "call",
            conjoin((at("phase", "up"), less(add((Ref("calls"), Ref("suspended"))), Const(threads)))),
            {"calls": plus("calls", 1)},
        ),
        rule(
            "rpc",
            conjoin((less(Const(0), Ref("calls")), at("foreign", 0), less(Ref("cached"), Const(threads)))),
            {"cached": plus("cached", 1)},
        ),
        rule(
            "rpc-foreign",
            conjoin((less(Const(0), Ref("calls")), less(Const(0), Ref("foreign")))),
            {"oops": True},
        ),
        rule("return", less(Const(0), Ref("calls")), {"calls": plus("calls", -1)}),
        rule(
            "suspend",
            conjoin((at("phase", "up"), Ref("dead"), less(Const(0), Ref("calls")))),
            {"calls": plus("calls", -1), "suspended": plus("suspended", 1)},
        ),
        rule("stop", conjoin((at("phase", "up"),)), {"phase": "walk"}),
        rule(
            "handoff",
            conjoin((at("phase", "jump"),)),
            {
                "phase": "probe",
                "tee": "unbound",
                "calls": 0,
                "oops": False,
                "kernel": choose(at("kernel", "first"), Const("second"), Const("first")),
                "foreign": Ref("cached"),
            },
            handoff=True,
        ),
    ]
    down: Expr = TRUE
    if drain:
        rules.append(
            rule(
                "drain",
                conjoin((at("phase", "walk"), at("tee", "bound"), at("calls", 0))),
                {"tee": "gone", "cached": 0},
            )
        )
    else:
        rules.append(rule("forget", conjoin((at("phase", "walk"), at("tee", "bound"))), {"tee": "gone"}))
    up: Expr = negate(at("tee", "unbound"))
    for number in range(devices):
        name = f"dev{number}"
        variables.append(var(name, EnumSort(("unbound", "bound", "gone")), "unbound"))
        variables.append(var(f"{name}.dma", BOOL, False, Lifetime.PLATFORM))
        taken = less(Ref("heap"), Const(heap - leak + 1))
        effect: dict[str, Expr | Value] = {name: "bound"}
        if leak:
            effect["heap"] = choose(taken, plus("heap", leak), Ref("heap"))
        rules.append(rule(f"{name}-probe", conjoin((at("phase", "probe"), at(name, "unbound"), up)), effect))
        rules.append(rule(f"{name}-start", conjoin((at("phase", "up"), at(name, "bound"))), {f"{name}.dma": True}))
        rules.append(
            rule(
                f"{name}-shutdown",
                conjoin((at("phase", "walk"), at(name, "bound"))),
                {name: "gone", f"{name}.dma": False},
            )
        )
        rules.append(
            rule(f"{name}-reset", conjoin((at("phase", "probe"), at(name, "unbound"))), {f"{name}.dma": False})
        )
        up, down = negate(at(name, "unbound")), conjoin((down, at(name, "gone")))
        rules[7].effect[name] = Const("unbound")  # type: ignore[index]
    rules.append(rule("up", conjoin((at("phase", "probe"), up)), {"phase": "up"}))
    rules.append(rule("walk-done", conjoin((at("phase", "walk"), at("tee", "gone"), down)), {"phase": "jump"}))
    properties = (
        always("KX101", negate(Ref("oops")), less(Const(0), Ref("cached"))),
        always("KX102", less(Ref("suspended"), Const(threads)), less(Const(0), Ref("suspended"))),
        always(
            "KX103",
            negate(
                conjoin(
                    (
                        at("phase", "probe"),
                        Ref("dev0.dma"),
                        at("kernel", "second"),
                        at("tee", "bound"),
                        at("cached", 2),
                    )
                )
            ),
            conjoin((Ref("dev0.dma"), at("kernel", "second"))),
        ),
        always(
            "KX104",
            at_most(Ref("foreign"), Ref("cached")) if not drain else at("foreign", 0),
            at("kernel", "second"),
        ),
        always("KX105", at_most(Ref("heap"), Const(heap - leak)), TRUE, "heap"),
        always("KX106", disjoin((negate(at("phase", "jump")), at("tee", "gone"))), at("phase", "jump")),
    )
    held = Invariant("threads", at_most(add((Ref("calls"), Ref("suspended"))), Const(threads)))
    return system(tuple(variables), tuple(rules), properties, (held,))
