"""LPI tables of the machine, case by case as drivers/irqchip/irq-gic-v3-its.c goes."""

from __future__ import annotations

from kexecspec.machine import (
    GicConfig,
    HarmKind,
    Hooks,
    KernelConfig,
    Machine,
    MachineConfig,
    MemoryMap,
    Operation,
    Range,
)
from kexecspec.machine.config import SecureConfig
from kexecspec.machine.interrupts import FEATURE, PROPERTY_PAGES

MIB = 1 << 20
RAM = MemoryMap(ram=(Range(0x8000_0000, 64 * MIB),), crashkernel=(Range(0x8300_0000, 8 * MIB),))
HOOKS = {"gicv3-its": Hooks(probe=(Operation("gicv3_init_lpis"),))}
BOOTED, REUSED = "Booted with LPIs enabled", "Using preallocated redistributor tables"


def machine(its: bool = True, efi: bool = False, feature: bool = True) -> Machine:
    """A machine of a GIC alone, with a kernel, one that knows that it is a kdump kernel, and one that does not."""
    has = frozenset({FEATURE} if feature else ())
    kernels = (
        KernelConfig("prod", has, drivers=HOOKS),
        KernelConfig("dump", has, kdump=True, drivers=HOOKS),
        KernelConfig("unknowing", has, drivers=HOOKS),
        KernelConfig("denying", has, kdump_denied=True, drivers=HOOKS),
        KernelConfig("other", linux=False, smmu_aware=False),
    )
    gics = (GicConfig("gic", its=its, efi=efi),)
    made = Machine(MachineConfig(kernels, RAM, SecureConfig(kind="none", threads=0), gics=gics))
    made.power_on("prod")
    made.run_until("up")
    return made


def kexec(made: Machine, kernel: str = "prod", tree_handed_on: bool = False) -> str:
    """What the next kernel said up to its user space."""
    made.begin("kexec", kernel, user_space="stopped", tree_handed_on=tree_handed_on)
    made.run_until("jump")
    made.run_until("up")
    return "\n".join(made.log[made.state.log.mark :])


def harms(made: Machine) -> list[tuple[HarmKind, str]]:
    return [(harm.kind, harm.where) for harm in made.harms]


def test_nobody_enables_lpis_without_an_its() -> None:
    made = machine(its=False)

    assert not made.state.gics["gic"].enabled
    assert "GICv3" not in kexec(made)
    assert harms(made) == []


def test_without_efi_the_next_kernel_owns_the_memory_of_the_old_tables() -> None:
    made = machine()
    old = made.state.gics["gic"].tables

    said = kexec(made)

    assert BOOTED in said
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]
    assert made.harms[0].detail["pages"] == tuple(page for start, count in old for page in range(start, start + count))
    assert made.state.gics["gic"].generation == made.generation


def test_with_efi_every_later_kernel_leaves_that_memory_alone_and_uses_the_tables() -> None:
    made = machine(efi=True)
    gic = made.state.gics["gic"]
    tables = gic.tables

    for _ in range(3):
        assert REUSED in kexec(made)

    assert (gic.tables, gic.generation, gic.reserved) == (tables, 1, True)
    assert not any(made.state.pages().may_use(start) for start, _ in tables)
    assert harms(made) == []


def test_a_kernel_that_reserves_nothing_is_no_better_with_efi() -> None:
    made = machine(efi=True, feature=False)

    assert BOOTED in kexec(made)
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_a_kdump_kernel_uses_tables_that_lie_outside_of_its_memory() -> None:
    made = machine()
    made.crash("dump")
    made.run_until("up")

    assert any(REUSED in line for line in made.log)
    assert made.state.gics["gic"].generation == 1
    assert harms(made) == []


def test_what_a_kdump_kernel_used_harms_the_one_that_it_hands_on_to() -> None:
    made = machine()
    made.crash("dump")
    made.run_until("up")

    assert BOOTED in kexec(made)
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_with_its_device_tree_the_next_kernel_is_a_kdump_kernel_in_the_reservation_again() -> None:
    made = machine()
    made.crash("dump")
    made.run_until("up")
    usable = made.state.pages().usable

    for _ in range(2):
        assert REUSED in kexec(made, tree_handed_on=True)
        assert (made.state.pages().usable, made.state.kdump()) == (usable, True)
    assert harms(made) == []

    assert BOOTED in kexec(made)
    assert not made.state.kdump() and made.state.pages().usable != usable
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_a_device_tree_without_a_crash_makes_no_kdump_kernel() -> None:
    made = machine()

    assert BOOTED in kexec(made, tree_handed_on=True)
    assert not made.state.kdump() and harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_tables_that_a_crash_kernel_made_are_memory_of_whom_it_hands_its_tree_to() -> None:
    """denying replaces the tables by its own; prod takes itself for a kdump kernel, and that they lie elsewhere."""
    made = machine()
    made.crash("denying")
    made.run_until("up")
    assert made.state.gics["gic"].generation == 2

    assert REUSED in kexec(made, tree_handed_on=True)
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_a_crash_kernel_that_was_given_no_elf_headers_has_none_to_hand_on() -> None:
    made = machine()
    made.crash("unknowing")
    made.run_until("up")

    assert BOOTED in kexec(made, tree_handed_on=True)
    assert made.state.limited and not made.state.kdump()
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_a_payload_heeds_no_device_tree() -> None:
    made = machine()
    made.crash("dump")
    made.run_until("up")
    usable = made.state.pages().usable

    kexec(made, "other", tree_handed_on=True)

    assert made.state.pages().usable != usable and not made.state.kdump()
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_a_reset_takes_the_limits_away() -> None:
    made = machine()
    made.crash("dump")
    made.run_until("up")
    made.begin("reboot", "prod", user_space="stopped")
    made.run_until("up")

    assert not made.state.limited and not made.state.kdump()


def test_a_crash_kernel_that_does_not_know_what_it_is_replaces_them_and_loses_nothing() -> None:
    made = machine()
    made.crash("unknowing")
    made.run_until("up")

    assert any(BOOTED in line for line in made.log)
    assert made.state.gics["gic"].generation == 2
    assert harms(made) == []


def test_a_property_table_inside_what_the_kernel_has_for_itself_is_taken_for_one_left_on_purpose() -> None:
    """What the lab showed: the next kernel's image lies there, so the range is reserved, and it overwrites it."""
    made = machine()
    start, _ = made.state.gics["gic"].tables[0]
    made.begin("kexec", "prod", user_space="stopped")
    made.run_until("jump")
    image = made.state.memory.take(start - 1, PROPERTY_PAGES + 2, made.generation, "image:prod")
    made.covers_tables("gic")
    made.run_until("up")

    assert any(REUSED in line for line in made.log)
    assert (image.contents, image.writer) == ("garbage", "LPI table")
    assert made.state.gics["gic"].generation == 1 and not made.state.gics["gic"].covered
    assert harms(made) == [(HarmKind.CORRUPTION, "gic")]


def test_a_reset_turns_lpis_off_and_forgets_the_reservations() -> None:
    made = machine(efi=True)
    made.begin("reboot", "prod", user_space="stopped")
    made.run_until("reset")

    gic = made.state.gics["gic"]
    assert (gic.enabled, gic.listed, gic.tables) == (False, [], ())
    made.run_until("up")
    assert gic.generation == 2
    assert harms(made) == []


def test_a_payload_that_is_no_linux_leaves_them_as_they_are() -> None:
    made = machine()
    kexec(made, "other")

    assert made.state.gics["gic"].generation == 1
    assert BOOTED in kexec(made)


def test_a_payload_that_knows_no_gic_has_pending_bits_in_its_memory() -> None:
    """The pending table is written on; the property table is only read."""
    made = machine()
    (_, pending) = made.state.gics["gic"].tables

    kexec(made, "other")

    (harm,) = made.harms
    assert (harm.kind, harm.where) == (HarmKind.CORRUPTION, "gic")
    assert harm.detail["pages"] == tuple(range(pending[0], sum(pending)))


def test_without_an_its_such_a_payload_is_safe() -> None:
    made = machine(its=False)

    kexec(made, "other")

    assert harms(made) == []
