"""The steps of a trace as a table: number, actor, what happens, what changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.findings import Finding, Report, StepShown
from kexecspec.ir.system import Lifetime
from kexecspec.report.look import Look, columns, count, value, wrapped
from kexecspec.report.visible import visible

_WIDE = 78 - 4
_POSITION = ".at"
"""How far a walk has come: shown only where nothing else changes, or with -v."""
_MOST = 6
"""More changes than this of one step are counted, not listed, unless -v is given."""


def table(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    """All steps; of a stretch that repeats, the first and the last round, and how often it does."""
    steps = finding.steps
    widths = _widths(steps)
    jumps = frozenset(rule.name for rule in report.rules if rule.handoff)
    yield from columns([("#", "actor", "step", "changed")], widths)
    generation = None
    for step in visible(finding, look.verbose):
        if isinstance(step, str):
            yield from wrapped(step, "  ", "      ")
            continue
        if step.generation != generation:
            generation = step.generation
            yield f"  -- kernel {generation} --"
        yield from columns([_row(report, step, step.rule in jumps, look)], widths)
        if look.verbose and step.path is not None:
            yield from wrapped(f"{step.rule} ({step.path}:{step.line})", "      ")


def _widths(steps: Sequence[StepShown]) -> tuple[int, int, int, int]:
    number = max(2, len(str(max((s.number for s in steps), default=1))))
    actor = min(14, max([5, *(len(s.actor) for s in steps)]))
    rest = _WIDE - number - actor - 4
    step = rest * 55 // 100
    return number, actor, step, rest - step


def _row(report: Report, step: StepShown, handoff: bool, look: Look) -> tuple[str, str, str, str]:
    changed = "\n".join(changes(report, step, handoff, look.verbose)) or "-"
    return str(step.number), step.actor, step.says or step.rule, changed


def changes(report: Report, step: StepShown, handoff: bool, whole: bool = False) -> Iterator[str]:
    """One line a variable; at a handoff the old kernel's own variables all start over and are counted, unless
    `whole`."""
    shown = list(step.changed.items())
    if handoff and not whole:
        kept = [(name, both) for name, both in shown if not _dies(report, name)]
        gone = len(shown) - len(kept)
        shown = kept
        if gone:
            yield f"{count(gone, 'variable')} of the old kernel start over"
    if not whole:
        shown = [one for one in shown if not one[0].endswith(_POSITION)] or shown
    most = len(shown) if whole or len(shown) <= _MOST + 1 else _MOST
    for name, (old, new) in shown[:most]:
        yield f"{name}: {value(old)} -> {value(new)}"
    if len(shown) > most:
        yield f"and {len(shown) - most} more (-v)"


def _dies(report: Report, name: str) -> bool:
    var = report.variables.get(name)
    return var is not None and var.lifetime is Lifetime.KERNEL and name != "kernel"
