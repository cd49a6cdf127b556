"""Order: what holds of every step of every platform's rules, whatever the facts are.

A hook is a sequence of operations, a handoff leaves one kernel and ends all that lived in it, and user space does
nothing after it was stopped. Rules of which a guard, a turn or a reset is missing break one of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from kexecspec.explore import Sweep
from kexecspec.ir.evaluate import OutOfRange, compiled
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.nodes import FALSE
from kexecspec.ir.system import Lifetime, Rule, TransitionSystem
from kexecspec.platform.facts import Edge, Platform

STATES = 3000
FINISHED = ("shut", "failed", "off")
KERNEL, RESET = (Lifetime.KERNEL,), (Lifetime.KERNEL, Lifetime.PLATFORM)
OPERATION = re.compile(r"(?P<operation>(?P<driver>.*)\.(?P<hook>probe|shutdown)\..*)\.\w+$")


def out_of_order(platform: Platform, system: TransitionSystem, states: int = STATES) -> Iterator[str]:
    """What is out of order in the first `states` states of `system`: the rule, and what it must not do."""
    sweep, moves = Sweep(system, states, strict=True), moves_of(system)
    try:
        sweep.seek(FALSE)
    except OutOfRange as where:
        yield str(where)
    names, fresh, held = tuple(system.variables), _fresh(system), _declared(system)
    edges = {edge.name: edge for edge in platform.edges}
    for row in sweep.origins:
        state = dict(zip(names, row, strict=True))
        yield from (f"{name} does not hold" for name, holds in held if not holds(row))
        under_way: dict[str, str] = {}
        for move in moves.at(row):
            after = move.after(row)
            if after is None:
                continue
            rule = system.rules[move.number]
            if after == row:
                yield f"{rule.name} does nothing"
            yield from _second(rule, under_way)
            yield from _too_early(rule, platform, state)
            if rule.actor == "user space" and not _user_space_runs(edges, state):
                yield f"{rule.name} without user space"
            if rule.handoff:
                edge = edges[rule.name.partition(".")[2]]
                yield from _handoff(rule, platform, edge, state)
                ended = KERNEL if not edge.resets or platform.warm_keeps else RESET
                kept = (name for name, life, differs in fresh if life in ended and differs(after))
                yield from (f"{rule.name} leaves {name} as it was" for name in kept)


def _second(rule: Rule, under_way: dict[str, str]) -> Iterator[str]:
    """A driver does one operation after the other; what comes of one operation may be open."""
    if found := OPERATION.match(rule.name):
        first = under_way.setdefault(found["driver"], found["operation"])
        if first != found["operation"]:
            yield f"{rule.name} beside {first}"


def _too_early(rule: Rule, platform: Platform, state: dict[str, Any]) -> Iterator[str]:
    """A driver is not shut down before those that are to be shut down first."""
    if (found := OPERATION.match(rule.name)) and found["hook"] == "shutdown":
        for other in platform.entities[found["driver"]].shut_after:
            if state.get(f"{other}.at", "off") not in FINISHED and _is_shut_down(platform, other, state):
                yield f"{rule.name} before {other} is shut down"


def _is_shut_down(platform: Platform, name: str, state: dict[str, Any]) -> bool:
    """Whether the driver `name` has a shutdown hook in the running kernel."""
    hooks = platform.entities[name].hooks
    running = hooks.get(state["kernel"]) if "kernel" in state else next(iter(hooks.values()), None)
    return running is not None and bool(running.shutdown)


def _user_space_runs(edges: dict[str, Edge], state: dict[str, Any]) -> bool:
    return state["phase"] == "up" or (state["phase"] == "down" and not edges[state["leaving"]].user_stopped)


def _handoff(rule: Rule, platform: Platform, edge: Edge, state: dict[str, Any]) -> Iterator[str]:
    """Only a running kernel hands over, by its own edges; all but a crash wait for every shutdown hook."""
    if state.get("kernel", edge.start) != edge.start or state["phase"] == "boot":
        yield f"{rule.name} in {state['kernel']}, phase {state['phase']}"
    for entity in platform.of_kind("walker"):
        name = entity.name
        if edge.kind != "crash" and _is_shut_down(platform, name, state) and state[f"{name}.at"] not in FINISHED:
            yield f"{rule.name} before {entity.name} is shut down"


def _fresh(system: TransitionSystem) -> list[tuple[str, Lifetime, Callable[[Row], bool]]]:
    """For each variable that ends some time, how long it lives, and whether it has another value than at first."""
    index = {name: place for place, name in enumerate(system.variables)}
    found = []
    for name, var in system.variables.items():
        if var.lifetime is not Lifetime.FIXED and var.initial is not None and name not in ("kernel", "entered"):
            found.append((name, var.lifetime, _differs(index[name], compiled(var.initial, index))))
    return found


def _differs(place: int, first: Callable[[Row], Any]) -> Callable[[Row], bool]:
    return lambda row: bool(row[place] != first(row))


def _declared(system: TransitionSystem) -> list[tuple[str, Callable[[Row], Any]]]:
    index = {name: place for place, name in enumerate(system.variables)}
    return [(invariant.name, compiled(invariant.holds, index)) for invariant in system.invariants]
