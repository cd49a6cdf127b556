"""Every fact of a platform that a rule may look at and that could be otherwise, by a name of its own.

Facts here are truth values and labels. Numbers bound the model and stand apart, and what makes the platform
the one it is stays out: which parts there are, their architecture, and which way each handoff goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.ir.values import BOOL, EnumSort, Sort, Value
from kexecspec.platform.facts import Entity, Fact, Op, PerKernel, Platform

STRUCTURE = frozenset(
    (
        "exists", "present", "has_shutdown", "first", "streams", "v3", "ffa", "qcom", "has_buffers", "allocates",
        "drains_in_shutdown", "unmaps_in_hook", "on_tee_bus", "off_bus", "lists", "enumerates", "calls_for_all",
        "keeps_arguments", "bars_user", "linux", "kdump", "kdump_denied", "smmu_aware", "dma_buf", "open_to_payload",
    )
)  # fmt: skip
LABELS: Mapping[str, tuple[str, ...]] = {"loses": ("none", "leak", "foreign")}


@dataclass(frozen=True)
class Stated:
    """A fact and the value it has. `kind` is fact, feature, kernel, operation, order, limit or handoff; `part` is
    the entity, kernel or handoff that it is about, `key` what it says of it, `kernel` where it holds if not always."""

    name: str
    value: Value
    kind: str
    part: str
    key: str
    kernel: str = ""
    op: Op | None = None
    hook: str = ""

    @property
    def sort(self) -> Sort:
        """The values it could have."""
        return BOOL if isinstance(self.value, bool) else EnumSort(LABELS[self.key])


def stated(platform: Platform) -> dict[str, Stated]:
    """All such facts of a platform that was resolved whole, by name."""
    found = [fact for entity in platform.entities.values() for fact in _of_entity(entity)]
    for kernel in platform.kernels.values():
        for key, value in kernel.facts.items():
            if isinstance(value, bool) and key not in STRUCTURE:
                found.append(Stated(kernel_fact(kernel.name, key), value, "kernel", kernel.name, key))
    for limit in platform.limits:
        found.append(Stated(limit_fact(limit.counter), True, "limit", limit.counter, str(limit.most)))
    for edge in platform.edges:
        found.append(Stated(edge_fact(edge.name), edge.user_stopped, "handoff", edge.name, "user_stopped"))
        if edge.tree_handed_on:
            found.append(Stated(tree_fact(edge.name), True, "handoff", edge.name, "tree_handed_on"))
    return {fact.name: fact for fact in found}


def numbers(platform: Platform) -> dict[str, int]:
    """The numbers that rules look at, by name. They bound the model."""
    found: dict[str, int] = {}
    for entity in platform.entities.values():
        for key, value in entity.facts.items():
            if type(value) is int and key not in STRUCTURE:
                found[f"{entity.name}.{key}"] = value
            elif isinstance(value, PerKernel):
                each = ((fact_in(f"{entity.name}.{key}", k), one) for k, one in value.values.items())
                found |= {name: one for name, one in each if type(one) is int}
    for kernel in platform.kernels.values():
        each = ((kernel_fact(kernel.name, key), value) for key, value in kernel.facts.items())
        found |= {name: value for name, value in each if type(value) is int}
    return found


def with_number(platform: Platform, name: str, value: int) -> Platform:
    """`platform` with another value of one of its numbers."""
    entities = {e.name: replace(e, facts=_with_number(e, name, value)) for e in platform.entities.values()}
    kernels = {
        k.name: replace(
            k, facts={key: value if kernel_fact(k.name, key) == name else one for key, one in k.facts.items()}
        )
        for k in platform.kernels.values()
    }
    return replace(platform, entities=entities, kernels=kernels)


def _with_number(entity: Entity, name: str, value: int) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for key, one in entity.facts.items():
        full = f"{entity.name}.{key}"
        if isinstance(one, PerKernel):
            facts[key] = PerKernel({k: value if fact_in(full, k) == name else v for k, v in one.values.items()})
        else:
            facts[key] = value if full == name else one
    return facts


def feature_of(kernel: str, feature: str, has: bool) -> Stated:
    """The fact that a kernel has a feature, or lacks it."""
    return Stated(feature_fact(kernel, feature), has, "feature", kernel, feature)


def fact_in(name: str, kernel: str) -> str:
    """The name of a fact called `name` in one kernel."""
    return f"{name} in {kernel}"


def feature_fact(kernel: str, feature: str) -> str:
    """The name of the fact that a kernel has a feature."""
    return f"{kernel} has {feature}"


def kernel_fact(kernel: str, key: str) -> str:
    """The name of a fact about a kernel."""
    return f"{kernel}: {key}"


def order_fact(first: str, second: str) -> str:
    """The name of the fact that `first` is shut down before `second`."""
    return f"{first} before {second}"


def limit_fact(counter: str) -> str:
    """The name of the fact that a limit holds."""
    return f"limit on {counter}"


def edge_fact(edge: str) -> str:
    """The name of the fact that user space is stopped before a handoff."""
    return f"{edge}: user space is stopped"


def tree_fact(edge: str) -> str:
    """The name of the fact that a crash kernel's device tree is handed on."""
    return f"{edge}: the device tree is handed on"


def labelled(ops: Sequence[Op]) -> Iterator[tuple[str, Op]]:
    """The operations of a hook, each with a label that no other of them has."""
    seen: dict[str, int] = {}
    for op in ops:
        label = op.do + (f"({op.buffer.split('.')[-1]})" if op.buffer else "")
        seen[label] = seen.get(label, 0) + 1
        yield label if seen[label] == 1 else f"{label}#{seen[label]}", op


def _of_entity(entity: Entity) -> Iterator[Stated]:
    for key, value in entity.facts.items():
        name = key if "machine" in entity.kinds else f"{entity.name}.{key}"
        if key in STRUCTURE:
            continue
        if isinstance(value, bool):
            yield Stated(name, value, "fact", entity.name, key)
        elif isinstance(value, PerKernel):
            for kernel, one in value.values.items():
                if isinstance(one, bool):
                    yield Stated(fact_in(name, kernel), one, "fact", entity.name, key, kernel)
    for kernel, hooks in entity.hooks.items():
        for hook, ops in (("probe", hooks.probe), ("shutdown", hooks.shutdown)):
            for label, op in labelled(ops):
                yield from _of_op(entity.name, hook, label, op, kernel)
    for other in sorted(entity.shut_after):
        yield Stated(order_fact(other, entity.name), True, "order", entity.name, other)


def _of_op(entity: str, hook: str, label: str, op: Op, kernel: str) -> Iterator[Stated]:
    name = f"{entity}.{hook}.{label}"
    yield Stated(fact_in(name, kernel), op.there, "operation", entity, label, kernel, op, hook)
    for key, value in op.facts:
        if key in LABELS or isinstance(value, bool) and key not in STRUCTURE:
            yield Stated(fact_in(f"{name}.{key}", kernel), value, "operation", entity, key, kernel, op, hook)
