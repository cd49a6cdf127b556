"""What a verdict rests on: every doubted feature that may change it is named, and those that cannot are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kexecspec.check import check
from kexecspec.cli import main
from kexecspec.findings import Report
from kexecspec.ground.ground import ground
from kexecspec.ir.system import TransitionSystem
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform.doubts import deciding
from kexecspec.platform.facts import Platform
from kexecspec.platform.resolve import resolve
from kexecspec.platform.stated import stated
from kexecspec.platform.ways import platforms_in, read_platforms
from kexecspec.source import load
from tests.goldens import ROOT

FEW = ("smmu-shutdown-modes/v2-bypass-linux-quiesced", "smmu-shutdown-modes/v3-gbpa-abort-linux-running")
KINDS = ("whole-platform/6.12", "smmu-shutdown-modes/v3-adopt-kdump-running", "ftpm/before")


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


def whole(story: str, switched: str | None = None, kernel: str | None = None) -> Platform:
    """A story's platform resolved whole, with a feature switched in `kernel` to what it is not."""
    path = f"examples/{story}.yaml"
    root, specs = load(path), library()
    ((_, platform),) = platforms_in(root, path, specs)
    content: dict[str, Any] = dict(platform.plain)
    if switched is not None:
        entry = dict(content["kernels"][kernel])
        has = switched in platform.kernels[str(kernel)].features
        entry["features"] = {**entry.get("features", {}), switched: not has}
        content["kernels"] = {**content["kernels"], kernel: entry}
    return resolve(root, path, specs, content, whole=True)


@pytest.mark.parametrize("story", KINDS)
def test_every_fact_that_a_feature_changes_is_one_that_it_decides(story: str) -> None:
    specs, before = library(), stated(whole(story))
    for kernel in (k.name for k in whole(story).kernels.values() if k.linux):
        for feature in specs.features:
            platform = whole(story, feature, kernel)
            for name, fact in stated(platform).items():
                if name in before and fact.value != before[name].value:
                    assert feature in deciding(fact, platform, specs), (feature, name)


@pytest.mark.parametrize("story", KINDS[:2])
def test_what_nobody_verified_and_a_kernels_facts_hang_on_is_said(story: str) -> None:
    doubted = {name for name, one in library().features.items() if one.get("confidence") != "read"}
    before, platform = stated(whole(story)), whole(story)
    for kernel in (k.name for k in platform.kernels.values() if k.linux):
        for feature in sorted(doubted):
            after = stated(whole(story, feature, kernel))
            moved = {fact.key for name, fact in after.items() if fact.kind == "kernel" and fact != before[name]}
            assert not moved or feature in {one.subject for one in platform.reliances}, (feature, moved)


def verdicts(report: Report) -> dict[str, tuple[str, int | None]]:
    return {f.property.id: (f.verdict.value, f.handoffs) for f in report.findings}


def systems(path: Any) -> list[TransitionSystem]:
    """All that is judged of a file. Where it is the same, so are the verdicts."""
    return [ground(platform, library()) for _, platform in read_platforms(str(path), library())]


@pytest.mark.parametrize("story", FEW)
def test_a_feature_on_which_a_verdict_does_not_rest_does_not_change_it(story: str, tmp_path: Any) -> None:
    path = ROOT / "examples" / f"{story}.yaml"
    report, before, judged = check(str(path), Options(replay=False)), systems(path), 0
    assert any(finding.rests_on for finding in report.findings)
    kernels = [k.name for k in whole(story).kernels.values() if k.linux]
    for doubt in (doubt for doubt in report.reliances if doubt.subject in library().features):
        has = {k: doubt.subject in whole(story).kernels[k].features for k in kernels}
        switched = "".join(f"  {k}: {{features: {{{doubt.subject}: {str(not has[k]).lower()}}}}}\n" for k in kernels)
        file = tmp_path / "switched.yaml"
        file.write_text(f"schema: kexecspec/platform/1\nextends: {path}\nkernels:\n{switched}")
        if systems(file) == before:
            continue
        judged += 1

        otherwise = verdicts(check(str(file), Options(replay=False)))

        for finding in report.findings:
            if doubt not in finding.rests_on:
                assert otherwise.get(finding.property.id) == verdicts(report)[finding.property.id], doubt
    assert judged >= 2


def test_a_verdict_names_what_it_rests_on() -> None:
    report = check("examples/smmu-shutdown-modes/v2-bypass-linux-running.yaml", Options(replay=False))
    resting = {f.property.id: [doubt.subject for doubt in f.rests_on] for f in report.findings}

    rests = ["smmu2-disable-bypass-default", "smmu2-probe-bypass-window", "smmu2-shutdown"]
    assert resting["KX301/nic@kexec"] == rests
    assert resting["KX304/nic@kexec"] == [*rests, "smmu3-kdump-adopt"]
    assert resting["KX305/nic@kexec"] == []


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ("tee-bnxt-fourth-kexec/after", 0),
        ("smmu-shutdown-modes/v2-bypass-linux-quiesced", 3),
        ("smmu-shutdown-modes/v2-bypass-linux-running", 1),
    ],
)
def test_strict_sources(story: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    ended = main(["check", f"examples/{story}.yaml", "--strict-sources", "-q"])

    assert ended == code
    assert ("UNDECIDED" in capsys.readouterr().out) == (code == 3)


def resting(file: Any, version: str) -> dict[str, set[str]]:
    """What the findings about a client of the file's own, and one of the library, rest on."""
    file.write_text(
        "schema: kexecspec/platform/1\nplatform: board\n"
        "secure_world: {optee: 3.13.0, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}\n"
        "drivers: {mine: {kind: tee-client, hooks: {probe: [tee_client_open_session, "
        "{do: tee_shm_alloc_kernel_buf, buffer: b, size: 4096}], shutdown: []}}}\n"
        "devices: {own: {driver: mine}, bnxt: {driver: tee_bnxt_fw}}\n"
        f"kernels: {{prod: {{version: {version}}}}}\nhandoffs: [prod -systemctl kexec-> prod]\n"
    )
    return {f.property.id: {d.subject for d in f.rests_on} for f in check(str(file), Options()).findings}


def test_a_driver_that_nobody_verified_is_named_where_it_matters(tmp_path: Any) -> None:
    found = resting(tmp_path / "board.yaml", "5.14")

    assert "own" in found["KX102/own@kexec"] and "own" not in found["KX105/bnxt@any"]


def test_what_decides_whether_something_stops_a_master_is_taken_on_trust(tmp_path: Any) -> None:
    file = tmp_path / "board.yaml"
    file.write_text(
        "schema: kexecspec/platform/1\nplatform: board\n"
        "devices: {usb: {driver: dwc3}, card: {driver: sdhci-of-esdhc}}\n"
        "kernels: {prod: {version: '5.10'}}\nhandoffs: [prod -kexec-> prod]\n"
    )
    found = {f.property.part: {d.subject for d in f.rests_on} for f in check(str(file), Options()).findings}

    assert "usb-hcd-platform-shutdown" in found["usb"]
    assert "mmc-bus-shutdown" in found["card"]


def test_a_version_whose_name_hides_the_release_is_named(tmp_path: Any) -> None:
    found = resting(tmp_path / "board.yaml", "5.14.0-503.el9")

    assert "prod" in found["KX102/bnxt@kexec"]


ASSUMING = """\
memory: {ram: [0x8000_0000 + 1GiB], confidence: {ram: assumed}}
secure_world: {optee: 3.13.0, confidence: {optee: assumed, threads: read}}
smmus: {smmu: {variant: "arm,mmu-500", confidence: {variant: assumed}}}
devices:
  a: {driver: generic-platform, smmu: smmu, iova: 0x9000_0000 + 1MiB, confidence: {iova: assumed, dma: unknown}}
  b: {driver: own, smmu: smmu, iova: 0x9000_0000 + 1MiB}
drivers:
  own: {extends: generic-platform, from: {hooks: "b.c:3"}, confidence: {quiesced_by: assumed}}
kernels: {prod: {version: "6.1", confidence: {version: assumed}}}
handoffs: [prod -kexec-> prod]
"""


def test_what_a_file_assumes_is_taken_on_trust_by_the_verdicts_it_bears_on(tmp_path: Any) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(ASSUMING)
    report = check(str(file), Options(only=("KX301", "KX105"), replay=False, inside=True))
    ours = {r.what: r for r in report.reliances if r.why == "assumed in the platform file"}
    assert set(ours) == {
        *("memory: ram", "secure world: optee", "smmu: variant"),
        *("a: iova", "driver own of b: quiesced_by", "prod: version"),
    }
    rests = {f.property.id: {r.what for r in f.rests_on if r in ours.values()} for f in report.findings}
    assert rests["KX301/a@kexec"] >= {"memory: ram", "smmu: variant", "a: iova", "prod: version"}
    assert rests["KX301/b@kexec"] >= {"memory: ram", "smmu: variant", "driver own of b: quiesced_by", "prod: version"}
    assert rests["KX105/optee@any"] == {"prod: version", "secure world: optee"}
