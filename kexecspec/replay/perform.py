"""Rules as operations of the machine: for each operation that a rule can name, what to do on the stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from kexecspec.ground.walks import SHUT
from kexecspec.ir.nodes import Const
from kexecspec.ir.system import Rule
from kexecspec.replay import calls, choices, kernels
from kexecspec.replay.stage import Stage

OVERLAPS = ("refused_by_overlap", "no_page_for_overlap")
AT_THE_BUS = ("pci_clear_master", "port_clear_master")


@dataclass(frozen=True)
class Scene:
    """A rule to perform, and those that come after it in the trace."""

    rule: Rule
    upcoming: Sequence[Rule]

    @property
    def actor(self) -> str:
        """The part of the platform that acts."""
        return self.rule.operation[0]

    @property
    def parameter(self) -> str:
        """What the operation says beyond its name."""
        return self.rule.operation[2] if len(self.rule.operation) > 2 else ""

    @property
    def until_handoff(self) -> list[Rule]:
        """The rules to come up to the next handoff."""
        return list(takewhile(lambda rule: not rule.handoff, self.upcoming))


Performance = Callable[[Stage, Scene], None]


def perform(stage: Stage, scene: Scene) -> None:
    """Do on the stage what the rule says. Raises Unperformable where the machine has nobody who could."""
    name = scene.rule.operation[1]
    PERFORMED[name](stage, scene)


def _walk(stage: Stage, scene: Scene) -> None:
    """The walker's next operation: advance until it stands where the rule says it then stands."""
    name = scene.actor
    goal = scene.rule.effect.get(f"{name}.at")
    assert isinstance(goal, Const)
    if scene.rule.operation[1] in AT_THE_BUS and goal.value != SHUT:
        stage.lagging[name] = stage.lagging.get(name, False) or scene.rule.operation[3:] == ("clears",)
        return
    stage.until(lambda: stage.places.get(name) == goal.value)
    stage.lagging.pop(name, None)


def _allocation(stage: Stage, scene: Scene) -> None:
    """An allocation of shared memory, which the world can make fail or place over an old share; what is given back then
    is not given out again."""
    variant = scene.rule.operation[3]
    if variant == "fails":
        stage.machine.registration_fails("kernel")
    elif variant in OVERLAPS:
        choices.place_over_old_share(stage)
    _walk(stage, scene)
    if variant in OVERLAPS:
        kernels.spread(stage)


def _unmap(stage: Stage, scene: Scene) -> None:
    """Buffers are unmapped. The machine's kernel has given up already where a trace's may still be waiting."""
    goal = scene.rule.effect.get(f"{scene.actor}.at")
    if scene.rule.operation[3] == "gives_up" and isinstance(goal, Const) and goal.value != SHUT:
        stage.until(lambda: stage.unanswered(scene.actor))
        stage.places[scene.actor] = str(goal.value)
        return
    _walk(stage, scene)


def _lpis(stage: Stage, scene: Scene) -> None:
    """A kernel starts its LPIs. Where its own image lies is the world's choice."""
    if scene.rule.operation[3] == "mistakes":
        stage.machine.covers_tables(scene.actor)
    _walk(stage, scene)


def _session(stage: Stage, scene: Scene) -> None:
    """A session is opened, for which the TA may have to be loaded."""
    if scene.rule.operation[3] in ("opens_with_rpc", "follows_stale"):
        stage.machine.opening_makes_rpc()
    _walk(stage, scene)


PERFORMED: Mapping[str, Performance] = {
    # The walk of probes and the walk of shutdown hooks.
    "bound": _walk,
    "deferred": _walk,
    "tee_client_open_session": _session,
    "tee_client_close_session": _walk,
    "tee_shm_alloc": _allocation,
    "tee_shm_alloc_kernel_buf": _allocation,
    "tee_shm_alloc_priv_buf": _allocation,
    "tee_shm_register_kernel_buf": _allocation,
    "tee_shm_free": _walk,
    "refuse_kdump": _walk,
    "disable_unmapped_shm_cache": _walk,
    "enable_shm_cache": _walk,
    "optee_get_msg_arg": _allocation,
    "enumerate_devices": _allocation,
    "disable_shm_cache": _walk,
    "ffa_rxtx_map": _walk,
    "ffa_rxtx_unmap": _walk,
    "iommu_probe_device": _walk,
    "attach": _walk,
    "dma_reset": _walk,
    "dma_start": _walk,
    "dma_stop": _walk,
    "dma_unmap": _unmap,
    "pci_clear_master": _walk,
    "port_clear_master": _walk,
    "gicv3_init_lpis": _lpis,
    "smmu_bypass_window": _walk,
    "smmu_reset": _walk,
    "smmu_clientpd": _walk,
    "smmu_abort": _walk,
    "smmu3_gbpa_abort": _walk,
    "smmu3_disable": _walk,
    "smmu3_enable": _walk,
    "smmu3_cr0_clear": _walk,
    "smmu3_gbpa_set_abort": _walk,
    "iommu_device_unregister": _walk,
    # Kernels.
    "up": lambda stage, scene: kernels.up(stage),
    "begin": lambda stage, scene: kernels.begin(stage, scene.parameter, scene.upcoming),
    "jump": lambda stage, scene: kernels.arrives(stage, "jump"),
    "reset": lambda stage, scene: kernels.arrives(stage, "reset"),
    "crash": lambda stage, scene: kernels.crash(stage, scene.parameter),
    # Calls into the secure world.
    "call_enters": lambda stage, scene: calls.enters(stage, scene.parameter, scene.until_handoff),
    "call_returns": lambda stage, scene: calls.returns(stage, scene.parameter),
    "call_rpc": lambda stage, scene: calls.makes_rpc(stage, scene.parameter),
    "call_waits_for_supplicant": lambda stage, scene: calls.waits_for_supplicant(stage),
    "takes_lock": lambda stage, scene: calls.takes_lock(stage),
    "drops_lock": lambda stage, scene: calls.drops_lock(stage),
    "rpc_registers": lambda stage, scene: calls.rpc_registers(stage),
    "nested_done": lambda stage, scene: calls.nested_done(stage),
    "supplicant_answers": lambda stage, scene: calls.supplicant_answers(stage),
    "supplicant_dies": lambda stage, scene: choices.supplicant_dies(stage),
    "asks_for_page": lambda stage, scene: choices.asks_for_page(stage),
    "user_registers": lambda stage, scene: choices.user_registers(stage),
    "resume_thread": lambda stage, scene: choices.resume_thread(stage),
    # Masters.
    "request": lambda stage, scene: choices.request(stage, scene.actor),
    "payload_uses": lambda stage, scene: choices.payload_uses(stage, scene.actor),
    "completes": lambda stage, scene: choices.completes(stage, scene.actor),
    "task_dma_map": lambda stage, scene: choices.task_dma_map(stage, scene.actor),
    "task_dma_unmap": lambda stage, scene: choices.task_dma_unmap(stage, scene.actor),
}
