"""The converse of replay: a long random life of the machine, in which no harm of a proved property is suffered.

The rules have no part in it. What the world may choose is read off the platform's facts, what happens is the
machine's own, and a harm is the one that a replay would take as a property's confirmation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import islice

from kexecspec.ir.evaluate import initial_states
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.library import library
from kexecspec.machine import Harm
from kexecspec.platform.facts import Edge, Platform
from kexecspec.replay import kernels
from kexecspec.replay.configure import TEE
from kexecspec.replay.stage import Stage, open_stage
from kexecspec.replay.suffered import is_about
from kexecspec.replay.walk import may_not_jump
from tests.soak.world import choices, count_of

Choice = Callable[[], object]
LEAVES = 0.06
"""How often a kernel that may be left is left."""


def live(
    platform: Platform, system: TransitionSystem, proved: Sequence[Property], seed: int, steps: int
) -> tuple[str, ...]:
    """Lets the machine live for `steps` steps, the same for the same `seed`; what it suffers of `proved`."""
    dice = random.Random(seed)
    facts = dice.choice(list(islice(initial_states(system), 64)))
    life = _Life(platform, open_stage(platform, library(), facts), dice)
    for _ in range(steps):
        if life.machine.state.dead:
            break
        life.step()
        found = life.suffered(proved)
        if found:
            return found
    if not life.machine.state.dead:
        life.machine.run_on()
    return life.suffered(proved, life.generation)


@dataclass
class _Life:
    platform: Platform
    stage: Stage
    dice: random.Random
    seen: int = 0
    generation: int = 0
    left: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = self.stage.machine
        self.generation = self.machine.generation

    def step(self) -> None:
        """The kernel goes on, or the world does something, or the kernel is left."""
        edges = [edge for edge in self.platform.edges if self._may_leave(edge)]
        if edges and self.dice.random() < LEAVES:
            self._leave(self.dice.choice(edges))
            return
        world = list(choices(self.stage))
        if world and self.dice.random() < 0.6:
            name, choice = self.dice.choice(world)
            self.done.append(name)
            choice()
            return
        if may_not_jump(self.stage):
            return
        self._tempt()
        self._advance()

    def suffered(self, proved: Sequence[Property], generation: int | None = None) -> tuple[str, ...]:
        """New harms of `proved`; of this generation only, where one is given."""
        new, self.seen = self.machine.state.harms[self.seen :], len(self.machine.state.harms)
        found = []
        for harm in new:
            if generation in (None, harm.detail.get("generation")):
                found += [f"{p.id} is proved, and suffered: {harm.kind} {harm.where} {dict(harm.detail)} after "
                          f"{'; '.join(self.done[-8:])}" for p in proved if self._is_of(p, harm)]
        self.generation = self.machine.generation
        return tuple(found)

    def _is_of(self, prop: Property, harm: Harm) -> bool:
        now = {"any": "any", "entered": self._entered(), "leaving": self._leaving()}
        if prop.handoff != now[_moment(prop)]:
            return False
        return is_about(self.stage, prop, harm) and self._exactly(prop, harm)

    def _exactly(self, prop: Property, harm: Harm) -> bool:
        """What a replay need not tell apart, because it knows what it is about: instances that differ in who acts, work
        of the running kernel's own, what another property is about, and what is not modelled: faults of a stream
        between its attachment and the reset of its device, and how a payload drives an SMMU."""
        how, kernel = harm.detail.get("how"), self.machine.kernel
        match prop.code:
            case "KX102":
                left = [one for one in self.machine.state.secure.registrations if one.client in _clients(harm, prop)]
                return any(one.explicit and self.stage.exits.get(one.generation) == "kexec" for one in left)
            case "KX104":
                thread = self.machine.state.secure.threads[int(harm.where.split()[-1])]
                return thread.generation != self.machine.generation
            case "KX301":
                own = harm.detail.get("programmed_by") == harm.detail.get("generation")
                return not own and not harm.detail.get("stale_table")
            case "KX302":
                return how not in ("context", "translation")
            case "KX304" if harm.where == "transaction-aborted":
                return how in ("context", "translation")
            case "KX305" if harm.where == "transaction-aborted":
                drives = kernel is not None and not kernel.linux and kernel.smmu_aware
                return how not in ("context", "translation") and not drives
            case "KX305":
                device = self.machine.state.devices[str(harm.detail["device"])]
                return (device.generation == self.machine.generation) is prop.instance.endswith(":own")
            case "KX306":
                return harm.detail.get("context") == ("task" if prop.instance.endswith(":task") else "walk")
        return True

    def _entered(self) -> str:
        return "boot" if self.stage.entered == "none" else self.stage.entered

    def _leaving(self) -> str:
        return self.stage.leaving.kind if self.stage.leaving else "none"

    def _may_leave(self, edge: Edge) -> bool:
        phases = ("up", "walk") if edge.kind == "crash" else ("up",)
        if edge.start != self.stage.kernel or self.machine.state.phase not in phases:
            return False
        if self.stage.leaving is not None and edge.kind != "crash":
            return False
        tee = self.platform.entities.get("tee")
        idle = tee is not None and tee.facts["in_flight_none"] is True
        if idle and edge.kind == "crash" and count_of(self.stage):
            return False
        limits = [limit for limit in self.platform.limits if edge.name in limit.edges]
        return all(self.left.get(limit.counter, 0) < limit.most for limit in limits)

    def _leave(self, edge: Edge) -> None:
        self.done.append(edge.name)
        if edge.kind == "crash":
            self._count(edge)
            kernels.crash(self.stage, edge.end)
            return
        self.machine.choose_shutdown_order(self._order())
        self.machine.begin(edge.kind, edge.end, "stopped" if edge.user_stopped else "running", edge.tree_handed_on)
        self.stage.leaving = edge

    def _advance(self) -> None:
        edge, before = self.stage.leaving, self.machine.generation
        event = self.stage.advance()
        self.done.append(f"{event.actor} {event.operation} {event.outcome}")
        if self.machine.generation > before and edge is not None:
            self._count(edge)
            self.stage.arrive(edge.kind)

    def _count(self, edge: Edge) -> None:
        for limit in self.platform.limits:
            if edge.resets:
                self.left[limit.counter] = 0
            elif edge.name in limit.edges:
                self.left[limit.counter] = self.left.get(limit.counter, 0) + 1

    def _order(self) -> tuple[str, ...]:
        """An order of the shutdown walk that the links allow."""
        sorter = TopologicalSorter({e.name: set(e.shut_after) for e in self.platform.of_kind("walker")})
        sorter.prepare()
        ready: list[str] = []
        order: list[str] = []
        while sorter.is_active():
            ready.extend(sorted(sorter.get_ready()))
            name = ready.pop(self.dice.randrange(len(ready)))
            order.append(TEE if "tee_driver" in self.platform.entities[name].kinds else name)
            sorter.done(name)
        return tuple(order)

    def _tempt(self) -> None:
        """The world's part in what the kernel does next."""
        if self.platform.entities["machine"].facts["registration_failures"] and self.dice.random() < 0.05:
            self.machine.registration_fails("kernel")


def _moment(prop: Property) -> str:
    """Whether a property is about a kernel that was entered, about one that leaves, or about any."""
    spec = library().spec("properties", prop.code)
    assert spec is not None
    entries = spec.content["instances"]
    ends = {str(entry.get("instance", "")).removeprefix("{self}"): entry for entry in entries}
    own = [entry for end, entry in ends.items() if prop.instance.endswith(end)]
    return str(max(own, key=lambda entry: len(entry.get("instance", ""))).get("handoff", "entered"))


def _clients(harm: Harm, prop: Property) -> tuple[str, ...]:
    """Those of the clients that a leak names that `prop` is about."""
    found = harm.detail.get("clients", ())
    assert isinstance(found, tuple)
    name = prop.instance.partition(":")[0]
    mine = ("tee", "optee", "optee-arg-cache") if name.startswith("optee") else (name,)
    return tuple(one for one in found if one in mine)
