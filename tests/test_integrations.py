"""What a build includes: every command in it is run as it stands there, with a kexecspec of this checkout."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.goldens import ROOT

STORY = (ROOT / "examples" / "tee-bnxt-fourth-kexec" / "before.yaml").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a platform file, and a `kexecspec` in its bin."""
    (tmp_path / "acme.kexecspec.yaml").write_text(STORY)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "kexecspec"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m kexecspec "$@"\n')
    command.chmod(0o755)
    return tmp_path


def done(place: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)


def content(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def test_the_hook_of_pre_commit(place: Path) -> None:
    (hook,) = content(".pre-commit-hooks.yaml")
    assert re.search(hook["files"], "boards/acme.kexecspec.yaml") and not re.search(hook["files"], "deploy.yaml")
    ended = done(place, *shlex.split(hook["entry"]), "acme.kexecspec.yaml", "--only", "KX102")
    assert ended.returncode == 1 and "FAIL" in ended.stdout


def test_the_action(place: Path) -> None:
    """Its script as it stands, with inputs that a shell must not take for a part of it."""
    action = content("action.yml")
    step = action["runs"]["steps"][-1]
    assert set(step["env"].values()) == {f"${{{{ inputs.{name} }}}}" for name in ("files", "arguments", "reports")}
    assert "${{" not in step["run"]
    inputs = {"FILES": "*.kexecspec.yaml", "ARGUMENTS": "--only KX102 $(touch%20gone)", "REPORTS": "a b"}
    hostile = done(place, "bash", "-e", "-o", "pipefail", "-c", step["run"], **inputs, GITHUB_STEP_SUMMARY="sum.md")
    assert hostile.returncode == 2 and not (place / "gone").exists()
    inputs["ARGUMENTS"] = "--only KX102"
    ended = done(place, "bash", "-e", "-o", "pipefail", "-c", step["run"], **inputs, GITHUB_STEP_SUMMARY="sum.md")
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("::error file=acme.kexecspec.yaml,line=")
    assert len(os.listdir(place / "a b")) == 6 and (place / "sum.md").read_text().startswith("## ")
    assert action["outputs"]["sarif"]["value"] == "${{ inputs.reports }}/kexecspec.sarif"


def test_the_template_for_gitlab(place: Path) -> None:
    job = content("integrations/gitlab-ci.yml")["kexecspec"]
    (_, command) = job["script"]
    given = {"KEXECSPEC_FILES": job["variables"]["KEXECSPEC_FILES"], "KEXECSPEC_ARGUMENTS": "--only KX102"}
    ended = done(place, "sh", "-c", command, **given)
    assert ended.returncode == 1
    reports = job["artifacts"]["reports"]
    assert len(json.loads((place / reports["codequality"]).read_text())) == 1
    assert (place / reports["junit"]).exists() and (place / job["artifacts"]["paths"][0]).exists()


def test_the_rules_for_a_kernel_tree(place: Path) -> None:
    rules = str(ROOT / "integrations" / "kernel.mk")
    missing = done(place, "make", "-f", rules, "kexecspec")
    assert missing.returncode == 2 and "no device trees under ./arch/arm64/boot/dts: make dtbs" in missing.stderr
    (place / "out/arch/arm64/boot/dts").mkdir(parents=True)
    (place / "out/.config").touch()
    said = done(place, "make", "-s", "-f", rules, "O=out", "KEXECSPEC=echo", "KEXECSPEC_FLAGS=--tee 4.0.0", "kexecspec")
    words = shlex.split(said.stdout)
    assert words[:5] == ["audit", "--kernel", ".", "--dtbs", "out/arch/arm64/boot/dts"]
    results = "out/.kexecspec/audit.jsonl"
    assert words[5:] == ["--config", "out/.config", "--results", results, "--exit-zero", "--tee", "4.0.0"]
    known = done(place, "kexecspec", "audit", "--help").stdout
    assert all(word in known for word in words if word.startswith("--"))
