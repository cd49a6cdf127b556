"""What each property calls a harm and what it does not, and of what it would say nothing at all: platforms of one
master that differ from a harmful one in one thing."""

from __future__ import annotations

import pytest

from kexecspec.ground.ground import loosened
from kexecspec.ir.walk import references
from kexecspec.library import library
from kexecspec.platform.resolve import resolve
from kexecspec.source import parse
from tests.small import disagreements, small
from tests.test_specs_dma import BEHIND, BOTH, KEXEC, PROD, QUIET, RING, V2, V3, one

LEAVES, ABORTS = "smmu2-shutdown-leaves: true", "smmu2-shutdown-aborts: true"
UNAWARE = "prod: {version: 6.12, features: {WITH}}, next: {HOW, smmu_aware: false}"
NEXT = "prod -kexec-> next"
IN_RAM, IN_RESERVE, OUTSIDE = (f"iova: {start} + 1MiB" for start in ("0x9000_0000", "0xf000_0000", "0x1000_0000"))
CRASH = "prod -crash-> dump"
FATAL = ", abort_is_fatal: true}}"


def prod(feature: str) -> str:
    return f"prod: {{version: 6.12, features: {{{feature}}}}}"


def to_unaware(feature: str, how: str) -> str:
    """A kernel with `feature`, and after it one that knows no SMMU."""
    return UNAWARE.replace("WITH", feature).replace("HOW", how)


@pytest.mark.parametrize(
    ("smmus", "master", "kernels", "handoffs", "found"),
    [
        (V2, f"{RING}, {BEHIND}", BOTH, CRASH, 1),
        (V2, f"{RING}, {BEHIND}, {QUIET}", PROD, KEXEC, None),
        (V2, f"{RING}, {BEHIND}",
         "prod: {version: 6.12}, dump: {version: 6.12, features: {smmu2-kdump-masks-fault-irqs: true}}", CRASH, None),
        (V2, f"{RING}, {BEHIND}",
         "prod: {version: 6.12}, dump: {version: 6.12, features: {smmu2-disable-bypass-default: false}}", CRASH, None),
    ],
    ids=["ring", "stopped", "masked", "let-through"],
)  # fmt: skip
def test_faults_storm_where_old_work_goes_on_is_blocked_and_may_interrupt(
    smmus: str, master: str, kernels: str, handoffs: str, found: int | None
) -> None:
    """arm_smmu_device_reset enables GFIE and GCFGFIE; a stream without an entry faults unless USFCFG is clear."""
    text = one(smmus, master, kernels, handoffs)

    assert small(text).handoffs_to_harm("KX302") == found
    assert disagreements(text) == []


def test_that_its_work_ends_by_itself_would_be_a_reason_why_faults_do_not_storm() -> None:
    """Where facts are open, so is this one, and the property has to ask it."""
    root = parse(one(V2, f"{RING}, {BEHIND}"), "small.yaml")
    rules, _ = loosened(resolve(root, "small.yaml", library(), whole=True), library())

    (holds,) = [prop.holds for prop in rules.properties if prop.code == "KX302"]
    assert "master.recurrent" in references(holds)


@pytest.mark.parametrize(
    ("smmus", "master", "kernels", "handoffs", "found"),
    [
        (V2, f"{RING}, {BEHIND}", prod(LEAVES), KEXEC, 1),
        (V2, f"{RING}, {BEHIND}", PROD, KEXEC, None),
        (V2, f"{RING}, {BEHIND}, {QUIET}", prod(LEAVES), KEXEC, None),
        (V2, f"driver: generic-platform, dma: periodic-read, {BEHIND}", prod(LEAVES), KEXEC, None),
        (V3, f"{RING}, {BEHIND}", prod("smmu3-kexec-adopt: true"), KEXEC, None),
        (V2, f"{RING}, {BEHIND}, {QUIET}", to_unaware(LEAVES, "payload: other"), NEXT, 1),
        (V2, f"{RING}, {BEHIND}, {QUIET}", to_unaware(LEAVES, "version: 6.12"), NEXT, 1),
    ],
    ids=["left-on", "bypassed", "stopped", "reads", "adopted", "payload-of-its-own", "linux-without-smmu"],
)  # fmt: skip
def test_tables_of_a_dead_kernel_harm_by_its_writes_and_by_a_successor_that_does_not_know_of_them(
    smmus: str, master: str, kernels: str, handoffs: str, found: int | None
) -> None:
    """A read corrupts nothing; who adopts the tables answers for them; who knows no SMMU takes its addresses for
    physical ones, be it Linux or not."""
    text = one(smmus, master, kernels, handoffs)

    assert small(text).handoffs_to_harm("KX304") == found
    assert disagreements(text) == []


@pytest.mark.parametrize(
    ("master", "how", "found"),
    [
        (f"{RING}, {BEHIND}, {QUIET}", "payload: other", 1),
        (f"{RING}, {BEHIND}, {QUIET}", "payload: other, devices: []", None),
        (f"driver: generic-platform, dma: none, {BEHIND}", "payload: other", 1),
    ],
    ids=["uses-it", "does-not-use-it", "linux-never-used-it"],
)
def test_a_payload_that_knows_no_smmu_is_hurt_by_aborts_of_what_it_uses_and_once_it_runs(
    master: str, how: str, found: int | None
) -> None:
    text = one(V2, master, to_unaware(ABORTS, how), NEXT)
    rules = small(text)

    assert rules.handoffs_to_harm("KX305") == found
    assert rules.handoffs_to_harm("KX305", {"phase": "boot"}) is None
    assert disagreements(text) == []


def test_an_abort_that_the_platform_does_not_survive_ends_the_kernel_that_leaves() -> None:
    text = one(V2.replace("}}", FATAL), f"{RING}, {BEHIND}", prod(ABORTS))

    assert small(text).handoffs_to_harm("KX305/master:own@kexec") == 0
    assert disagreements(text) == []


def test_a_hook_that_dies_of_a_missing_domain_does_not_wait_for_the_smmu() -> None:
    """Until 32ea2c57dc21 the SMMU's hook unregistered first; the unmap then ends in iommu_get_dma_domain."""
    text = one(V3, f"driver: generic-pci-shutdown, dma: ring, {BEHIND}", 'prod: {version: "6.1.3"}')
    rules = small(text)

    assert (rules.handoffs_to_harm("KX303"), rules.handoffs_to_harm("KX306")) == (0, None)


@pytest.mark.parametrize(
    ("smmus", "master", "kernels", "handoffs", "found"),
    [
        (V2, f"{RING}, {BEHIND}, {IN_RAM}", PROD, KEXEC, 0),
        (V2, f"driver: generic-platform, dma: periodic-read, {BEHIND}, {IN_RAM}", PROD, KEXEC, None),
        (V3, f"{RING}, {BEHIND}, {IN_RAM}", prod("smmu3-shutdown-gbpa-abort: true"), KEXEC, None),
        (V2, f"{RING}, {BEHIND}, {OUTSIDE}", PROD, KEXEC, 0),
        (V2, f"{RING}, {BEHIND}, {IN_RESERVE}", BOTH, f"{KEXEC}, {CRASH}", None),
        (V2, f"{RING}, {BEHIND}, {IN_RESERVE}", BOTH, f"{CRASH}, dump -kexec-> prod", 1),
    ],
    ids=["in-ram", "reads", "aborted", "maybe-a-device", "nobodys-reserve", "crash-kernels-reserve"],
)  # fmt: skip
def test_a_bypassed_master_harms_its_own_kernel_where_its_addresses_are_that_kernels_memory_or_a_device(
    smmus: str, master: str, kernels: str, handoffs: str, found: int | None
) -> None:
    """The SMMU's hook comes first and CLIENTPD makes addresses physical. A crash kernel has only the reserve; nobody
    says what answers outside of RAM."""
    text = one(smmus, master, kernels, handoffs)

    assert small(text).handoffs_to_harm("KX307") == found
    assert disagreements(text) == []


LEAVING = ("KX303/", "KX305/master:own@", "KX306/master@", "KX307/")
"""What is said of a kernel that shuts down while the master works for it."""
ARRIVED = ("KX301/", "KX304/", "KX305/master@")
FAULTY = V3.replace("}}", FATAL)
UNMAPS = f"driver: generic-pci-shutdown, dma: ring, {BEHIND}"


def test_what_is_said_of_a_master_is_said_of_one_that_works_for_the_kernel() -> None:
    """No kernel drives it: there is nothing to prove. One drives it: there is, without any handoff."""
    driven = small(one(FAULTY, UNMAPS))
    undriven = small(one(FAULTY, UNMAPS, "prod: {version: 6.12, devices: []}"))

    for code in (*LEAVING, *ARRIVED):
        assert driven.handoffs_to_premise(code) == 0, code
        assert undriven.handoffs_to_premise(code) is None, code
    for kernels, found in ((PROD, 0), ("prod: {version: 6.12, devices: []}", None)):
        assert small(one(V2, f"{RING}, {BEHIND}", kernels)).handoffs_to_premise("KX302") == found
        tasks = small(one(V3, f"driver: fsl_enetc, {BEHIND}", kernels))
        assert tasks.handoffs_to_premise("KX306/master:task") == found


def test_what_is_said_of_a_shutdown_is_said_of_nobody_where_only_a_crash_ends_who_drives_the_master() -> None:
    """The kernel that shuts down has no driver for it; the one that has only crashes."""
    kernels = "prod: {version: 6.12}, dump: {version: 6.12, devices: []}"
    rules = small(one(FAULTY, UNMAPS, kernels, f"{CRASH}, dump -kexec-> prod"))

    for code in LEAVING:
        assert rules.handoffs_to_premise(code) is None, code
    assert rules.handoffs_to({"phase": "down", "master.engine": "stale"}) == 1
    assert rules.handoffs_to({"kernel": "prod", "entered": "kexec"}) == 2


@pytest.mark.parametrize(("drivers", "found"), [("", None), (", drivers: {optee-rng: false}", 1)], ids=["has", "lacks"])
def test_a_service_is_missing_where_a_kernel_that_is_up_has_no_driver_for_it(drivers: str, found: int | None) -> None:
    text = """
platform: duty
secure_world: {optee: 3.13.0, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices: {rng: {driver: optee-rng}}
kernels: {prod: {version: "6.6"}, next: {version: "6.6", duties: [rng]DRIVERS}}
first: prod
handoffs: [prod -kexec-> next]
assume: {in_flight: none, registration_fails: false}
"""
    rules = small(text.replace("DRIVERS", drivers))

    assert rules.handoffs_to_harm("KX401") == found
    assert rules.handoffs_to_harm("KX401", {"phase": "boot"}) is None
