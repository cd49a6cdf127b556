"""The converse of replay: a random walk of the machine, each of whose steps some rule must account for.

The kernel's own program goes on as the machine has it; the world's choices are drawn from the rules that may fire. What
the machine shows after each step has to be what it showed before, or what a rule makes of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from kexecspec.ir.evaluate import fire, initial_states, is_enabled
from kexecspec.ir.system import Lifetime, Rule, TransitionSystem
from kexecspec.ir.values import State, Value
from kexecspec.library import Library
from kexecspec.machine import Event, Outcome
from kexecspec.platform.facts import Platform
from kexecspec.replay import kernels
from kexecspec.replay.calls import OnAnotherThread, Unperformable
from kexecspec.replay.configure import TEE
from kexecspec.replay.observe import observer
from kexecspec.replay.perform import Scene, perform
from kexecspec.replay.stage import Stage, open_stage

DEPTH = 3
OOPSES = ("oops", "oops_rpc", "oops_drain")
OPENINGS = ("opens_with_rpc", "follows_stale")
Seen = dict[str, Value]


@dataclass(frozen=True)
class Walked:
    """What was done, in words, and what no rule accounts for; "" where all is well."""

    done: tuple[str, ...]
    objection: str


def walk(platform: Platform, system: TransitionSystem, library: Library, seed: int, steps: int) -> Walked:
    """Walks at most `steps` steps, the same for the same `seed`; ends early where the running kernel dies."""
    dice = random.Random(seed)
    state = next(initial_states(system))
    walker = _Walker(open_stage(platform, library, state), system, dict(state), dice)
    for _ in range(steps):
        objection = walker.step()
        if objection or walker.stage.machine.state.dead:
            return Walked(tuple(walker.done), objection)
    return Walked(tuple(walker.done), "")


@dataclass
class _Walker:
    stage: Stage
    system: TransitionSystem
    state: dict[str, Value]
    dice: random.Random
    done: list[str] = field(default_factory=list)
    asked: dict[str, Value] | None = None
    open_rules: list[Rule] = field(default_factory=list)
    looks: dict[str, Callable[[], Value | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, variable in self.system.variables.items():
            seen = observer(self.stage, name)
            if seen is not None and variable.lifetime is not Lifetime.FIXED:
                self.looks[name] = seen

    def step(self) -> str:
        """One step, of the world or of the kernel; what is wrong with it."""
        open_rules = self._open()
        world = [rule for rule in open_rules if _is_choice(rule) and self._drawn(rule)]
        if world and self.dice.random() < 0.5:
            return self._chosen(self.dice.choice(world))
        if may_not_jump(self.stage):  # the world goes first
            return ""
        self._tempt(open_rules)
        return self._advanced()

    def _open(self) -> list[Rule]:
        """The rules that may fire now; mostly the kernel idles, and they are those of the step before."""
        if self.asked is not self.state:
            self.asked = self.state
            self.open_rules = [rule for rule in self.system.rules if is_enabled(rule, self.state)]
        return self.open_rules

    def _drawn(self, rule: Rule) -> bool:
        return not (rule.handoff or rule.operation[1] == "begin") or self.dice.random() < 0.2

    def _tempt(self, open_rules: list[Rule]) -> None:
        """The world's part in what the kernel does next."""
        variants = {rule.operation[3] for rule in open_rules if len(rule.operation) > 3}
        if "fails" in variants and self.dice.random() < 0.1:
            self.stage.machine.registration_fails("kernel")
        mistaken = [rule.operation[0] for rule in open_rules if rule.operation[3:] == ("mistakes",)]
        for gic in mistaken:
            if self.dice.random() < 0.5:
                self.stage.machine.covers_tables(gic)
        if variants & set(OPENINGS) and self.dice.random() < 0.5:
            self.stage.machine.opening_makes_rpc()

    def _chosen(self, rule: Rule) -> str:
        self.done.append(rule.name)
        try:
            perform(self.stage, Scene(rule, ()))
        except OnAnotherThread:
            return ""
        except Unperformable as reason:
            return f"{rule.name} cannot be performed: {reason}"
        self.state = fire(self.system, rule, self.state)
        seen = self._seen()
        return "" if _agree(self.state, seen) else f"after {rule.name}: {_differences(self.state, seen)}"

    def _advanced(self) -> str:
        event = self._event()
        self.done.append(f"{event.actor} {event.operation} {event.outcome}")
        seen = self._seen()
        if _agree(self.state, seen):
            return ""
        found = self._explained(event, seen)
        if found is None:
            return f"after {self.done[-1]} no rule accounts for {_differences(self.state, seen)}"
        self.state = found
        return ""

    def _event(self) -> Event:
        """The kernel's next operation; one that fails is taken together with what comes of it."""
        before, edge = self.stage.machine.generation, self.stage.leaving
        event = self.stage.advance()
        while event.outcome is Outcome.FAILED and event.operation != "probe-failed":
            event = self.stage.advance()
        if self.stage.machine.generation > before and edge is not None:
            self.stage.arrive(edge.kind)
            kernels.spread(self.stage)
        return event

    def _explained(self, event: Event, seen: Seen) -> dict[str, Value] | None:
        entity = self.stage.entity(event.actor)
        actor = entity.name if entity is not None else event.actor
        rules = [rule for rule in self.system.rules
                 if rule.operation[1] == "asks_for_page" and self.state["phase"] == "boot"
                 or not _is_choice(rule) and (rule.operation[0] == actor or event.outcome is Outcome.DEAD)]
        reached = [self.state]
        for _ in range(DEPTH):
            reached = [fire(self.system, rule, state) for state in reached for rule in rules if is_enabled(rule, state)]
            for state in reached:
                if _agree(state, seen):
                    return state
        return None

    def _seen(self) -> Seen:
        dead = self.stage.machine.state.dead
        names = [name for name in self.looks if not dead or name.rpartition(".")[2] in OOPSES]
        values = {name: self.looks[name]() for name in names}
        return {name: value for name, value in values.items() if value is not None}


def may_not_jump(stage: Stage) -> bool:
    """Whether the walk of shutdown hooks is done and the platform's assumption that no call is inside the secure world
    at a handoff does not hold yet."""
    tee = stage.platform.entities.get(TEE)
    if tee is None or tee.facts["in_flight_none"] is not True or stage.walked is False:
        return False
    return any(task.thread is not None for task in stage.machine.tasks.all)


def _is_choice(rule: Rule) -> bool:
    """Whether a rule is the world's, not the kernel's program."""
    operation = rule.operation
    if operation[0] == "kernel":
        return operation[1] in ("begin", "crash")
    return len(operation) < 3 or operation[2] not in ("probe", "shutdown")


def _agree(state: State, seen: Seen) -> bool:
    return all(state[name] == value for name, value in seen.items())


def _differences(state: State, seen: Seen) -> str:
    parts = [f"{name} {state[name]} -> {value}" for name, value in seen.items() if state[name] != value]
    return ", ".join(parts)
