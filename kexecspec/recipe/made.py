"""A trace as things to do: boots, what is to be going on, handoffs; what repeats is said once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kexecspec.findings import Harmed, StepShown
from kexecspec.ir.system import Property
from kexecspec.platform.facts import Edge, Platform
from kexecspec.platform.loaders import after_crash
from kexecspec.recipe.known import Advice, Recipes
from kexecspec.report.look import shell

MOST_IN_TURN = 4
"""Kernels after which a trace is looked at for doing the same again."""
_GOES_ON = "It has to go on while the devices are shut down: begin it now."
_PLACE = re.compile(r"\{([a-z-]+)\}")


@dataclass(frozen=True)
class Doing:
    """One thing to do, and the steps of the trace that it stands for, by number."""

    name: str
    title: str
    commands: tuple[str, ...]
    note: str
    steps: tuple[int, ...]


@dataclass(frozen=True)
class Round:
    """Things to do one after the other, so many times."""

    doings: tuple[Doing, ...]
    times: int


@dataclass(frozen=True)
class Recipe:
    """What to do on a board to see what a trace says. `expect` is how its harm shows, `log` what the machine printed.
    """

    id: str
    says: str
    platform: Platform
    rounds: tuple[Round, ...]
    harm: str
    expect: str
    log: tuple[str, ...]
    handoffs: int
    shortcut: Advice | None


def recipe(
    platform: Platform, prop: Property, steps: Sequence[StepShown], replay: Harmed | None, known: Recipes
) -> Recipe:
    """The recipe for a run of `platform` that violates `prop`."""
    part = prop.part
    generations = [tuple(_Kernel(platform, known, part, shown).doings()) for shown in _generations(platform, steps)]
    entity = platform.entities.get(part)
    is_client = entity is not None and "client" in entity.kinds and "tee_driver" not in entity.kinds
    harm = (replay.harm if replay is not None else None) or prop.harm
    return Recipe(
        prop.id, prop.says, platform, tuple(_rounds(generations)), harm, known.harm(harm),
        replay.log if replay is not None else (), sum(_is_handoff(step) for step in steps),
        _filled(known.shortcut, {"driver": entity.driver}) if is_client and entity is not None else None,
    )  # fmt: skip


def _is_handoff(step: StepShown) -> bool:
    return step.operation[:1] == ("kernel",) and step.operation[1:2] in (("jump",), ("reset",), ("crash",))


def _generations(platform: Platform, steps: Sequence[StepShown]) -> Iterator[tuple[str, tuple[StepShown, ...]]]:
    """Each kernel of the run with its steps, the handoff that ends it included."""
    kernel, own = platform.first, list[StepShown]()
    for step in steps:
        own.append(step)
        if _is_handoff(step):
            yield kernel, tuple(own)
            kernel, own = step.operation[2], []
    if own:
        yield kernel, tuple(own)


@dataclass
class _Kernel:
    """One kernel of a run and its steps."""

    platform: Platform
    known: Recipes
    part: str
    shown: tuple[str, tuple[StepShown, ...]]

    def doings(self) -> Iterator[Doing]:
        """What to do while this kernel runs. What goes on during device_shutdown has to be begun before."""
        found, after = [self._boot()], 0
        for step in self._rest():
            advice = self._advice(step)
            if advice is None:
                found[-1] = replace(found[-1], steps=(*found[-1].steps, step.number))
                continue
            made = self._doing(advice, step)
            if step.operation[:1] == ("kernel",):
                found += [*self._used_before(found), made]
                after = len(found) - 1
            elif after:
                made = replace(made, note=f"{_GOES_ON} {made.note}".strip())
                same = next((n for n, one in enumerate(found) if made.commands and one.commands == made.commands), None)
                if same is None:
                    found.insert(after, made)
                    after += 1
                else:
                    found[same] = replace(made, steps=(*found[same].steps, *made.steps))
            else:
                found.append(made)
        yield from found

    def _rest(self) -> Iterator[StepShown]:
        """The steps that are no part of a probe."""
        return (step for step in self.shown[1] if step.operation[2:3] != ("probe",))

    def _used_before(self, found: Sequence[Doing]) -> Iterator[Doing]:
        """That the master is in use which it is about, unless something else makes it work."""
        entity = self.platform.entities.get(self.part)
        if entity is None or "device" not in entity.kinds or not self.platform.kernels[self.shown[0]].linux:
            return
        advice = _filled(self.known.use(entity.driver), {"device": self.part, "driver": entity.driver})
        if not any(doing.commands == advice.commands and doing.commands for doing in found):
            yield Doing(f"use-{advice.name}", advice.title, advice.commands, advice.note, ())

    def _boot(self) -> Doing:
        probing = [step for step in self.shown[1] if step.operation[2:3] == ("probe",)]
        kernel = self.platform.kernels[self.shown[0]]
        names = dict.fromkeys(step.operation[0] for step in probing)
        drivers = dict.fromkeys(self.platform.entities[name].driver for name in names if name in self.platform.entities)
        real = [driver for driver in drivers if driver and not driver.startswith("generic-")]
        modules = dict.fromkeys(module for driver in real for module in self.known.modules(driver))
        advice = self.known.boot if kernel.linux else replace(self.known.boot, title="{kernel} starts", note="")
        commands = tuple(f"modprobe {shell(module)}" for module in modules)
        advice = replace(advice, commands=commands if kernel.linux else ())
        if not modules:
            advice = replace(advice, note="")
        made = _filled(advice, {"kernel": kernel.name, "version": str(kernel.version or "")})
        return Doing("boot", made.title, made.commands, made.note, tuple(step.number for step in probing))

    def _advice(self, step: StepShown) -> Advice | None:
        edge = self._edge(step)
        kind = edge.kind if edge is not None else None
        stopped = edge.user_stopped if edge is not None else None
        return self.known.step(step.operation, kind, stopped)

    def _edge(self, step: StepShown) -> Edge | None:
        """The handoff that a step begins, or takes where it is a crash."""
        if step.operation[:2] not in (("kernel", "begin"), ("kernel", "crash")):
            return None
        name = step.rule.partition(".")[2]
        return next((edge for edge in self.platform.edges if edge.name == name), None)

    def _doing(self, advice: Advice, step: StepShown) -> Doing:
        edge, about = self._edge(step), step.operation[0]
        kernel = self.platform.kernels[self.shown[0]]
        entity = self.platform.entities.get(about)
        if "{use}" in advice.commands and entity is not None:
            use = self.known.use(entity.driver)
            note = " ".join(filter(None, (advice.note, use.note)))
            advice = replace(advice, commands=use.commands, note=note)
        made = _filled(advice, {
            "kernel": kernel.name, "version": str(kernel.version or ""), "device": about,
            "driver": entity.driver if entity is not None else "", "next": edge.end if edge is not None else "",
        })  # fmt: skip
        commands = tuple(re.sub("^kexec -l ", f"kexec {self._loader(edge)}-l ", command) for command in made.commands)
        return Doing(made.name, made.title, commands, made.note, (step.number,))

    def _loader(self, edge: Edge | None) -> str:
        """The option by which kexec loads as a handoff has it, where that decides something."""
        if edge is None or edge.kind != "kexec" or edge.start not in after_crash(self.platform.plain):
            return ""
        return "-c " if edge.tree_handed_on else "-s "


def _filled(advice: Advice, places: dict[str, str]) -> Advice:
    """`advice` with the places that are known; the others stay, in capitals."""

    def fill(text: str, quoted: Callable[[str], str] = str) -> str:
        return _PLACE.sub(lambda hit: quoted(places[hit[1]]) if hit[1] in places else hit[1].upper(), text)

    commands = tuple(fill(command, shell) for command in advice.commands)
    return Advice(advice.name, fill(advice.title), commands, fill(advice.note))


def _rounds(generations: Sequence[tuple[Doing, ...]]) -> Iterator[Round]:
    """The kernels of a run; where so many in turn do the same again and again, once with how many times."""
    place = 0
    while place < len(generations):
        length, times = max(
            ((n, _times(generations, place, n)) for n in range(1, MOST_IN_TURN + 1)),
            key=lambda found: (found[0] * found[1] if found[1] > 1 else 1, -found[0]),
        )
        length = length if times > 1 else 1
        yield Round(tuple(doing for own in generations[place : place + length] for doing in own), times)
        place += length * times


def _times(generations: Sequence[tuple[Doing, ...]], place: int, length: int) -> int:
    """How many times the `length` kernels from `place` on come one after the other."""
    first, times = _asked(generations[place : place + length]), 0
    while len(first) == length and _asked(generations[place + times * length :][:length]) == first:
        times += 1
    return times


def _asked(generations: Sequence[tuple[Doing, ...]]) -> list[tuple[tuple[str, str, tuple[str, ...]], ...]]:
    return [tuple((doing.name, doing.title, doing.commands) for doing in own) for own in generations]
