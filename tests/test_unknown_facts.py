"""`unknown` is left free where that can be proved for, refused where it cannot, and never read as a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.check import read_platforms
from kexecspec.diagnostics import InputError
from kexecspec.library import library
from kexecspec.platform.facts import Platform, Unknown
from kexecspec.platform.variants import variants
from kexecspec.source import parse, plain

BASE = """\
platform: acme
memory: {ram: [0x8000_0000 + 2GiB], crashkernel: 0xc000_0000 + 256MiB}
secure_world: {optee: 3.13.0, heap: {size: 65536, base_use: 20000}, va_space: 32MiB}
smmus: {smmu: {variant: "arm,mmu-500"}}
drivers: {mine: {kind: tee-client, calls: kernel, hooks: {probe: [tee_client_open_context]}}}
devices:
  bnxt: {driver: tee_bnxt_fw}
  own: {driver: mine}
  eth: {driver: generic-pci, smmu: smmu, streams: [1], dma: {kind: ring, requests_by: kernel}}
kernels: {prod: {version: 5.10.19}, dump: {version: 5.10.19, kdump: true}}
handoffs: [prod -kexec-> prod, prod -crash-> dump]
"""


def platforms(tmp_path: Path, text: str) -> list[Platform]:
    path = tmp_path / "in.yaml"
    path.write_text(text)
    return [platform for _, platform in read_platforms(str(path), library())]


def test_the_file_itself_is_whole(tmp_path: Path) -> None:
    assert len(platforms(tmp_path, BASE)) == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("size: 65536", "size: unknown", "KX008"),
        ("optee: 3.13.0", "optee: unknown", "KX008"),
        ("version: 5.10.19}", "version: unknown}", "KX008"),
        ("version: 5.10.19}", f"version: {'9' * 39}.1}}", "KX009"),
        ("version: 5.10.19}", "version: 2.6.1}", "KX009"),
        ("driver: tee_bnxt_fw", "driver: unknown", "KX002"),
        ("kind: tee-client", "extends: tee_bnxt_fv", "KX002"),
        ("size: 65536", "size: 16777217", "KX007"),
        ("size: 65536", "size: 16777215TiB", "KX007"),
        ("heap:", "threads: 4097, heap:", "KX007"),
        ("smmu: smmu", "smmu: unknown", "KX002"),
        ("arm,mmu-500", "unknown", "KX002"),
        ("prod -kexec-> prod", "{from: unknown, kind: kexec, to: prod}", "KX002"),
    ],
)
def test_what_cannot_be_unknown_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in BASE
    with pytest.raises(InputError) as caught:
        platforms(tmp_path, BASE.replace(old, new))
    assert code in {d.code for d in caught.value.diagnostics}
    assert "False" not in str(caught.value) and "True" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("crashkernel: 0xc000_0000 + 256MiB", "crashkernel: unknown, dma_limit: unknown"), ("32MiB}", "unknown}")],
)
def test_what_is_left_free_changes_no_shape(tmp_path: Path, old: str, new: str) -> None:
    assert old in BASE
    assert len(platforms(tmp_path, BASE.replace(old, new))) == 1


def test_an_unknown_crashkernel_may_be_anywhere(tmp_path: Path) -> None:
    (platform,) = platforms(tmp_path, BASE.replace("0xc000_0000 + 256MiB", "unknown"))
    assert isinstance(platform.entities["eth"].facts["iova_hits_crashkernel"], Unknown)


@pytest.mark.parametrize(
    ("old", "new", "tried"),
    [
        ("calls: kernel", "calls: unknown", {"none", "kernel", "user"}),
        ("requests_by: kernel", "requests_by: unknown", {"kernel", "user", "outside"}),
    ],
)
def test_what_changes_the_shape_is_tried_with_its_own_words(old: str, new: str, tried: set[str]) -> None:
    root = parse(BASE.replace(old, new), "in.yaml")
    content = plain(root)
    assert isinstance(content, dict)
    assert {str(value) for facts, _ in variants(content, root) for _, value in facts} == tried
