"""Which steps of a trace are shown: of a stretch that repeats the first and the last round, of a long one both ends."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.findings import Finding, StepShown
from kexecspec.ir.verdict import Counterexample, Lap
from kexecspec.report.look import count

_LEAST = 60
"""Of a long trace so many steps are shown at either end."""


def visible(finding: Finding, whole: bool = False) -> Iterator[StepShown | str]:
    """The steps to show, and in place of those left out a sentence that says so. `whole`: only repeats are left out."""
    steps = finding.steps
    lap = finding.evidence.lap if isinstance(finding.evidence, Counterexample) else None
    for step in steps:
        if lap is not None and _repeated(step, lap):
            if step.number == lap.start + lap.length:
                yield _repeats(lap)
        elif lap is None and not whole and _LEAST < step.number <= len(steps) - _LEAST:
            if step.number == _LEAST + 1:
                yield f"... {count(len(steps) - 2 * _LEAST, 'step')} left out (-v shows all) ..."
        else:
            yield step


def _repeated(step: StepShown, lap: Lap) -> bool:
    second, last = lap.start + lap.length, lap.start + lap.length * (lap.times - 1)
    return lap.times > 2 and second <= step.number < last


def _repeats(lap: Lap) -> str:
    first, last = lap.start, lap.start + lap.length - 1
    gain = f", each time {lap.counter} grows by {lap.gain}" if lap.gain else ""
    return f"... steps {first}-{last} repeat {lap.times} times{gain}; the last time:"
