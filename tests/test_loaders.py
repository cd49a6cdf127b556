"""What loads the next kernel of a kexec, and what a kernel's command line says of a dump."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kexecspec.check import Options, check
from kexecspec.library import library
from kexecspec.platform.kernels import elf_headers
from kexecspec.platform.loaders import after_crash, with_loaders
from kexecspec.platform.ways import read_platforms

GIC = """\
platform: acme
interrupt_controllers: {gic: {variant: "arm,gic-v3", efi: false}}
kernels: {prod: {version: 6.1.192}, dump: {version: 6.1.192, kdump: true}}
handoffs: [prod -crash-> dump, HANDOFF]
"""
BY = "{from: dump, to: prod, kind: kexec, loaded_by: WORD}"


def content(*handoffs: Any) -> dict[str, Any]:
    return {"kernels": {name: {} for name in ("prod", "dump", "last")}, "handoffs": list(handoffs)}


def written(tmp_path: Path, handoff: str) -> str:
    path = tmp_path / "in.yaml"
    path.write_text(GIC.replace("HANDOFF", handoff))
    return str(path)


def test_who_may_run_in_the_reservation() -> None:
    assert after_crash(content("prod -kexec-> last")) == frozenset()
    assert after_crash(content("prod -crash-> dump", "dump -reboot-> prod", "prod -kexec-> last")) == {"dump"}
    assert after_crash(content("prod -crash-> dump", "dump -kexec -e-> prod")) == {"dump", "prod"}


def test_only_a_kexec_out_of_the_reservation_has_to_say_what_loads() -> None:
    quiet = content("prod -kexec-> prod", "prod -crash-> dump", "dump -reboot-> prod")
    assert with_loaders(quiet) is quiet

    said = content("prod -crash-> dump", {"from": "dump", "to": "last", "kind": "kexec", "loaded_by": "kexec_load"})
    assert with_loaders(said) == said

    told = with_loaders(content("prod -crash-> dump", "dump -kexec -e-> last", "last -systemctl kexec-> last"))
    assert told["handoffs"] == [
        "prod -crash-> dump",
        {"from": "dump", "to": "last", "kind": "kexec", "user_space": "running", "loaded_by": "unknown"},
        {"from": "last", "to": "last", "kind": "kexec", "user_space": "stopped", "loaded_by": "unknown"},
    ]


@pytest.mark.parametrize(
    ("handoff", "ways"),
    [
        ("dump -kexec-> prod", [True, False]),
        (BY.replace("WORD", "unknown"), [True, False]),
        (BY.replace("WORD", "kexec_load"), [True]),
        (BY.replace("WORD", "kexec_file_load"), [False]),
    ],
    ids=["unsaid", "unknown", "kexec -l", "kexec -s"],
)
def test_what_is_not_said_is_tried(tmp_path: Path, handoff: str, ways: list[bool]) -> None:
    found = read_platforms(written(tmp_path, handoff), library())

    assert [platform.edges[-1].tree_handed_on for _, platform in found] == ways
    assert {platform.edges[-1].name for _, platform in found} == {"dump -kexec-> prod"}


def test_a_refutation_names_what_was_not_said(tmp_path: Path) -> None:
    report = check(written(tmp_path, "dump -kexec-> prod"), Options())

    assert {one.property.id: (str(one.verdict.value), one.decided_by) for one in report.findings} == {
        "KX501/gic@crash": ("PROVED", ()),
        "KX501/gic@kexec": ("REFUTED", (("handoffs.1.loaded_by", "kexec_file_load"),)),
    }


def test_where_nobody_crashed_the_loader_decides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "in.yaml"
    path.write_text(GIC.replace("prod -crash-> dump, HANDOFF", BY.replace("WORD", "kexec_load").replace("dump", "prod"))
                    .replace(", dump: {version: 6.1.192, kdump: true}", ""))

    ((_, platform),) = read_platforms(str(path), library())
    assert not platform.edges[0].tree_handed_on


@pytest.mark.parametrize(
    ("cmdline", "names"),
    [
        ("console=ttyAMA0", None),
        ("elfcorehdr=0xb99ff000", True),
        ("elfcorehdr=1024K@0xb99ff000", True),
        ("elfcorehdr=0xffffffffffffffff", False),
        ("elfcorehdr=18446744073709551615", False),
        ("elfcorehdr=0xffffffffffffffff elfcorehdr=0x1000", True),
        ("elfcorehdr=2M", True),
        ("elfcorehdr=", True),
    ],
)
def test_a_command_line_names_elf_headers_or_says_that_there_are_none(cmdline: str, names: bool | None) -> None:
    assert elf_headers(cmdline.split()) is names


@pytest.mark.parametrize(
    ("entry", "recognises", "denied"),
    [
        ("kdump: true", True, False),
        ("cmdline: elfcorehdr=0xffffffffffffffff", False, True),
        ("kdump: true, config: {CONFIG_CRASH_DUMP: n}", False, True),
        ("kdump: false", False, False),
        ("cmdline: quiet", True, False),
    ],
)
def test_what_a_crash_kernel_takes_itself_for(tmp_path: Path, entry: str, recognises: bool, denied: bool) -> None:
    path = tmp_path / "in.yaml"
    path.write_text(GIC.replace("HANDOFF", "dump -reboot-> prod").replace("kdump: true", entry))

    ((_, platform),) = read_platforms(str(path), library())
    dump = platform.kernels["dump"]
    assert (dump.recognises_kdump, dump.facts["kdump_denied"]) == (recognises, denied)
