"""What becomes of a master's work, its stream and its SMMU, on platforms of one master. Each is also set against the
executable model."""

from __future__ import annotations

import pytest

from kexecspec.ground.ground import loosened
from kexecspec.ir.walk import references
from kexecspec.library import library
from kexecspec.platform.resolve import resolve
from kexecspec.source import parse
from tests.small import disagreements, small

ONE = """
platform: one-master
memory: {ram: [0x8000_0000 + 2GiB], crashkernel: 0xf000_0000 + 256MiB}
SMMUS
devices: {master: {MASTER}}
kernels: {KERNELS}
first: prod
handoffs: [HANDOFFS]
"""
V2, V3 = 'smmus: {smmu: {variant: "arm,mmu-500"}}', 'smmus: {smmu: {variant: "arm,smmu-v3"}}'
RING = "driver: generic-platform, dma: ring"
BEHIND = "smmu: smmu, streams: [1]"
PROD, BOTH = 'prod: {version: "6.12"}', 'prod: {version: "6.12"}, dump: {version: "6.12"}'
KEXEC = "prod -kexec-> prod"
CRASH = "prod -crash-> dump"
ON_L = "prod -crash-> dump, {from: dump, to: prod, kind: kexec, loaded_by: kexec_load}"
ON_S = "prod -crash-> dump, {from: dump, to: prod, kind: kexec, loaded_by: kexec_file_load}"


def one(smmus: str, master: str, kernels: str = PROD, handoffs: str = KEXEC) -> str:
    """A platform with one master."""
    filled = {"SMMUS": smmus, "MASTER": master, "KERNELS": kernels, "HANDOFFS": handoffs}
    text = ONE
    for word, value in filled.items():
        text = text.replace(word, value)
    return text


@pytest.mark.parametrize(
    ("smmus", "master", "kernels", "handoffs", "corrupts"),
    [
        ("", RING, PROD, KEXEC, 1),
        ("", "driver: generic-platform, dma: msi", PROD, KEXEC, None),
        (V2, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB", PROD, KEXEC, 1),
        (V2, f"{RING}, {BEHIND}, iova: 0x1000_0000 + 1MiB", PROD, KEXEC, None),
        (V2, f"{RING}, {BEHIND}, domain: identity", PROD, KEXEC, 1),
        ("", RING, BOTH, "prod -crash-> dump", None),
        (V2, f"{RING}, {BEHIND}, iova: 0xf000_0000 + 1MiB", BOTH, "prod -crash-> dump", 1),
        (V2, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB", BOTH, "prod -crash-> dump", None),
        (V2, f"{RING}, {BEHIND}, domain: identity", BOTH, "prod -crash-> dump", None),
        ("", RING, BOTH, "prod -crash-> dump, dump -kexec-> prod", None),
        ("", RING, BOTH, ON_L, 2),
        ("", "driver: generic-platform, dma: msi", BOTH, ON_L, None),
        (V2, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB", BOTH, ON_S, 2),
        (V2, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB", BOTH, ON_L, None),
    ],
    ids=["ring", "doorbell", "window-in-ram", "window-outside", "identity", "crash", "crash-window-in-reserve",
         "crash-window-in-ram", "crash-identity", "kexec-out-of-crash-kernel", "kexec-l-in-the-reserve",
         "kexec-l-doorbell", "kexec-s-owns-ram", "kexec-l-does-not"],
)  # fmt: skip
def test_old_work_reaches_the_next_kernel_where_its_addresses_are_that_kernels_memory(
    smmus: str, master: str, kernels: str, handoffs: str, corrupts: int | None
) -> None:
    """The shutdown hook of an SMMUv2 and its probe put all clients into bypass, where an I/O virtual address is a
    physical one. Without translation an address is the posting kernel's own memory, which an ordinary kernel takes
    over from an ordinary kernel and nobody else; a doorbell is no memory at all."""
    text = one(smmus, master, kernels, handoffs)

    assert small(text).handoffs_to_harm("KX301") == corrupts
    assert disagreements(text) == []


@pytest.mark.parametrize(("handoffs", "corrupts"), [(ON_L, None), (ON_S, 2)], ids=["kexec -l", "kexec -s"])
def test_what_goes_through_the_tables_of_a_crashed_kernel_meets_who_owns_all_memory(
    handoffs: str, corrupts: int | None
) -> None:
    """The crash kernel knows no SMMU, and leaves it as it is."""
    kernels = 'prod: {version: "6.12"}, dump: {version: "6.12", kdump: true, smmu_aware: false, devices: []}'
    given = one(V3, f"{RING}, {BEHIND}, iova: 0x1000_0000 + 1MiB", kernels, handoffs)

    assert small(given).handoffs_to_harm("KX304", {"kernel": "prod"}) == corrupts
    assert disagreements(given) == []


def test_who_is_handed_a_crash_kernels_device_tree_leaves_the_event_queue_off() -> None:
    """arm_smmu_device_reset asks is_kdump_kernel()."""
    given = {on: one(V3, f"{RING}, {BEHIND}", BOTH, on) for on in (ON_L, ON_S)}
    last = {"kernel": "prod", "entered": "kexec", "phase": "up", "smmu.on": True}

    assert small(given[ON_L]).handoffs_to({**last, "smmu.irq": True}) is None
    assert small(given[ON_S]).handoffs_to({**last, "smmu.irq": True}) == 2
    assert [disagreements(text) for text in given.values()] == [[], []]


def test_a_device_that_is_stopped_on_kexec_alone_goes_on_at_a_reboot_and_its_shutdown_ends_all_the_same() -> None:
    stopped = "driver: generic-platform, dma: ring, quiesced_by: {kexec: core, reboot: nothing}"
    text = one("", stopped, PROD, f"{KEXEC}, prod -reboot-> prod")
    rules = small(text)

    kexec, reboot = {"leaving": "prod -kexec-> prod"}, {"leaving": "prod -reboot-> prod"}
    assert rules.handoffs_to(kexec | {"master.at": "shut", "master.engine": "own"}) is None
    assert rules.handoffs_to(kexec | {"master.at": "shut", "master.engine": "off"}) == 0
    assert rules.handoffs_to(reboot | {"master.at": "shut", "master.engine": "own"}) == 0
    assert rules.handoffs_to({"master.at": "failed"}) is None
    assert disagreements(text) == []


def test_an_unmap_after_the_smmu_was_stopped_hangs_for_ever_or_gives_up_and_goes_on() -> None:
    """arm_smmu_cmdq_issue_cmdlist waits for its CMD_SYNC a second, says "CMD_SYNC timeout" and returns; only for room
    in the queue it waits without end. No device link orders the two hooks (arm-smmu-v3.c@6.12.117)."""
    text = one(V3, f"driver: generic-pci-shutdown, dma: ring, {BEHIND}")
    rules = small(text)

    assert rules.may_fire("master.shutdown.dma_unmap.gives_up", {"smmu.at": "shut"})
    assert rules.handoffs_to({"master.at": "wait_shutdown_2", "smmu.at": "shut", "master.oops": False}) == 0
    assert rules.handoffs_to({"master.at": "failed"}) is None
    assert disagreements(text) == []


def test_an_unmap_without_a_domain_is_the_end() -> None:
    """iommu_get_dma_domain finds no group; the SMMU's hook has unregistered the iommu (until 32ea2c57dc21)."""
    text = one(V3, f"driver: generic-pci-shutdown, dma: ring, {BEHIND}", 'prod: {version: "6.1.3"}')
    rules = small(text)

    assert rules.handoffs_to_harm("KX303") == 0
    assert rules.handoffs_to({"master.oops": True, "master.at": "wait_shutdown_2"}) == 0
    assert rules.handoffs_to({"master.oops": True, "master.at": "shut"}) is None
    assert disagreements(text) == []


@pytest.mark.parametrize("version", ["6.12", "6.1.3"], ids=["stopped", "without a domain"])
def test_with_identity_domains_an_unmap_asks_no_smmu(version: str) -> None:
    """iommu_setup_dma_ops gives a device of an identity domain no iommu_dma_ops (drivers/iommu/dma-iommu.c@6.1.192)."""
    kernels = f'prod: {{version: "{version}", cmdline: iommu.passthrough=1}}'
    text = one(V3, f"driver: generic-pci-shutdown, dma: ring, {BEHIND}", kernels)
    rules = small(text)

    assert rules.handoffs_to_harm("KX306") is None
    assert rules.handoffs_to({"master.at": "wait_shutdown_2"}) is None
    assert rules.handoffs_to({"master.oops": True}) is None
    assert disagreements(text) == []


def test_no_reason_can_name_an_smmu_that_is_not_there() -> None:
    """Where facts are open, so would be those of an SMMU that a master does not have; nothing looks at them."""
    root = parse(one("", "driver: generic-platform, dma: one-shot"), "small.yaml")
    rules, _ = loosened(resolve(root, "small.yaml", library(), whole=True), library())

    (holds,) = [prop.holds for prop in rules.properties if prop.code == "KX301"]
    (completes,) = [rule.guard for rule in rules.rules if rule.name == "master.completes"]
    assert "master.engine" in references(holds) & references(completes)
    assert not any(name.startswith("no smmu") for name in references(holds) | references(completes))


def test_a_reset_that_does_not_clear_the_smmus_keeps_their_stream_entries() -> None:
    text = one(V2, f"{RING}, {BEHIND}", PROD, "prod -reboot-> prod")
    warm = text + "resets: {warm_clears: [devices]}\n"
    kept = {"master.entry": "stale", "entered": "reboot"}

    assert small(text).handoffs_to(kept) is None
    assert small(warm).handoffs_to(kept) == 1
    assert disagreements(warm) == []


@pytest.mark.parametrize(
    ("smmu", "kernels", "handoffs", "kernel", "adopts"),
    [
        ("", "prod: {version: 6.12, features: {smmu3-kexec-adopt: true}}", KEXEC, "prod", True),
        (", coherent: false", "prod: {version: 6.12, features: {smmu3-kexec-adopt: true}}", KEXEC, "prod", False),
        ("", "prod: {version: 6.12}, next: {version: 6.12, features: {smmu3-kexec-adopt: true}}", "prod -kexec-> next",
         "next", False),
        ("", "prod: {version: 6.12}, next: {version: 6.12, features: {smmu3-kdump-adopt: true}}", "prod -crash-> next",
         "next", True),
        ("", "prod: {version: 6.12}, next: {version: 6.12, kdump: false, features: {smmu3-kdump-adopt: true}}",
         "prod -crash-> next", "next", False),
        ("", "prod: {version: 6.12}, next: {version: 6.12, features: {smmu3-kexec-adopt: true}}", "prod -crash-> next",
         "next", False),
        (", coherent: false", "prod: {version: 6.12}, next: {version: 6.12, features: {smmu3-kdump-adopt: true}}",
         "prod -crash-> next", "next", False),
    ],
    ids=["kexec", "kexec-not-coherent", "found-off", "kdump", "kdump-not-recognised", "kdump-as-others",
         "kdump-not-coherent"],
)  # fmt: skip
def test_a_stream_table_is_adopted_only_where_it_can_be(
    smmu: str, kernels: str, handoffs: str, kernel: str, adopts: bool
) -> None:
    """A kernel goes on with a table that it finds in use and can read with its caches, where it is one of those that
    do. Any other writes a new one and enables it."""
    text = one(V3.replace('"}}', f'"{smmu}}}}}'), f"{RING}, {BEHIND}", kernels, handoffs)
    rules = small(text)
    arrived = {"kernel": kernel, "entered": "crash" if "crash" in handoffs else "kexec"}

    kept = arrived | {"smmu.at": "bound", "master.entry": "stale"}
    assert rules.handoffs_to(kept | {"smmu.on": True}) == (1 if adopts else None)
    written = arrived | {"smmu.at": "bound", "smmu.on": True, "master.entry": "unlisted"}
    assert rules.handoffs_to(written) == (None if adopts else 1)
    assert rules.handoffs_to(arrived | {"phase": "up", "smmu.on": False}) is None
    assert disagreements(text) == []


USER = "driver: generic-platform, dma: {kind: one-shot, requests_by: user}"


@pytest.mark.parametrize(
    ("master", "spaces"), [(USER, {"running"}), (USER.replace("user", "kernel"), {"running", "stopped"})]
)
def test_a_transfer_is_started_during_shutdown_by_whoever_still_runs(master: str, spaces: set[str]) -> None:
    """kexec -e stops nobody, systemctl kexec stops user space; nothing freezes the kernel's own tasks. Nobody starts
    one before the kernel is up."""
    text = one("", master, PROD, "prod -kexec -e-> prod, prod -systemctl kexec-> prod")
    rules = small(text)
    assert [edge.user_stopped for edge in rules.platform.edges] == [False, True]

    for edge in rules.platform.edges:
        space = "stopped" if edge.user_stopped else "running"
        assert rules.may_fire("master.request", {"phase": "down", "leaving": edge.name}) is (space in spaces)
    assert rules.may_fire("master.request", {"phase": "up"})
    assert not rules.may_fire("master.request", {"phase": "boot"})
    assert disagreements(text) == []


QUIET = "quiesced_by: {kexec: core, reboot: core}"


@pytest.mark.parametrize(
    ("smmus", "master", "kernels", "code", "found"),
    [
        (V2, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB", PROD, "KX307", 0),
        (V2, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB, {QUIET}", PROD, "KX307", None),
        (V3, f"{RING}, {BEHIND}, iova: 0x9000_0000 + 1MiB",
         "prod: {version: 6.12, features: {smmu3-kexec-adopt: true}}", "KX301", None),
        (V3.replace('"}}', '", reset: {gbpa: bypass}, abort_is_fatal: true}}'), f"{RING}, {BEHIND}, {QUIET}", PROD,
         "KX305", None),
        (V3, f"driver: fsl_enetc, {BEHIND}", "prod: {version: 6.1.3}", "KX303", 0),
        (V3, f"driver: fsl_enetc, {BEHIND}", PROD, "KX306", 0),
    ],
    ids=["bypassed", "stopped-before", "adopted", "never-aborted", "maps-without-domain", "unmaps-without-smmu"],
)  # fmt: skip
def test_what_a_master_suffers_until_its_kernel_has_gone(
    smmus: str, master: str, kernels: str, code: str, found: int | None
) -> None:
    """A ring that goes on when the SMMU is bypassed, and one whose device was stopped; one that goes on through the
    dead kernel's tables; one that nothing aborts; tasks of the leaving kernel that map and unmap."""
    text = one(smmus, master, kernels)

    assert small(text).handoffs_to_harm(code) == found
    assert disagreements(text) == []


def test_an_smmu_that_is_told_to_abort_at_shutdown_does_so_in_the_next_kernel_until_that_resets_it() -> None:
    v3 = one(V3, f"{RING}, {BEHIND}", "prod: {version: 6.12, features: {smmu3-shutdown-gbpa-abort: true}}")
    v2 = one(V2, f"{RING}, {BEHIND}", "prod: {version: 6.12, features: {smmu2-shutdown-aborts: true}}")
    found = {"entered": "kexec", "smmu.at": "off"}

    for text in (v2, v3):
        rules = small(text)
        aborts = (
            {"smmu.on": False, "smmu.off_abort": True} if text == v3 else {"smmu.on": True, "master.entry": "fault"}
        )
        assert rules.handoffs_to(found | aborts) == 1
        assert rules.handoffs_to(found | {"master.entry": "stale", "smmu.off_abort": False}) is None
        assert rules.handoffs_to({"smmu.at": "failed"}) is None
        assert disagreements(text) == []


def test_a_payload_gives_a_device_work_once_it_is_there_and_only_where_there_is_none_of_its_own() -> None:
    text = one("", RING, 'prod: {version: "6.12"}, tool: {payload: other}', "prod -kexec-> tool, tool -kexec-> prod")
    rules = small(text)

    assert rules.may_fire("master.payload_uses", {"kernel": "tool", "phase": "up", "master.engine": "stale"})
    for elsewhere in ({"phase": "boot"}, {"phase": "down"}, {"kernel": "prod"}, {"master.engine": "own"}):
        assert not rules.may_fire("master.payload_uses", elsewhere)
    assert disagreements(text) == []


LINEAR = V3.replace('"}}', '", two_level_table: false}}')


@pytest.mark.parametrize(
    ("other", "smmu", "cmdline", "found"),
    [
        ("streams: [0xff]", V3, "arm-smmu-v3.disable_bypass=0", {"bypass"}),
        ("streams: [0x100]", V3, "arm-smmu-v3.disable_bypass=0", {"unlisted"}),
        ("streams: [0x100, 0xff]", V3, "arm-smmu-v3.disable_bypass=0", {"bypass"}),
        ("", V3, "arm-smmu-v3.disable_bypass=0", {"bypass", "unlisted"}),
        ("streams: [0xff]", V3, "", {"unlisted"}),
        ("", V3, "", {"unlisted"}),
        ("streams: [0xff]", LINEAR, "arm-smmu-v3.disable_bypass=0", {"bypass"}),
    ],
    ids=["same-span", "another-span", "two-spans", "streams-unknown", "aborts", "aborts-unknown", "one-level"],
)  # fmt: skip
def test_a_device_gives_the_others_of_its_span_an_entry_when_it_is_attached(
    other: str, smmu: str, cmdline: str, found: set[str]
) -> None:
    """One that aborts is told from none by nobody, so the rules leave that out; one that lets pass is a difference."""
    kernels = f'prod: {{version: 6.1.192, cmdline: "{cmdline}"}}, dump: {{version: 6.1.192, cmdline: "{cmdline}"}}'
    text = one(smmu, f"{RING}, {BEHIND}, after: [smmu, other]", kernels, "prod -crash-> dump")
    beside = f"smmu: smmu, after: [smmu], {other}".rstrip(", ")
    text = text.replace("devices: {", f"devices: {{other: {{driver: generic-platform, dma: msi, {beside}}}, ")
    rules = small(text)
    once = {"entered": "crash", "other.at": "bound", "master.at": "off", "master.engine": "stale"}

    assert {e for e in ("bypass", "unlisted", "fault") if rules.handoffs_to(once | {"master.entry": e}) == 1} == found
    assert disagreements(text) == []


@pytest.mark.parametrize(("cmdline", "found"), [("arm-smmu-v3.disable_bypass=0", 1), ("", None)])
def test_a_device_passes_for_a_moment_before_it_is_attached_where_streams_may_pass(
    cmdline: str, found: int | None
) -> None:
    kernels = f'prod: {{version: 6.1.192, cmdline: "{cmdline}"}}, dump: {{version: 6.1.192, cmdline: "{cmdline}"}}'
    text = one(V3, f"{RING}, {BEHIND}, after: [smmu]", kernels, "prod -crash-> dump")
    rules = small(text)

    assert rules.handoffs_to({"entered": "crash", "master.engine": "stale", "master.entry": "bypass"}) == found
    assert disagreements(text) == []
