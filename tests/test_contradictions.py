"""Facts that exclude each other end a check with KX010, and with the fewest lines that make the conflict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kexecspec.diagnostics import Diagnostic, InputError
from kexecspec.library import library
from kexecspec.platform.contradictions import minimal, without
from kexecspec.platform.impossible import Conflict, conflicts
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import variants
from kexecspec.source import parse, plain
from kexecspec.tree import Path, key_at

WORLD = "secure_world: {optee: 3.13.0}\n"
CLIENT = "devices: {bnxt: {driver: tee_bnxt_fw}}\n"
PROD = "kernels: {prod: {version: 5.14}}\n"
KEXEC = "handoffs: [prod -kexec-> prod]\n"
SMMU = "smmus: {smmu: {variant: 'arm,mmu-500'}}\n"
RAM = "memory: {ram: [0x8000_0000 + 1GiB]}\n"


def master(facts: str) -> str:
    return SMMU + f"devices: {{nic: {{driver: generic-platform, {facts}}}}}\n" + PROD + KEXEC


def world(facts: str) -> str:
    return f"secure_world: {{optee: 3.13.0, {facts}}}\n" + CLIENT + PROD + KEXEC


def kernel(facts: str) -> str:
    return WORLD + CLIENT + f"kernels: {{prod: {{version: 5.14}}, two: {{{facts}}}}}\nhandoffs: [prod -kexec-> two]\n"


CASES = {
    "rpc_arg": (world("rpc_arg: true"), "rpc_arg: true needs OP-TEE 3.17.0", {"secure_world.optee"}),
    "abi": ("secure_world: {optee: 3.9.0, abi: ffa}\n" + PROD, "abi: ffa needs OP-TEE 3.10.0", {"secure_world.optee"}),
    "dynamic": ("secure_world: {optee: 2.4.0, dynamic_shm: true}\n" + PROD, "needs OP-TEE", {"secure_world.optee"}),
    "spmc": (world("spmc: el3"), "spmc is about the FF-A ABI", set()),
    "supplicant": (
        world("supplicant: {present: false, may_die: true}"),
        "a supplicant that is not there cannot die",
        {"secure_world.supplicant.present"},
    ),
    "no threads": (world("threads: 0"), "no call can enter a secure world without threads", set()),
    "suspended": (world("threads: 2, suspended_threads: 3"), "3 threads are suspended", {"secure_world.threads"}),
    "min_threads": (world("threads: 2, min_threads: 3"), "3 threads must stay usable", {"secure_world.threads"}),
    "base_use": (world("heap: {size: 1000, base_use: 2000}"), "cannot have 2000 in use", {"secure_world.heap.size"}),
    "crashkernel": (
        "memory: {ram: [0x8000_0000 + 1GiB], crashkernel: 0x4000_0000 + 1MiB}\n" + master("dma: ring"),
        "crashkernel lies outside RAM",
        {"memory.ram.0"},
    ),
    "reserved": (
        "memory: {ram: [0x8000_0000 + 1GiB], reserved: [0x4000_0000 + 1MiB]}\n" + master("dma: ring"),
        "reserved lies outside RAM",
        {"memory.ram.0"},
    ),
    "no ram left": (
        "memory: {ram: [0x8000_0000 + 1MiB], reserved: [0x8000_0000 + 1MiB]}\n" + master("dma: ring"),
        "nothing of RAM is left for a kernel",
        {"memory.reserved.0"},
    ),
    "gbpa of v2": (
        "smmus: {smmu: {variant: 'arm,mmu-500', reset: {gbpa: abort}}}\n" + PROD,
        "gbpa is a fact about an SMMUv3",
        {"smmus.smmu.variant"},
    ),
    "clientpd of v3": (
        "smmus: {smmu: {variant: 'arm,smmu-v3', reset: {clientpd: true}}}\n" + PROD,
        "clientpd is a fact about an SMMUv1 or v2",
        {"smmus.smmu.variant"},
    ),
    "two levels": (
        "smmus: {smmu: {variant: 'arm,mmu-500', two_level_table: true}}\n" + PROD,
        "only an SMMUv3 has a table of two levels",
        {"smmus.smmu.variant"},
    ),
    "client with dma": (
        WORLD + SMMU + "devices: {bnxt: {driver: tee_bnxt_fw, smmu: smmu}}\n" + PROD + KEXEC,
        "smmu is a fact about a DMA master, and bnxt is a TEE client",
        {"devices.bnxt.driver"},
    ),
    "master with service": (
        WORLD + "devices: {nic: {driver: generic-platform, service: storage}}\n" + PROD,
        "only a TEE client talks to a service",
        {"devices.nic.driver"},
    ),
    "iova": (master("iova: 0x1000_0000 + 1MiB"), "iova say how an SMMU sees nic", set()),
    "nothing translates": (master("domain: translated"), "nothing translates for nic", set()),
    "identity": (
        master("smmu: smmu, domain: identity, iova: 0x1000_0000 + 1MiB"),
        "nic is not translated",
        {"devices.nic.domain"},
    ),
    "never runs": (
        master("running: false, quiesced_by: nothing"),
        "nothing has to stop it",
        {"devices.nic.running"},
    ),
    "no dma": (master("running: true, dma: none"), "nic does no DMA", {"devices.nic.dma"}),
    "stopped in a crash": (master("quiesced_by: {crash: shutdown}"), "no shutdown hook runs in a crash", set()),
    "window above the limit": (
        "memory: {ram: [0x8000_0000 + 1GiB], dma_limit: 256MiB}\n" + master("smmu: smmu, iova: 0x1000_0000 + 1MiB"),
        "nic's window ends above what DMA reaches",
        {"memory.dma_limit"},
    ),
    "no linux": (
        kernel("payload: other, kdump: true"),
        "kdump is a fact about a Linux kernel",
        {"kernels.two.payload"},
    ),
    "conforming": (
        kernel("payload: linux, version: 5.14, conforming: true, resumes_threads: true"),
        "a conforming two resumes no foreign thread",
        {"kernels.two.conforming"},
    ),
    "no elfcorehdr": (
        kernel("version: 5.14, kdump: true, cmdline: elfcorehdr=0xffffffffffffffff"),
        "this elfcorehdr tells two that it is no kdump kernel",
        {"kernels.two.cmdline"},
    ),
    "elfcorehdr": (
        kernel("version: 5.14, kdump: false, cmdline: elfcorehdr=0x1000"),
        "elfcorehdr makes two a kdump kernel",
        {"kernels.two.cmdline"},
    ),
    "config": (
        kernel("version: 6.18, features: {kexec-handover: true}, config: {CONFIG_KEXEC_HANDOVER: n}"),
        "without CONFIG_KEXEC_HANDOVER there is no kexec-handover",
        {"kernels.two.config.CONFIG_KEXEC_HANDOVER"},
    ),
    "adopts": (kernel("version: 5.14, adopts: true"), "adopts: true needs a feature", {"kernels.two.version"}),
    "sessions without a world": (
        "kernels: {prod: {version: 5.14, user_space: {sessions: 1}}}\n" + KEXEC,
        "sessions are open in the secure world, and there is none",
        set(),
    ),
    "sessions without a driver": (
        WORLD + "kernels: {prod: {version: 5.14, tee_aware: false, user_space: {sessions: 1}}}\n" + KEXEC,
        "sessions are opened through a TEE driver, and prod has none",
        {"kernels.prod.tee_aware", "secure_world"},
    ),
    "services without sessions": (
        "secure_world: {optee: 3.13.0, services: {storage: {makes_rpc: true}}}\n"
        "kernels: {prod: {version: 5.14, user_space: {services: [storage]}}}\n" + KEXEC,
        "prod's user space uses services, and opens no session",
        set(),
    ),
    "no driver": (
        WORLD + CLIENT + "kernels: {old: {version: 5.4}}\n",
        "no kernel has the driver of bnxt",
        {"kernels.old.version"},
    ),
    "listed without a driver": (
        WORLD + CLIENT + "kernels: {prod: {version: 5.14}, old: {version: 5.4, devices: [bnxt]}}\n"
        "handoffs: [prod -kexec-> old]\n",
        "old is to drive bnxt, and has no driver for it",
        {"kernels.old.version", "devices.bnxt.driver"},
    ),
    "driver switched off": (
        WORLD + CLIENT + "kernels: {prod: {version: 5.14}, two: {version: 5.14, devices: [bnxt], "
        "drivers: {tee_bnxt_fw: false}}}\nhandoffs: [prod -kexec-> two]\n",
        "two is to drive bnxt, and has no driver for it",
        {"kernels.two.drivers.tee_bnxt_fw", "devices.bnxt.driver"},
    ),
    "at most none": (
        WORLD + CLIENT + PROD + "handoffs: [{from: prod, kind: kexec, to: prod, at_most: 0}]\n",
        "a handoff that is taken at most 0 times is none",
        set(),
    ),
    "limit": (
        WORLD + CLIENT + PROD + KEXEC + "limits: {handoffs_between_resets: 0}\n",
        "no handoff may be taken between two resets",
        {"limits.handoffs_between_resets"},
    ),
    "first": (
        WORLD + CLIENT + "kernels: {prod: {version: 5.14}, kd: {version: 5.14, kdump: true}}\n"
        "first: kd\nhandoffs: [kd -reboot-> prod]\n",
        "kd is a crash kernel, so it is not booted first",
        {"kernels.kd.kdump"},
    ),
    "unreached": (
        WORLD + CLIENT + "kernels: {prod: {version: 5.14}, spare: {version: 5.14}}\n" + KEXEC,
        "no handoff leads to spare",
        {"kernels.prod"},
    ),
}


def refused(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a platform file of this content."""
    root = parse(text, "board.yaml")
    with pytest.raises(InputError) as caught:
        for _, filled in variants(plain(root), root):  # type: ignore[arg-type]
            resolve(root, "board.yaml", library(), filled)
    return caught.value.diagnostics


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_is_refused_with_its_lines(case: str) -> None:
    text, says, others = CASES[case]
    root = parse(text, "board.yaml")
    (conflict,) = (c for c in conflicts(plain(root), library()) if says in c.says)  # type: ignore[arg-type]

    (found,) = (d for d in refused(text) if says in d.message)

    assert found.code == "KX010"
    assert found.span == key_at(root, conflict.place)
    for name in others:
        path = tuple(int(step) if step.isdecimal() else step for step in name.split("."))
        assert f"{key_at(root, path).line} ({name})" in found.message
    assert found.message.count("(") - says.count("(") == len(others)


@pytest.mark.parametrize("case", CASES)
def test_the_conflict_is_minimal(case: str) -> None:
    """Without any one of its facts it is none; without all other facts it still is one."""
    content: dict[str, Any] = plain(parse(CASES[case][0], "board.yaml"))  # type: ignore[assignment]
    for conflict in conflicts(content, library()):
        needed = minimal(content, lambda trial, c=conflict: is_there(c, trial))  # type: ignore[misc]

        assert needed
        for path in needed:
            assert not is_there(conflict, without(content, path)), path
        rest: Mapping[str, Any] = content
        for path in reversed(list(leaves(content, ()))):
            if not any(path[: len(n)] == n for n in needed):
                rest = without(rest, path)
        assert is_there(conflict, rest)


def test_a_name_that_means_nothing_is_refused() -> None:
    text = (
        WORLD
        + "devices: {bnxt: {driver: tee_bnxt_fw, parent: bridge}}\n"
        + "kernels: {prod: {version: 5.14, devices: [bnxt, eth], drivers: {bnx: false}, "
        + "user_space: {sessions: 1, services: [store]}}}\n"
        + KEXEC
        + "expect: {KX999: NOT_REFUTED}\n"
    )

    assert [(d.code, d.message) for d in refused(text)] == [
        ("KX002", "unknown device 'bridge'"),
        ("KX002", "unknown device 'eth'"),
        ("KX002", "unknown driver 'bnx'"),
        ("KX002", "unknown service 'store'"),
        ("KX002", "unknown property 'KX999'"),
    ]


def test_what_decides_too_much_cannot_be_unknown() -> None:
    fact = "secure_world: {optee: 3.13.0, heap: {size: unknown}}"
    (found,) = refused(fact + "\n" + CLIENT + PROD)

    assert (found.code, found.span.line, found.span.column) == ("KX008", 1, fact.index("unknown") + 1)


def test_two_ways_of_one_handoff_are_two_handoffs() -> None:
    root = parse(WORLD + CLIENT + PROD + "handoffs: [prod -kexec -e-> prod, prod -systemctl kexec-> prod]\n", "b.yaml")

    names = {edge.name: edge.user_stopped for edge in resolve(root, "b.yaml", library()).edges}

    assert names == {"prod -kexec-> prod": False, "prod -kexec-> prod, user space stopped": True}


def test_the_same_handoff_twice_is_refused() -> None:
    (found,) = refused(WORLD + CLIENT + PROD + "handoffs: [prod -kexec-> prod, prod -systemctl kexec-> prod]\n")

    assert (found.code, found.message) == ("KX023", "the handoff 'prod -kexec-> prod' stands twice")


def is_there(conflict: Conflict, content: Mapping[str, Any]) -> bool:
    return any(c.name == conflict.name for c in conflicts(content, library()))


def leaves(content: Any, path: Path) -> Iterator[Path]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, (*path, key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from leaves(value, (*path, number))
    elif content is not None:
        yield path
