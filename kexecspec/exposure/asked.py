"""What `specs/exposure` asks of the states of a platform: the phase of a state, and what can be reached in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kexecspec.ground.ground import watching
from kexecspec.ground.names import World
from kexecspec.ir.language import lower
from kexecspec.ir.nodes import FALSE, TRUE, Expr
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.walk import references
from kexecspec.library import Library
from kexecspec.platform.facts import Platform

PHASE, REACH = "phase", "reach"


@dataclass(frozen=True)
class Phase:
    """A stretch of a handoff, of the kernel that leaves (`old`) or of the one that follows; `begins` are the moments
    of a kernel's log at which it does."""

    name: str
    title: str
    old: bool
    begins: tuple[str, ...]


@dataclass(frozen=True)
class Reach:
    """What something can reach, the gravest with the lowest `rank`."""

    name: str
    mark: str
    rank: int
    unsafe: bool
    means: str


@dataclass(frozen=True)
class Chart:
    """What is asked about every part of one kind: phases in order of time, reaches from the gravest on."""

    name: str
    kind: str
    title: str
    phases: tuple[Phase, ...]
    reaches: tuple[Reach, ...]
    content: Mapping[str, Any]


def charts(library: Library) -> tuple[Chart, ...]:
    """All charts of the library."""
    return tuple(_chart(spec.content) for spec in library.all("exposure"))


def _chart(content: Mapping[str, Any]) -> Chart:
    phases = (
        Phase(str(p["name"]), str(p["title"]), p["side"] == "old", tuple(map(str, p["begins"])))
        for p in content["phases"]
    )
    reaches = (
        Reach(str(r["name"]), str(r["mark"]), int(r["rank"]), bool(r["unsafe"]), " ".join(str(r["means"]).split()))
        for r in content["reaches"]
    )
    return Chart(
        str(content["bars"]), str(content["for"]), str(content["title"]), tuple(phases), tuple(reaches), content
    )


@dataclass(frozen=True)
class Questions:
    """A system, and for one of its parts the conditions of a chart; `phases` leaves out those that the part has not."""

    system: TransitionSystem
    phases: tuple[tuple[Phase, Expr], ...]
    reaches: tuple[tuple[Reach, Expr], ...]


def questions(platform: Platform, library: Library, chart: Chart, name: str) -> Questions:
    """The system of `platform` and what `chart` asks about its part `name`."""
    more = {
        f"watched {key}": {
            "for": entry["for"], "path": f"specs/exposure/{chart.name}.yaml",
            "variables": {key: {field: value for field, value in entry.items() if field != "for"}},
        }
        for key, entry in chart.content.get("history", {}).items()
    }  # fmt: skip
    system = _without_idle(watching(platform, library, lambda world: _asked(world, chart, name), more))
    found = {(prop.code, int(prop.handoff)): prop.holds for prop in system.properties}
    return Questions(
        system,
        tuple((phase, found[PHASE, n]) for n, phase in enumerate(chart.phases) if (PHASE, n) in found),
        tuple((reach, found[REACH, n]) for n, reach in enumerate(chart.reaches) if (REACH, n) in found),
    )


def _without_idle(system: TransitionSystem) -> TransitionSystem:
    """`system` without the unknown facts that nothing in it looks at: each of their values would be a state of its
    own."""
    exprs = [prop.holds for prop in system.properties]
    exprs += [var.initial for var in system.variables.values() if var.initial is not None]
    exprs += [part for rule in system.rules for part in (rule.guard, *rule.order, *rule.effect.values())]
    used = frozenset(name for expr in exprs for name in references(expr))
    kept = {name: var for name, var in system.variables.items() if var.initial is not None or name in used}
    invariants = tuple(one for one in system.invariants if references(one.holds) <= kept.keys())
    return replace(system, variables=kept, invariants=invariants)


def _asked(world: World, chart: Chart, name: str) -> Iterator[Property]:
    """Each condition as a property, so that it is folded with the system."""
    scope = world.scope({"self": world.part(name)})
    for code, entries in ((PHASE, chart.content["phases"]), (REACH, chart.content["reaches"])):
        for number, entry in enumerate(entries):
            if "if" in entry and lower(str(entry["if"]), scope) == FALSE:
                continue
            holds = lower(" ".join(str(entry["when"]).split()), scope)
            yield Property(code, name, str(number), holds, TRUE, "")
