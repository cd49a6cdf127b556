"""The rules about LPI tables, on platforms of a GIC alone, and whether the machine walks as they say."""

from __future__ import annotations

import pytest

from kexecspec.diagnostics import InputError
from tests.small import disagreements, small

HEAD = "schema: kexecspec/platform/1\nplatform: small\n"
KEXEC = "prod -kexec-> prod"
CRASH = "prod -crash-> dump"
ON = "dump -kexec-> prod"
ON_L = "{from: dump, to: prod, kind: kexec, loaded_by: kexec_load}"
ON_S = "{from: dump, to: prod, kind: kexec, loaded_by: kexec_file_load}"
AGAIN_L = "{from: prod, to: prod, kind: kexec, loaded_by: kexec_load}"
TOLD_NOT = "{version: 6.1.192, cmdline: elfcorehdr=0xffffffffffffffff}"
DUMP = "{version: 6.1.192, kdump: true}"


def text(handoffs: str, gic: str = "efi: false", version: str = "6.1.192", dump: str = "") -> str:
    kernels = f"prod: {{version: {version}}}" + (f", dump: {dump}" if dump else "")
    controllers = f'interrupt_controllers: {{gic: {{variant: "arm,gic-v3", {gic}}}}}\n'
    return f"{HEAD}{controllers}kernels: {{{kernels}}}\nhandoffs: [{handoffs}]\n"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (text(KEXEC), 1),
        (text(KEXEC, "efi: true"), None),
        (text(KEXEC, "efi: unknown"), 1),
        (text(KEXEC, "its: false, efi: false"), None),
        (text(KEXEC, "efi: true", "4.19.50"), 1),
        (text(KEXEC, version="6.12.117"), 1),
        (text(CRASH, dump=DUMP), None),
        (text(CRASH, dump="{version: 6.1.192, kdump: false}"), None),
        (text(f"{CRASH}, {ON}", dump=DUMP), 2),
        (text(f"{CRASH}, {ON}", "efi: true", dump=DUMP), None),
        (text(f"{CRASH}, {ON_S}", dump=DUMP), 2),
        (text(f"{CRASH}, {ON_L}", dump=DUMP), None),
        (text(f"{CRASH}, {ON_L}", version="6.12.117", dump=DUMP), None),
        (text(f"{CRASH}, {ON_L}, {AGAIN_L}", dump=DUMP), 1),
        (text(f"{CRASH}, {ON_L}", dump=TOLD_NOT), 2),
        (text(f"{CRASH}, {ON_L}", "efi: true", dump=TOLD_NOT), None),
        (text("prod -reboot-> prod, prod -kexec-> prod", "efi: true"), None),
    ],
    ids=["device-tree", "efi", "unknown", "no-its", "old", "6.12", "kdump", "kdump-not-recognised", "kdump-then-kexec",
         "kdump-then-kexec-efi", "kdump-then-kexec-s", "kdump-then-kexec-l", "kdump-then-kexec-l-6.12",
         "first-kernel-too", "not-recognised-then-kexec-l", "not-recognised-then-kexec-l-efi", "reset"],
)  # fmt: skip
def test_tables_harm_where_a_kernel_owns_the_memory_that_a_dead_one_gave_them(given: str, found: int | None) -> None:
    assert small(given).handoffs_to_harm("KX501") == found
    assert disagreements(given) == []


def test_without_an_its_the_property_says_nothing() -> None:
    assert small(text(KEXEC, "its: false, efi: false")).handoffs_to_premise("KX501") is None
    assert small(text(KEXEC)).handoffs_to_premise("KX501") == 0


def test_a_kernel_may_take_a_table_where_it_lies_itself_for_one_left_on_purpose_and_hands_it_on() -> None:
    taken = small(text(KEXEC))

    assert taken.handoffs_to({"phase": "up", "gic.tables": "stale"}) == 1
    assert small(text(KEXEC, version="4.19.50")).handoffs_to({"phase": "up", "gic.tables": "stale"}) is None


def test_a_kdump_kernel_that_knows_what_it_is_keeps_the_tables() -> None:
    known, unknowing = (small(text(CRASH, dump=f"{{version: 6.1.192, kdump: {word}}}")) for word in ("true", "false"))
    up = {"kernel": "dump", "phase": "up"}

    assert known.handoffs_to({**up, "gic.tables": "stale"}) == 1
    assert known.handoffs_to({**up, "gic.tables": "own"}) is None
    assert unknowing.handoffs_to({**up, "gic.tables": "own"}) == 1
    assert unknowing.handoffs_to({**up, "gic.tables": "stale"}) is None


def test_who_is_handed_the_device_tree_of_a_kdump_kernel_takes_itself_for_one() -> None:
    by_l, by_s = (small(text(f"{CRASH}, {on}", dump=DUMP)) for on in (ON_L, ON_S))
    last = {"kernel": "prod", "entered": "kexec", "phase": "up"}

    assert by_l.handoffs_to({**last, "gic.tables": "stale"}) == 2
    assert by_l.handoffs_to({**last, "gic.tables": "own"}) is None
    assert by_s.handoffs_to({**last, "gic.tables": "own"}) == 2


def test_who_is_told_that_there_is_no_dump_believes_it_whatever_its_device_tree_says() -> None:
    kernels = f"prod: {{version: 6.1.192}}, dump: {DUMP}, last: {TOLD_NOT}"
    given = text(f"{CRASH}, {ON_L}", dump=DUMP).replace("to: prod", "to: last")
    given = given.replace(f"prod: {{version: 6.1.192}}, dump: {DUMP}", kernels)
    last = {"kernel": "last", "phase": "up"}

    assert small(given).handoffs_to({**last, "gic.tables": "own"}) == 2
    assert small(given).handoffs_to({**last, "gic.tables": "stale"}) is None
    assert small(given).handoffs_to_harm("KX501") is None
    assert disagreements(given) == []


def test_a_part_of_another_section_has_another_name() -> None:
    given = text(KEXEC) + 'smmus: {gic: {variant: "arm,smmu-v3"}}\n'

    with pytest.raises(InputError) as refused:
        small(given)
    assert [(one.code, one.message) for one in refused.value.diagnostics] == [
        ("KX023", "'gic' is the name of a part in interrupt_controllers, too")
    ]
