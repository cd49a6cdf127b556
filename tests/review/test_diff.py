"""`kexecspec diff`: what a change fixes and breaks, and which of its facts do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import referencing
from referencing.jsonschema import DRAFT202012

from tests.conftest import Run
from tests.goldens import ROOT

MODES = ROOT / "examples" / "smmu-shutdown-modes"
RUNNING, QUIESCED = MODES / "v2-bypass-linux-running.yaml", MODES / "v2-bypass-linux-quiesced.yaml"
BNXT = ROOT / "examples" / "tee-bnxt-fourth-kexec"


def valid(text: str, schema: str) -> Any:
    """JSON output, known to fit its schema."""
    loaded = {file.name: json.loads(file.read_text()) for file in (ROOT / "schemas").glob("*.json")}
    known = referencing.Registry().with_resources(
        (name, DRAFT202012.create_resource(content)) for name, content in loaded.items()
    )
    content = json.loads(text)
    jsonschema.Draft202012Validator(loaded[f"{schema}.schema.json"], registry=known).validate(content)
    return content


def test_a_fix_is_told_with_the_fact_that_fixed_it(run: Run) -> None:
    ran = run("diff", RUNNING, QUIESCED, "--format", "json")

    said = valid(ran.out, "diff")
    fixed = {one["id"]: one["by"] for one in said["findings"] if one["kind"] == "fixed"}
    assert ran.code == 0
    assert fixed == {f"{code}/nic@kexec": ["devices.nic.driver"] for code in ("KX301", "KX302", "KX307")}
    assert said["no_effect"] == ["devices.nic.after"]


def test_what_is_new_comes_with_its_trace_and_its_fact(run: Run) -> None:
    ran = run("diff", QUIESCED, RUNNING, "--only", "KX302", "--format", "json")

    (new,) = [one for one in valid(ran.out, "diff")["findings"] if one["kind"] == "new"]
    assert ran.code == 1
    assert new["by"] == ["devices.nic.driver"]
    assert new["finding"]["trace"]["steps"] and new["finding"]["replay"]["outcome"] == "CONFIRMED"


def test_the_text_of_what_is_new(run: Run) -> None:
    ran = run("diff", QUIESCED, RUNNING, "--only", "KX302", "-q")

    assert "NEW  KX302/nic@kexec: REFUTED after 1 handoff, was PROVED" in ran.out
    assert "Replay: CONFIRMED STORM" in ran.out and "FAIL  1 new, 0 fixed" in ran.out


def test_a_kernel_on_two_versions_and_only_the_features_that_matter(run: Run) -> None:
    after = BNXT / "after.yaml"
    versions = ("--kernel-old", "5.10.61", "--kernel-new", "prod=5.10.57")
    ran = run("diff", after, *versions, "--only", "KX102", "--format", "json")

    said = valid(ran.out, "diff")
    (new,) = [one for one in said["findings"] if one["kind"] == "new"]
    assert new["by"] and {name.rsplit(".", 1)[-1] for name in new["by"]} <= {"tee-bnxt-shutdown", "tee-kernel-buf"}
    assert "kernels.prod.version" in said["no_effect"]


def test_a_file_of_a_commit_with_what_it_extends(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "boards"
    folder.mkdir()
    for file in (RUNNING, QUIESCED):
        (folder / file.name).write_text(file.read_text())
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "boards"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (folder / RUNNING.name).unlink()

    old, new = f"git:HEAD:boards/{RUNNING.name}", f"git:HEAD:./boards/{QUIESCED.name}"
    ran = run("diff", old, new, "--only", "KX302")

    assert ran.code == 0, ran.err
    assert "FIXED  KX302/nic@kexec" in ran.out and "devices.nic.driver" in ran.out


def test_what_cannot_be_read_is_told_of_both(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("schema: kexecspec/platform/1\nplatfrom: a\n")
    ran = run("diff", "git:HEAD", "bad.yaml")

    assert ran.code == 2
    assert "names no file of a commit" in ran.err and "bad.yaml:2:1" in ran.err
    assert run("diff", RUNNING).code == 2
    assert run("diff", RUNNING, "--kernel-new", "prob=6.1").code == 2
    assert run("diff", "git:-x:board.yaml", RUNNING).code == 2
