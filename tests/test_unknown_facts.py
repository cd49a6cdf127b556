"""`unknown` is left free where that can be proved for, refused where it cannot, and never read as a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec import check as check_module
from kexecspec.check import check
from kexecspec.diagnostics import InputError
from kexecspec.findings import Report
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform import variants as ways
from kexecspec.platform.facts import Platform, Unknown
from kexecspec.platform.secure_world import APART, release
from kexecspec.platform.variants import variants
from kexecspec.platform.ways import read_platforms
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
        ("kind: ring", "kind: unknown", {"ring", "one-shot", "periodic-write"}),
        ("kind: tee-client", "kind: master, dma: {kind: unknown}", {"ring", "one-shot", "periodic-write"}),
    ],
)
def test_what_changes_the_shape_is_tried_with_its_own_words(old: str, new: str, tried: set[str]) -> None:
    root = parse(BASE.replace(old, new), "in.yaml")
    content = plain(root)
    assert isinstance(content, dict)
    assert {str(value) for facts, _ in variants(content, root) for _, value in facts} == tried


@pytest.mark.parametrize(("more", "number"), [("", 8), (", board: bcm-ns3", 11), (", abi: ffa", 4)])
def test_an_unknown_release_of_op_tee_is_one_of_each_kind(tmp_path: Path, more: str, number: int) -> None:
    text = BASE.replace("optee: 3.13.0", f"optee: unknown{more}")
    assert len(platforms(tmp_path, text)) == number


def test_the_kinds_of_releases_are_those_that_the_library_tells_apart() -> None:
    spec = library().spec("tee", "optee")
    assert spec is not None
    costs, boards = spec.content["costs"], spec.content["boards"]
    since = {entry["since"] for name, entry in spec.content["capabilities"].items() if name != "ffa"}
    since |= {row["since"] for row in costs["session"]}
    smc = since | {row["since"] for row in costs["object"]["smc"]}
    first = spec.content["capabilities"]["ffa"]["since"]
    ffa = {first} | {row["since"] for row in costs["object"]["ffa"]} | {r for r in since if release(r) > release(first)}
    assert {"smc": sorted(smc, key=release), "ffa": sorted(ffa, key=release)} == {
        abi: list(APART[abi]) for abi in ("smc", "ffa")
    }
    assert set(APART["board"]) == {entry["before"]["version"] for entry in boards.values() if "before" in entry}


ETH = "  eth: {driver: generic-pci, smmu: smmu, streams: [1], dma: {kind: ring, requests_by: kernel}}\n"
MANY = BASE.replace(ETH, "")


def with_masters(number: int, facts: str) -> str:
    line = "  m{n}: {{driver: generic-platform, smmu: smmu, streams: [{n}], iova: unknown, {facts}}}\n"
    return MANY.replace("kernels:", "".join(line.format(n=n, facts=facts) for n in range(number)) + "kernels:")


def test_unknown_facts_of_many_masters_are_tried_side_by_side(tmp_path: Path) -> None:
    text = with_masters(9, "dma: unknown, quiesced_by: unknown").replace("optee: 3.13.0", "optee: unknown")
    found = platforms(tmp_path, text)
    assert len(found) == 8, "no part has more ways than the secure world"
    ways = {(p.plain["devices"]["m3"]["dma"], p.plain["devices"]["m3"]["quiesced_by"]) for p in found}  # type: ignore[index]
    assert len(ways) == 6, "each way of one master is there"


@pytest.mark.parametrize("link", ["after: [m0]", "parent: m0", "order: 5"])
def test_masters_that_are_ordered_are_not_tried_side_by_side(tmp_path: Path, link: str) -> None:
    text = with_masters(4, "dma: unknown")
    for linked in (0, 1, 2) if "order" in link else (1, 2):
        text = text.replace(f"[{linked}], iova", f"[{linked}], {link}, iova")
    assert len(platforms(tmp_path, text)) == 27


def test_unknown_facts_of_the_kernels_are_tried_with_everything(tmp_path: Path) -> None:
    text = with_masters(5, "dma: unknown").replace("dump: {", "dump: {smmu_aware: unknown, ")
    assert len(platforms(tmp_path, text)) == 6


def test_side_by_side_is_judged_as_each_with_each_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = """  a: {driver: generic-platform, smmu: smmu, streams: [1], dma: unknown, iova: 0x9000_0000 + 1MiB}
  b: {driver: sdhci-of-esdhc, smmu: smmu, streams: [2], dma: unknown, iova: 0x10_0000 + 1MiB}
"""
    path = tmp_path / "in.yaml"
    path.write_text(MANY.replace("kernels:", lines + "kernels:").replace(", dump: {version: 5.10.19, kdump: true}", "")
                    .replace(", prod -crash-> dump", ""))
    options = Options(only=("KX301",), inside=True)
    whole = check(str(path), options)
    monkeypatch.setattr(ways, "MOST", 8)
    apart = check(str(path), options)

    def said(report: Report) -> dict[str, tuple[object, ...]]:
        return {f.property.id: (f.verdict, f.handoffs, f.decided_by) for f in report.findings}

    assert len(platforms(tmp_path, path.read_text())) == 3 and apart.parts
    assert said(apart) == said(whole)
    assert {verdict.value for verdict, _, _ in said(whole).values()} >= {"REFUTED", "PROVED"}


def test_what_an_unknown_fact_does_not_bear_on_is_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.yaml"
    open_, shut = "[1], iova: unknown, dma: unknown", "[1], iova: unknown, dma: ring"
    path.write_text(with_masters(3, "dma: ring").replace(shut, open_))
    judged: list[tuple[str, ...]] = []
    whole = check_module._part
    monkeypatch.setattr(
        check_module, "_part", lambda *given: judged.append(tuple(given[2].platform.about or ())) or whole(*given)
    )
    report = check(str(path), Options(only=("KX302/m0", "KX302/m1", "KX302/m2"), inside=True, apart=0, replay=False))
    masters = sorted(about for about in judged if about in (("m0",), ("m1",), ("m2",)))
    assert masters == [("m0",), ("m1",), ("m1",), ("m2",)], "a ring writes as a periodic writer does"
    assert {f.property.id.partition("@")[0] for f in report.findings} == {"KX302/m0", "KX302/m1", "KX302/m2"}


def test_unknown_facts_of_masters_have_a_platform_taken_apart_sooner(tmp_path: Path) -> None:
    path = tmp_path / "in.yaml"
    path.write_text(with_masters(4, "dma: ring"))
    options = Options(only=("KX302/m0@kexec",), inside=True, replay=False)
    assert check(str(path), options).parts > 1
    path.write_text(with_masters(4, "dma: ring").replace("iova: unknown, ", ""))
    assert check(str(path), options).parts <= 1
