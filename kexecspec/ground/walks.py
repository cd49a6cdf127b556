"""Control: the hooks of each driver become positions, and the operations at them become rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kexecspec.platform.facts import Entity, Hooks, Op
from kexecspec.platform.stated import labelled

READY, BOUND, SHUT, FAILED = "off", "bound", "shut", "failed"


@dataclass(frozen=True)
class Turn:
    """One operation at one position: where the driver stands before and after it, where it waits for it, its label
    in the hook, and the kernels whose hook has it there."""

    hook: str
    op: Op
    before: str
    after: str
    waiting: str
    label: str
    kernels: tuple[str, ...]


def turns(entity: Entity) -> tuple[Turn, ...]:
    """All operations of `entity` in all kernels; kernels that do the same at the same position share a turn."""
    merged: dict[tuple[str, Op, str, str, str, str], list[str]] = {}
    for kernel, hooks in entity.hooks.items():
        for place in _walk(hooks):
            merged.setdefault(place, []).append(kernel)
    return tuple(Turn(*key, tuple(kernels)) for key, kernels in merged.items())


def positions(found: Sequence[Turn]) -> dict[str, tuple[str, ...]]:
    """The control positions of a walker with these turns, by the groups that the `walk` component speaks of."""
    probing = _labels(t.after for t in found if t.hook == "probe" and t.after != BOUND)
    stopping = _labels(t.after for t in found if t.hook == "shutdown" and t.after != SHUT)
    waiting_probe = _labels(t.waiting for t in found if t.hook == "probe")
    waiting_shutdown = _labels(t.waiting for t in found if t.hook == "shutdown")
    in_shutdown = (*stopping, *waiting_shutdown)
    return {
        "positions": (READY, *probing, *waiting_probe, BOUND, *in_shutdown, SHUT, FAILED),
        "settled": (BOUND, FAILED),
        "probed": (BOUND, *in_shutdown, SHUT),
        "live": (BOUND, *in_shutdown),
        "bound": (BOUND,),
        "stopping": in_shutdown,
        "finished": (SHUT, FAILED, READY),
        "waiting_probe": waiting_probe,
        "waiting_shutdown": waiting_shutdown,
    }


def _labels(labels: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _walk(hooks: Hooks) -> Iterator[tuple[str, Op, str, str, str, str]]:
    for hook, first, last in (("probe", READY, BOUND), ("shutdown", BOUND, SHUT)):
        ops: tuple[Op, ...] = getattr(hooks, hook)
        before = first
        for number, (label, op) in enumerate(labelled(ops), 1):
            after = last if number == len(ops) else f"{hook}_{number}"
            yield hook, op, before, after, f"wait_{hook}_{number}", label
            before = after
