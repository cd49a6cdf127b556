"""The whole way from a read and validated file to a Platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kexecspec.diagnostics import Span, quote
from kexecspec.handoff_text import parse_handoff, parse_kind
from kexecspec.library import Library
from kexecspec.platform import assumed, bounds, contradictions, links, names, secure_world
from kexecspec.platform import kernels as kernel_facts
from kexecspec.platform.adding import Parts
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.doubts import DECIDING, OF_KERNELS
from kexecspec.platform.facts import Edge, Entity, Expectation, Kernel, Limit, Platform, Reliance
from kexecspec.platform.loaders import HANDS_ON, out_of_reserve
from kexecspec.platform.parts import parts
from kexecspec.source import Node, plain

RESET_CLEARS = ("secure_world", "smmus", "devices")


def resolve(
    root: Node, path: str, library: Library, filled: dict[str, Any] | None = None, whole: bool = False
) -> Platform:
    """The platform that the tree `root` of the file `path` describes. The tree has passed its schema.

    `filled` is the file's content with unknown facts filled in (see variants), if there are any. With `whole`, hooks
    also have the operations that kernels leave out, marked as not there.

    Raises InputError with everything that is wrong: unknown names, contradictions, cycles, overlaps.
    """
    content: dict[str, Any] = filled if filled is not None else plain(root)  # type: ignore[assignment]
    wrong = Complaints(root)
    bounds.crowd(content, library, wrong)
    wrong.raise_any()
    tee = secure_world.settled(content, library, wrong)
    kernels = kernel_facts.kernels(content, library, tee, wrong)
    edges = _edges(content, kernels, wrong)
    found = parts(content, library, tee, kernels, wrong, whole)
    duties = _duties(content, kernels, found, wrong)
    first = _first(content, kernels, edges, wrong)
    everything = {"machine": entity_of_machine(first, content)} | found.entities
    entities = links.ordered(content, everything, kernels, wrong)
    links.check_memory(content, wrong)
    names.check(content, library, tee, wrong)
    contradictions.check(content, library, wrong)
    wrong.raise_any()
    in_rules, of_kernels = (_about(features, content) for features in (library.features_in_rules, OF_KERNELS))
    return Platform(
        name=str(content.get("platform", "unnamed")),
        path=path,
        entities=entities,
        kernels=kernels,
        edges=edges,
        first=first,
        limits=_limits(content, edges),
        warm_keeps=_kept(content),
        assumptions=(*_assumptions(content, found), *_adoption(kernels)),
        reliances=(
            *found.reliances,
            *assumed.assumptions(content),
            *kernel_facts.reliances(kernels, library, found.features | in_rules | of_kernels),
        ),
        expectations=_expectations(content, wrong),
        duties=duties,
        plain=content,
        of_drivers=found.features - in_rules - DECIDING,
    )


def _edges(content: Mapping[str, Any], kernels: Mapping[str, Kernel], wrong: Complaints) -> tuple[Edge, ...]:
    edges: dict[str, Edge] = {}
    inside = {(way.start, way.kind, way.end) for way in out_of_reserve(content)}
    for number, item in enumerate(content.get("handoffs", ())):
        place = ("handoffs", number)
        try:
            if isinstance(item, str):
                said = parse_handoff(item)
                start, kind, end, user = said.start, said.kind, said.end, said.user_space
                name = None
            else:
                kind, user = parse_kind(item["kind"])
                start, end, name = item["from"], item["to"], item.get("name")
                user = item.get("user_space", user)
        except ValueError as error:
            wrong.say("KX009", str(error), place)
            continue
        for kernel in (start, end):
            if kernel not in kernels:
                wrong.unknown("kernel", kernel, sorted(kernels), place)
        stopped = kind in ("kexec", "reboot") if user is None else user == "stopped"
        at_most = None if isinstance(item, str) else item.get("at_most")
        stopped = stopped and kind != "crash"
        kept = not isinstance(item, str) and item.get("loaded_by") == HANDS_ON and (start, kind, end) in inside
        edge = Edge(name or f"{start} -{kind}-> {end}", start, end, kind, stopped, at_most, wrong.span(*place), kept)
        other = edges.get(edge.name)
        if other is not None and name is None and other.user_stopped != stopped:
            edge = replace(edge, name=f"{edge.name}, user space {'stopped' if stopped else 'running'}")
        if edge.name in edges:
            wrong.say("KX023", f"the handoff {quote(edge.name)} stands twice", place)
        edges[edge.name] = edge
    return tuple(edges.values())


def _first(
    content: Mapping[str, Any], kernels: Mapping[str, Kernel], edges: tuple[Edge, ...], wrong: Complaints
) -> str:
    if not kernels:
        wrong.say(
            "KX008",
            "no kernel is described, nothing could be judged",
            (),
            help="kernels: {prod: {version: 6.12}}",
        )
        return ""
    if "first" in content:
        if content["first"] not in kernels:
            wrong.unknown("kernel", content["first"], sorted(kernels), ("first",))
        return str(content["first"])
    after_reset = [edge.end for edge in edges if edge.resets]
    started = [edge.start for edge in edges]
    candidates = [k for k in kernels if k in after_reset] or [k for k in kernels if k in started] or list(kernels)
    return candidates[0]


def _duties(
    content: Mapping[str, Any], kernels: Mapping[str, Kernel], found: Parts, wrong: Complaints
) -> tuple[tuple[str, str, tuple[str, ...], Span], ...]:
    """Kernel, duty, what provides it and where the file asks for it."""
    duties = []
    common = tuple(content.get("duties", ()))
    for kernel in kernels.values():
        for duty in dict.fromkeys((*common, *kernel.duties)):
            providers = tuple(name for name, offers in found.provides.items() if duty in offers or duty == name)
            place = ("kernels", kernel.name, "duties") if duty in kernel.duties else ("duties",)
            if not providers:
                offered = sorted({duty for offers in found.provides.values() for duty in offers})
                wrong.unknown("duty", duty, offered, place)
            asked = kernel.duties if duty in kernel.duties else common
            duties.append((kernel.name, duty, providers, wrong.span(*place, asked.index(duty))))
    return tuple(duties)


def _kept(content: Mapping[str, Any]) -> frozenset[str]:
    cleared = content.get("resets", {}).get("warm_clears")
    return frozenset() if cleared is None else frozenset(RESET_CLEARS) - frozenset(cleared)


def _limits(content: Mapping[str, Any], edges: tuple[Edge, ...]) -> tuple[Limit, ...]:
    limits = [
        Limit(f"taken {edge.name}", edge.at_most, frozenset((edge.name,))) for edge in edges if edge.at_most is not None
    ]
    most = content.get("limits", {}).get("handoffs_between_resets")
    if most is not None:
        limits.append(Limit("taken", most, frozenset(edge.name for edge in edges if not edge.resets)))
    return tuple(limits)


def _assumptions(content: Mapping[str, Any], found: Parts) -> tuple[Reliance, ...]:
    given = content.get("assume", {})
    said = []
    if given.get("in_flight") == "none":
        said.append(Reliance("no call is inside the secure world at a handoff", "assume.in_flight: none"))
    if given.get("registration_fails") is False:
        said.append(
            Reliance("no registration fails for want of memory in the kernel", "assume.registration_fails: false")
        )
    masters = any("device" in one.kinds for one in found.entities.values())
    if masters and given.get("fabric_drains", True):
        said.append(Reliance("writes in the fabric land before the jump once bus mastering is off", "default"))
    mediator = (
        content["secure_world"].get("mediator", "none") if isinstance(content.get("secure_world"), dict) else "none"
    )
    if mediator != "none":
        said.append(
            Reliance(f"the {mediator} mediator passes calls through and keeps nothing of its own", "not modelled")
        )
    for other in given.get("others", ()):
        said.append(Reliance(str(other["says"]), str(other.get("why", "stated"))))
    return tuple(said)


def _about(features: frozenset[str], content: Mapping[str, Any]) -> frozenset[str]:
    """Those of `features` that are about parts which this platform has."""
    absent = () if content.get("smmus") else ("smmu", "iommu")
    absent = (*absent, *(() if content.get("devices") else ("pci",)))
    absent = (*absent, *(() if content.get("interrupt_controllers") else ("gicv3",)))
    if content.get("secure_world", "none") == "none":
        absent = (*absent, "optee", "tee", "ffa")
    return frozenset(f for f in features if not f.startswith(absent or ("\0",)))


def _adoption(kernels: Mapping[str, Kernel]) -> tuple[Reliance, ...]:
    return tuple(
        Reliance(f"{k.name} leaves alone the memory that the tables it adopts map", "it declares adoption", k.name)
        for k in kernels.values()
        if k.facts["adopts"]
    )


def _expectations(content: Mapping[str, Any], wrong: Complaints) -> tuple[Expectation, ...]:
    made = []
    for finding, said in content.get("expect", {}).items():
        entry: Mapping[str, Any] = {"verdict": said} if isinstance(said, str) else said
        made.append(
            Expectation(
                finding,
                entry["verdict"],
                entry.get("handoffs"),
                entry.get("harm"),
                wrong.span("expect", finding),
                entry.get("outcome"),
                entry.get("log"),
            )
        )
    return tuple(made)


def entity_of_machine(first: str, content: Mapping[str, Any]) -> Entity:
    """The machine as a whole, which carries what belongs to no part."""
    fails = content.get("assume", {}).get("registration_fails", True) is not False
    return Entity("machine", ("machine",), {"first": first, "registration_failures": fails})
