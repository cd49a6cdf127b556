"""The stage: a machine in the middle of a performance, and what has to be remembered about its past.

A walker's position is counted here, from the machine's events: the machine performs every operation of a hook, the
rules name those that matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from kexecspec.ground.walks import BOUND, FAILED, READY, SHUT, Turn, turns
from kexecspec.library import Library
from kexecspec.machine import Event, Machine, MachineConfig, Outcome
from kexecspec.platform.facts import Edge, Entity, Hooks, Platform
from kexecspec.replay.configure import TEE, Facts, machine_config, tee_driver

TURNED_OFF = ("smmu_clientpd", "smmu3_cr0_clear")


@dataclass
class Stage:
    """`actors` are the parts by the machine's names; `places` the positions of walkers; `lagging` the walkers whose
    rest of a hook the machine does at once at its end, and whether the trace has begun with it; `exits` how each dead
    generation was left; `names` the buffers of cookies; `nested` the secure threads whose call registers from inside an
    RPC, `asked` those of them whose RPC the machine has seen; `waits` who waits in the kernel's own program, for what;
    `walked`: every shutdown hook is done; `counted` the last count of residue, under its key."""

    platform: Platform
    machine: Machine
    actors: Mapping[str, Entity]
    positions: Mapping[str, Mapping[str, tuple[Turn, ...]]]
    places: dict[str, str] = field(default_factory=dict)
    lagging: dict[str, bool] = field(default_factory=dict)
    exits: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    nested: list[int] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)
    turned_off: set[str] = field(default_factory=set)
    leaving: Edge | None = None
    entered: str = "none"
    taken: int = 0
    waits: set[tuple[str, str]] = field(default_factory=set)
    walked: bool = False
    counted: tuple[object, object] | None = None

    @property
    def kernel(self) -> str:
        """The name of the running kernel."""
        kernel = self.machine.kernel
        return kernel.name if kernel else ""

    def entity(self, actor: str) -> Entity | None:
        """The part of the platform that the machine calls `actor`."""
        return self.actors.get(actor)

    def advance(self) -> Event:
        """One operation further, and what it means for the walker's position."""
        event = self.machine.advance()
        waits = event.outcome is Outcome.WAITING
        self.walked = event.operation == "walk-done"
        self.waits = {(event.actor, str(event.detail.get("why", "")))} if waits else set()
        entity = self.entity(event.actor)
        kernel = self.machine.kernel
        if entity is not None and "walker" in entity.kinds and kernel is not None and kernel.linux:
            self._note(entity, event)
        return event

    def until(self, done: Callable[[], bool]) -> bool:
        """Advance until `done`, or until the kernel waits for good, idles or is dead; whether it is done."""
        waited = False
        while not done():
            event = self.advance()
            if event.outcome is Outcome.DEAD or event.operation == "idle":
                return done()
            if event.outcome is Outcome.WAITING:
                if waited:
                    return done()
                waited = True
            else:
                waited = False
        return True

    def arrive(self, kind: str) -> None:
        """A new generation runs; the last one was left by a handoff of this kind."""
        now = self.machine.generation
        self.exits[now - 1] = kind
        self.places, self.lagging, self.turned_off = {}, {}, set()
        self.nested, self.asked = [], set()
        known = {one.cookie for one in self.machine.state.secure.registrations}
        self.names = {cookie: name for cookie, name in self.names.items() if cookie in known}
        self.entered, self.leaving = kind, None
        self.taken = 0 if kind.startswith("reboot") else self.taken + 1

    def _note(self, entity: Entity, event: Event) -> None:
        name, place = entity.name, self.places.get(entity.name, READY)
        if event.operation in TURNED_OFF:
            self.turned_off.add(name)
        match event.operation:
            case "bound":
                self.places[name] = BOUND
            case "probe-failed":
                self.places[name] = FAILED
            case "shutdown":
                ends = any(turn.hook == "shutdown" for turn in self._turns(name))
                self.places[name] = SHUT if ends else place
            case _:
                self._operation(entity, event, place)

    def _operation(self, entity: Entity, event: Event, place: str) -> None:
        buffer = event.detail.get("buffer")
        if event.outcome is Outcome.OK and buffer is not None:
            self._remember(entity, str(buffer))
        for turn in self._turns(entity.name):
            if place not in (turn.before, turn.waiting) or turn.op.do != event.operation:
                continue
            if turn.op.buffer in (None, f"{entity.name}.{buffer}") or event.outcome is Outcome.WAITING:
                if event.outcome is not Outcome.FAILED or turn.hook == "shutdown":  # a hook goes on, a probe ends
                    gone = event.operation == "dma_unmap" and self.unanswered(entity.name)
                    waits = event.outcome is Outcome.WAITING or gone
                    self.places[entity.name] = turn.waiting if waits else turn.after
                return

    def unanswered(self, name: str) -> bool:
        """Whether the CMD_SYNC of this device's hook got no answer; the machine's kernel gives up after a second."""
        wanted = (name, "walk", self.machine.generation)
        return any(
            harm.where == "cmd-sync"
            and (harm.detail.get("device"), harm.detail.get("context"), harm.detail.get("generation")) == wanted
            for harm in self.machine.state.harms
        )

    def _remember(self, entity: Entity, buffer: str) -> None:
        actor = TEE if "tee_driver" in entity.kinds else entity.name
        shm = self.machine.state.tee_driver().buffers.by_name.get((actor, buffer))
        if shm is not None:
            self.names[shm.cookie] = f"{entity.name}.{buffer}"

    def _turns(self, name: str) -> tuple[Turn, ...]:
        return self.positions[name].get(self.kernel, ())


class House:
    """What all runs on one platform begin with, worked out once."""

    def __init__(self, platform: Platform, library: Library) -> None:
        self.platform, self.library = platform, library
        self._positions = _positions(platform, library)
        self._configs: dict[object, MachineConfig] = {}

    def stage(self, facts: Facts, crashed: bool = False) -> Stage:
        """A stage with the machine of the platform, just powered on (see `machine_config`)."""
        key = (crashed, *facts.items())
        if key not in self._configs:
            self._configs[key] = machine_config(self.platform, self.library, facts, crashed)
        machine = Machine(self._configs[key])
        machine.power_on(self.platform.first)
        actors = {name: entity for name, entity in self.platform.entities.items() if name != TEE}
        driver = tee_driver(self.platform)
        if driver is not None:
            actors[TEE] = driver
        return Stage(self.platform, machine, actors, self._positions)


def open_stage(platform: Platform, library: Library, facts: Facts, crashed: bool = False) -> Stage:
    """A stage with the machine of `platform`, just powered on."""
    return House(platform, library).stage(facts, crashed)


def _positions(platform: Platform, library: Library) -> dict[str, dict[str, tuple[Turn, ...]]]:
    spoken_of = frozenset(name for spec in library.all("components") for name in spec.content.get("operations", {}))
    found: dict[str, dict[str, tuple[Turn, ...]]] = {}
    known: dict[object, dict[str, tuple[Turn, ...]]] = {}
    for entity in platform.of_kind("walker"):
        key = tuple(entity.hooks.items())
        if key not in known:
            reduced = turns(replace(entity, hooks={k: _reduced(h, spoken_of) for k, h in entity.hooks.items()}))
            known[key] = {k: tuple(t for t in reduced if k in t.kernels) for k in platform.kernels}
        found[entity.name] = known[key]
    return found


def _reduced(hooks: Hooks, known: frozenset[str]) -> Hooks:
    probe, shutdown = (tuple(op for op in ops if op.do in known) for ops in (hooks.probe, hooks.shutdown))
    return Hooks(probe, shutdown)
