"""Kernels that come up, leave and crash, on the stage."""

from __future__ import annotations

from collections.abc import Sequence

from kexecspec.ground.walks import SHUT
from kexecspec.ir.system import Rule
from kexecspec.replay.calls import Unperformable, ask
from kexecspec.replay.order import shutdown_order
from kexecspec.replay.stage import Stage


def up(stage: Stage) -> None:
    """The probe walk goes to its end."""
    stage.until(lambda: stage.machine.state.phase == "up")


def begin(stage: Stage, name: str, upcoming: Sequence[Rule]) -> None:
    """The handoff called `name` begins; the walk goes in the order that the trace needs."""
    edge = next(edge for edge in stage.platform.edges if edge.name == name)
    space = "stopped" if edge.user_stopped else "running"
    if edge.user_stopped:
        ask(stage)
    stage.machine.choose_shutdown_order(shutdown_order(stage.platform, upcoming))
    stage.machine.begin(edge.kind, edge.end, space, edge.tree_handed_on)
    stage.leaving = edge
    inside = {task.thread.index for task in stage.machine.tasks.all if task.thread is not None}
    stage.nested = [index for index in stage.nested if index in inside]


def arrives(stage: Stage, how: str) -> None:
    """The walk goes to its end, and the jump or the reset comes. Raises Unperformable where the kernel has died, or
    waits, before that."""
    edge, before = stage.leaving, stage.machine.generation
    if edge is None or not stage.until(lambda: stage.machine.generation > before):
        raise Unperformable(f"the kernel does not come to its {how}")
    stage.arrive(edge.kind)
    spread(stage)


def crash(stage: Stage, to_kernel: str) -> None:
    """The kernel panics; nothing more is shut down. What the machine does at once at a hook's end is done whole
    where it has begun."""
    for name in sorted(name for name, begun in stage.lagging.items() if begun):
        stage.until(lambda name=name: stage.places.get(name) == SHUT)  # type: ignore[misc]
    stage.machine.crash(to_kernel)
    stage.arrive("crash")
    spread(stage)


def spread(stage: Stage) -> None:
    """Where shares may not overlap, the new kernel's allocations keep off the old ones unless a trace says so."""
    state = stage.machine.state
    if not state.config.secure.rejects_overlap:
        return
    held = [piece for one in state.secure.registrations for piece in one.pages]
    if held:
        stage.machine.allocate_from(max(start + count for start, count in held))
