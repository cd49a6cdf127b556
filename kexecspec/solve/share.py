"""Slices that are equal up to the names of their variables and rules are solved once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kexecspec.ir.moves import Moves
from kexecspec.ir.nodes import Ref
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import State, Value
from kexecspec.ir.walk import substitute
from kexecspec.solve.answers import Answer, Open, Reached, Safe, Shelf, Solved, Target
from kexecspec.solve.desk import Desk
from kexecspec.solve.engines import settle_by
from kexecspec.solve.settle import settle
from kexecspec.solve.smtlib import Script

_RUNS = 8
Key = tuple[Script, tuple[tuple[str, bool, int | None], ...]]


@dataclass
class Known:
    """What has been solved, by the text of the slice; the first slice of its kind stands for the others. `moves` are
    the compiled rules of the whole system. `shelf` has answers of earlier runs: those that were there are `recalled`,
    and `solved` is for it."""

    desk: Desk
    moves: Moves
    answers: dict[Key, tuple[TransitionSystem, tuple[Answer, ...]]] = field(default_factory=dict)
    runs: list[Trace] = field(default_factory=list)
    shelf: Shelf | None = None
    recalled: set[Key] = field(default_factory=set)
    solved: list[Solved] = field(default_factory=list)

    def keep(self, answer: Answer) -> None:
        """Keeps a run of the whole system for what else it may show; the longest few only."""
        if isinstance(answer, Reached) and not any(
            answer.trace.steps == run.steps[: len(answer.trace.steps)] for run in self.runs
        ):
            self.runs = sorted((*self.runs, answer.trace), key=lambda run: -len(run.steps))[:_RUNS]

    def ask(self, part: TransitionSystem, targets: Sequence[Target]) -> tuple[Answer, ...]:
        """The answers for `targets` on the slice `part`, in its own names."""
        key = self._key(part, targets)
        if key not in self.answers:
            self.answers[key] = (part, self._settled(key, part, targets))
        first, answers = self.answers[key]
        return answers if first is part else tuple(_renamed(answer, first, part) for answer in answers)


    def is_recalled(self, part: TransitionSystem, targets: Sequence[Target]) -> bool:
        """Whether nothing had to be settled for the answers to this."""
        return bool(self.recalled) and self._key(part, targets) in self.recalled

    def _key(self, part: TransitionSystem, targets: Sequence[Target]) -> Key:
        return self.desk.script(part), tuple(_target_key(target, part, self.desk) for target in targets)

    def _settled(self, key: Key, part: TransitionSystem, targets: Sequence[Target]) -> tuple[Answer, ...]:
        known = self.shelf.find(part, targets) if self.shelf else (None,) * len(targets)
        rest = [target for target, answer in zip(targets, known, strict=True) if answer is None]
        if not rest:
            self.recalled.add(key)
        engine, desk = self.desk.effort.engine, self.desk
        new = iter(settle_by(engine, part, rest, desk) if engine else settle(part, rest, desk) if rest else ())
        found = tuple(answer or next(new) for answer in known)
        if self.shelf and rest:
            self.solved.append((part, targets, found))
        return found


def _target_key(target: Target, part: TransitionSystem, desk: Desk) -> tuple[str, bool, int | None]:
    counter = None if target.counter is None else list(part.variables).index(target.counter)
    return desk.text(target.where, part), target.exact, counter


def _renamed(answer: Answer, first: TransitionSystem, other: TransitionSystem) -> Answer:
    """An answer about `first` as one about `other`, which is equal up to names."""
    names = dict(zip(first.variables, other.variables, strict=True))
    rules = {rule.name: twin.name for rule, twin in zip(first.rules, other.rules, strict=True)}
    match answer:
        case Safe(invariants, method):
            declared = {one.name: twin for one, twin in zip(first.invariants, other.invariants, strict=True)}
            return Safe(tuple(declared.get(i.name) or _renamed_invariant(i, names) for i in invariants), method)
        case Reached(trace, shortest, lap):
            steps = tuple(Step(rules[step.rule], _renamed_state(step.state, names)) for step in trace.steps)
            other_lap = None if lap is None else replace(lap, counter=names[lap.counter])
            return Reached(Trace(_renamed_state(trace.initial, names), steps), shortest, other_lap)
        case Open():
            return answer


def _renamed_invariant(invariant: Invariant, names: Mapping[str, str]) -> Invariant:
    return replace(invariant, holds=substitute(invariant.holds, {old: Ref(new) for old, new in names.items()}))


def _renamed_state(state: State, names: Mapping[str, str]) -> dict[str, Value]:
    return {names[name]: value for name, value in state.items()}
