"""Replay: perform a trace on the machine step by step, compare after each step, and see what is suffered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from kexecspec.findings import Harmed
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import State, Value
from kexecspec.library import Library, library
from kexecspec.machine import Harm, HarmKind
from kexecspec.platform.facts import Hooks, Link, Platform
from kexecspec.replay.calls import Unperformable, ask
from kexecspec.replay.choices import use
from kexecspec.replay.observe import observe, observer, owner_of
from kexecspec.replay.perform import Scene, perform
from kexecspec.replay.stage import House, Stage
from kexecspec.replay.suffered import OF_ITS_OWN, is_about, of_this_kernel

LOG_LINES = 12
CONSOLE_LINES = 40
RULE = "RULE"
"""What a site's own rule has in the place of a harm: a machine suffers nothing from that it is broken."""
OOPSES = ("oops", "oops_rpc", "oops_drain")
WINDOWS = {
    "gap": ", before its SMMU has probed",
    "smmu-probe": ", while its SMMU probes",
    "after": ", after its SMMU has probed",
    "up": ", after its SMMU has probed",
}
Watched = Mapping[str, Callable[[], Value | None]]


@dataclass(frozen=True)
class Difference:
    """After step `step` (0 is the start) the trace has one value of `variable` and the machine another."""

    step: int
    rule: str
    variable: str
    expected: Value | None
    seen: Value | None

    def __str__(self) -> str:
        where = f"after step {self.step} ({self.rule})" if self.step else "at the start"
        if not self.variable:
            return f"step {self.step} ({self.rule}) could not be performed: {self.seen}"
        return f"{where} {self.variable} is {self.expected} in the trace and {self.seen} in the machine"


def confirm(
    platform: Platform, system: TransitionSystem, prop: Property, trace: Trace, specs: Library | None = None
) -> Harmed:
    """What the machine of `platform` suffers in a run of its own, see `confirmed`. `specs` are what the platform was
    resolved with: the library, unless something is laid over it."""
    return confirmed(House(platform, specs or library()), system, prop, trace)


def confirmed(house: House, system: TransitionSystem, prop: Property, trace: Trace) -> Harmed:
    """Performs `trace`, a run of `system` or of a slice of it that violates `prop`, and lets the machine run on.

    CONFIRMED: every observable variable agreed after every step and the machine suffers the harm of `prop`; of a site's
    rule, which is about no harm, that the machine can do all this. HARMLESS: it agreed, and nothing of that kind is
    suffered. DIVERGED: `why` says where the two parted.
    """
    stage, printed = _stage(house, trace), list[int]()
    difference = next(_played(stage, system, trace, len(trace.steps), printed), None)
    harmed = _harmed(stage, prop, difference)
    return replace(harmed, console=_console(stage, printed))


def _harmed(stage: Stage, prop: Property, difference: Difference | None) -> Harmed:
    """What the machine suffers after a run, where it is let run on."""
    if difference is not None:
        return Harmed("DIVERGED", None, "", _printed(stage.machine.log[-LOG_LINES:]), str(difference))
    kernel = stage.kernel
    if prop.harm == RULE:
        return Harmed("CONFIRMED", RULE, f"{prop.instance}, {kernel}", _printed(stage.machine.log[-LOG_LINES:]))
    harm = _harm_of(stage, prop)
    if harm is None:
        return Harmed("HARMLESS", None, "", _printed(stage.machine.log[-LOG_LINES:]),
                      f"the machine ran on and suffered no {prop.harm} of this kind")
    window = _window(stage, harm) if harm.kind is HarmKind.CORRUPTION else ""
    printed = tuple(line for line in harm.log if line in stage.machine.state.log.lines)
    seen = "; ".join(line for line in harm.log if line not in printed)
    where = f"{harm.where}, {kernel}{window}"
    return Harmed("CONFIRMED", str(harm.kind), where, _printed(printed), f"seen in the model: {seen}" if seen else "")


def step_through(
    platform: Platform,
    system: TransitionSystem,
    trace: Trace,
    until: int | None = None,
    specs: Library | None = None,
) -> tuple[tuple[str, ...], dict[str, Value], str]:
    """Performs the first `until` steps of `trace` (all where None).

    Returns the machine's log, what it then shows of the system's variables, and where machine and trace parted
    ("" where they did not); the performance ends there.
    """
    stage = _stage(House(platform, specs or library()), trace)
    count = len(trace.steps) if until is None else min(until, len(trace.steps))
    difference = next(_played(stage, system, trace, count), None)
    return _printed(stage.machine.log), observe(stage, system.variables), str(difference) if difference else ""


def _printed(log: tuple[str, ...]) -> tuple[str, ...]:
    """The log as a terminal shows it: the kernel's tabs are blanks."""
    return tuple(line.expandtabs() for line in log)


def _stage(house: House, trace: Trace) -> Stage:
    confined = trace.last.get("entered") == "crash" or bool(trace.last.get("limits_kept"))
    return house.stage(trace.initial, confined)


def _console(stage: Stage, printed: list[int]) -> tuple[tuple[int, str], ...]:
    """The last lines of the machine's log, each with its step: `printed` says how many there were after each."""
    lines = stage.machine.state.log.lines
    first = max(0, len(lines) - CONSOLE_LINES)
    shown = _printed(tuple(lines[first:]))
    return tuple((bisect_right(printed, number), line) for number, line in enumerate(shown, first))


def _played(
    stage: Stage, system: TransitionSystem, trace: Trace, count: int, printed: list[int] | None = None
) -> Iterator[Difference]:
    """The first difference between the trace's first `count` steps and the machine, if there is one. `printed` gets how
    many lines of the log there are at the start and after each step."""
    rules = {rule.name: rule for rule in system.rules}
    scenes = [rules.get(step.rule) for step in trace.steps]
    watched = _watched(stage, system, trace.initial)
    before: State = {}
    for number, state in enumerate((trace.initial, *(step.state for step in trace.steps[:count]))):
        name = trace.steps[number - 1].rule if number else ""
        if number:
            complaint = _performed(stage, scenes[number - 1], [r for r in scenes[number:number + 400] if r is not None])
            if complaint:
                yield Difference(number, name, "", None, complaint)
                return
        if printed is not None:
            printed.append(len(stage.machine.state.log.lines))
        whole = number == count or number == 0 or state.get("kernel") is None
        names = watched if whole or _arrived(scenes[number - 1]) else _changed(watched, before, state)
        yield from _differences(stage, watched, names, state, number, name)
        before = state


def _arrived(rule: Rule | None) -> bool:
    return rule is not None and rule.handoff


def _changed(watched: Watched, before: State, state: State) -> list[str]:
    return [name for name in watched if before.get(name) != state[name]]


def _performed(stage: Stage, rule: Rule | None, upcoming: list[Rule]) -> str:
    if rule is None or len(rule.operation) < 2:
        return "no rule of that name has an operation"
    try:
        perform(stage, Scene(rule, upcoming))
    except Unperformable as reason:
        return str(reason)
    return ""


def _watched(stage: Stage, system: TransitionSystem, state: State) -> dict[str, Callable[[], Value | None]]:
    found = {}
    for name in state:
        seen = observer(stage, name)
        if seen is not None and system.variables[name].lifetime is not Lifetime.FIXED:
            found[name] = seen
    return found


def _differences(
    stage: Stage, watched: Watched, names: object, state: State, number: int, rule: str
) -> Iterator[Difference]:
    assert isinstance(names, dict | list)
    for name in names:
        if _hidden(stage, name):
            continue
        value = watched[name]()
        if value is not None and value != state[name]:
            yield Difference(number, rule, name, state[name], value)


def _hidden(stage: Stage, name: str) -> bool:
    """A walker in the middle of what the machine does at once, and a kernel that is dead, are not looked at."""
    if stage.machine.state.dead:
        return name.rpartition(".")[2] not in OOPSES
    return owner_of(name) in stage.lagging


def _window(stage: Stage, harm: Harm) -> str:
    """When a master wrote, as its SMMU sees it; nothing of one whose SMMU, if it has any, the kernel never probes."""
    master = stage.platform.entities.get(harm.where)
    smmu = master.facts.get("smmu") if master is not None else None
    found = stage.platform.entities.get(smmu.name) if isinstance(smmu, Link) else None
    if found is None or not found.hooks.get(stage.kernel, Hooks()).probe:
        return ""
    return WINDOWS.get(str(harm.detail.get("window")), "")


def _harm_of(stage: Stage, prop: Property) -> Harm | None:
    ask(stage)
    suffered = [harm for harm in of_this_kernel(stage) if is_about(stage, prop, harm)]
    if suffered:
        return suffered[-1]
    now = stage.machine.generation
    entity = stage.platform.entities.get(prop.part)
    masters = (entity.name,) if entity is not None and "device" in entity.kinds else ()
    if prop.code in OF_ITS_OWN and stage.machine.state.phase == "up":
        for name in masters:
            use(stage, name)
    later = stage.machine.run_on(masters=masters) if not stage.machine.state.dead else ()
    return next((h for h in later if h.detail.get("generation") == now and is_about(stage, prop, h)), None)
