"""A trace as a sequence diagram: who does each step, and to whom. Every drawing starts from these values.

The lanes are the old kernel (all that are dead at the end), the secure world, devices with their SMMU (and the GIC),
and the new kernel; a lane that no step touches is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from kexecspec.findings import Finding, Report, StepShown
from kexecspec.report.steps import changes
from kexecspec.report.visible import visible

OLD, SECURE, DEVICE, NEW = range(4)
KERNEL = -1
"""Whichever kernel runs."""

_TO_SECURE = (
    "disable_shm_cache", "disable_unmapped_shm_cache", "enable_shm_cache", "optee_get_msg_arg",
    "enumerate_devices", "ffa_rxtx_map",
    "ffa_rxtx_unmap", "tee_client_open_session", "tee_client_close_session", "tee_shm_alloc",
    "tee_shm_alloc_kernel_buf", "tee_shm_alloc_priv_buf", "tee_shm_register_kernel_buf", "tee_shm_free", "call_enters",
    "user_registers", "asks_for_page", "rpc_registers", "resume_thread", "supplicant_answers",
)  # fmt: skip
_FROM_SECURE = ("call_returns", "call_rpc", "call_waits_for_supplicant")
_IN_SECURE = ("nested_done", "takes_lock", "drops_lock")
_TO_DEVICE = (
    "iommu_probe_device", "attach", "dma_reset", "dma_start", "dma_stop", "pci_clear_master", "port_clear_master",
    "dma_unmap", "smmu_bypass_window", "smmu_reset", "smmu3_gbpa_abort", "smmu3_disable", "smmu3_enable",
    "smmu_clientpd", "smmu_abort", "smmu3_cr0_clear", "smmu3_gbpa_set_abort", "iommu_device_unregister", "request",
    "payload_uses", "task_dma_unmap", "gicv3_init_lpis",
)  # fmt: skip
_IN_KERNEL = ("refuse_kdump", "supplicant_dies", "task_dma_map", "up", "begin", "bound", "deferred")
PATHS: Mapping[str, tuple[int, int]] = MappingProxyType({
    **dict.fromkeys(_TO_SECURE, (KERNEL, SECURE)), **dict.fromkeys(_FROM_SECURE, (SECURE, KERNEL)),
    **dict.fromkeys(_IN_SECURE, (SECURE, SECURE)), **dict.fromkeys(_TO_DEVICE, (KERNEL, DEVICE)),
    **dict.fromkeys(_IN_KERNEL, (KERNEL, KERNEL)), "completes": (DEVICE, KERNEL),
})  # fmt: skip
"""From where to where each operation of a rule goes; one that is not here stays in the kernel."""
_STAYS = frozenset({"none", "not_accepted", "fails", "defers", "keeps", "goes_on", "gives_up", "follows_stale"})
"""Variants of operations that end in the kernel itself."""


@dataclass(frozen=True)
class Message:
    """One step: it goes from lane to lane (numbers into `Sequence.lanes`), or happens within one where these are equal.
    `jump`: the machine changes hands. `last`: the step after which the property is violated."""

    step: StepShown
    start: int
    end: int
    changed: tuple[str, ...]
    jump: bool = False
    last: bool = False


@dataclass(frozen=True)
class Sequence:
    """The lanes' titles, the messages in order (a text stands for steps that are left out), and what is wrong at the
    end. `old` and `new` are the lanes of the kernels; `new` is alive from the last jump on, which is where `old` ends;
    they are equal where there is no handoff."""

    lanes: tuple[str, ...]
    messages: tuple[Message | str, ...]
    ending: str
    old: int
    new: int


def sequence(report: Report, finding: Finding, whole: bool = False) -> Sequence:
    """The diagram of a finding's trace. `whole`: nothing of it is left out but what repeats."""
    jumps = frozenset(rule.name for rule in report.rules if rule.handoff)
    final = finding.steps[-1] if finding.steps else None
    kernels = finding.steps[-1].generation + (finding.steps[-1].rule in jumps) if finding.steps else 1
    drawn = list(_messages(report, finding, whole, jumps, kernels))
    drawn = [_marked(one, final) for one in drawn]
    used = {lane for one in drawn if isinstance(one, Message) for lane in (one.start, one.end)} | {NEW}
    order = [lane for lane in (OLD, SECURE, DEVICE, NEW) if lane in used]
    place = {lane: number for number, lane in enumerate(order)}
    messages = tuple(_placed(one, place) for one in drawn)
    titles = tuple(_title(lane, kernels) for lane in order)
    return Sequence(titles, messages, finding.property.says or finding.why, place.get(OLD, place[NEW]), place[NEW])


def _messages(
    report: Report, finding: Finding, whole: bool, jumps: frozenset[str], kernels: int
) -> Iterator[Message | str]:
    for step in visible(finding, whole):
        if isinstance(step, str):
            yield step
            continue
        jump = step.rule in jumps
        start, end = (_kernel(lane, step.generation, kernels) for lane in _path(step))
        if jump:
            start, end = (_kernel(KERNEL, number, kernels) for number in (step.generation, step.generation + 1))
        yield Message(step, start, end, tuple(changes(report, step, jump, whole)), jump)


def _path(step: StepShown) -> tuple[int, int]:
    operation = step.operation[1] if len(step.operation) > 1 else ""
    start, end = PATHS.get(operation, (KERNEL, KERNEL))
    if operation == "call_rpc" and step.actor != "secure world":
        return KERNEL, KERNEL
    stays = len(step.operation) > 3 and step.operation[3] in _STAYS
    return (start, start) if stays else (start, end)


def _kernel(lane: int, generation: int, kernels: int) -> int:
    """The lane itself, or that of the kernel `generation` of so many."""
    if lane != KERNEL:
        return lane
    return NEW if generation >= kernels else OLD


def _marked(one: Message | str, final: StepShown | None) -> Message | str:
    return replace(one, last=True) if isinstance(one, Message) and one.step is final else one


def _placed(one: Message | str, place: Mapping[int, int]) -> Message | str:
    return one if isinstance(one, str) else replace(one, start=place[one.start], end=place[one.end])


def _title(lane: int, kernels: int) -> str:
    if lane == SECURE:
        return "secure world"
    if lane == DEVICE:
        return "device and SMMU"
    if kernels == 1:
        return "kernel"
    if lane == NEW:
        return f"new kernel ({kernels})"
    return "old kernel (1)" if kernels == 2 else f"old kernels (1-{kernels - 1})"
