"""Random walks: whatever the world chooses, the machine keeps its books, and the same choices give the
same end.
"""

from __future__ import annotations

import itertools
import random

import pytest
from small_machines import (
    ARM_SMMU_6_1,
    ARM_SMMU_V3,
    BNXT,
    BNXT_PTA,
    FTPM,
    FTPM_TA,
    MASTER,
    MEMORY,
    OPTEE_5_14,
    OPTEE_6_12,
    OPTEE_NEVER_DRAINS,
    SMMU2,
    SMMU3,
    V5_10,
    V5_14,
    V6_12,
    buf,
    client,
    kernel,
)

from kexecspec.machine import DeviceConfig, Hooks, Machine, MachineConfig, Range, SecureConfig
from kexecspec.machine.heap import mobj_cost

NIC = DeviceConfig("eth0", "nic", bus="pci", smmu="5000000.iommu", streams=(3,), dma="ring", recurrent=True)
DMA = DeviceConfig("dma0", "nic", smmu="smmu3", streams=(9,), dma="one-shot", iova=Range(0xB080_0000, 0x1000))


def config(features: frozenset[str], optee: Hooks, rpc_arg: bool) -> MachineConfig:
    drivers = {
        "optee": optee,
        "arm-smmu": ARM_SMMU_6_1,
        "arm-smmu-v3": ARM_SMMU_V3,
        "nic": MASTER,
        "tee_bnxt_fw": client(buf("tee_shm_alloc_kernel_buf"), True),
        "tpm_ftpm_tee": client(buf("tee_shm_alloc_kernel_buf"), False),
    }
    prod = kernel("prod", features, drivers)
    dump = kernel("dump", features, drivers, kdump=True)
    secure = SecureConfig(services=(FTPM_TA, BNXT_PTA), rpc_arg=rpc_arg)
    return MachineConfig((prod, dump), MEMORY, secure, (SMMU2, SMMU3), (NIC, DMA, BNXT, FTPM))


CONFIGS = {
    "5.10": config(V5_10 | {"tee-kernel-buf"}, OPTEE_NEVER_DRAINS, False),
    "5.14": config(V5_14, OPTEE_5_14, False),
    "6.12": config(V6_12, OPTEE_6_12, True),
}


def walk(machine: Machine, seed: int, steps: int = 150) -> tuple[str, ...]:
    """A walk, and its handoffs; every event as text."""
    dice = random.Random(seed)
    machine.power_on("prod")
    seen: list[str] = []
    for _ in range(steps):
        if machine.state.phase == "up" and dice.random() < 0.1:
            seen.append(
                str(
                    machine.begin(
                        dice.choice(("kexec", "reboot")), "prod", dice.choice(("stopped", "running"))
                    )
                )
            )
        elif dice.random() < 0.03:
            seen.append(str(machine.crash(dice.choice(("prod", "dump")))))
        open_now = machine.choices()
        if not open_now:
            break
        name, arguments = dice.choice(open_now)
        seen.append(str(getattr(machine, name)(*arguments)))
        keeps_its_books(machine)
    machine.run_on(200)
    return tuple(seen) + tuple(map(str, machine.harms)) + machine.log


def keeps_its_books(machine: Machine) -> None:
    """The heap is what is registered, open and in use; nothing is negative; no page has two owners."""
    secure = machine.state.secure
    held = sum(mobj_cost(one.count) for one in secure.registrations)
    held += len(secure.sessions) * secure.config.session_bytes
    assert secure.heap.used == secure.config.base_use + held
    assert 0 <= secure.va.used <= secure.va.size
    assert all(one.refs >= 0 and one.maps >= 0 for one in secure.registrations)
    extents = sorted(machine.state.memory.extents, key=lambda one: one.start)
    for before, after in itertools.pairwise(extents):
        assert before.end <= after.start, (before, after)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("seed", range(25))
def test_random_walk(name: str, seed: int) -> None:
    assert walk(Machine(CONFIGS[name]), seed) == walk(Machine(CONFIGS[name]), seed)
