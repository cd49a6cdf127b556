"""`kexecspec recipe`: a counterexample as things to do on a board, and a bpftrace script that watches for the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kexecspec.library import library
from kexecspec.platform.ways import read_platforms
from kexecspec.recipe.known import recipes
from kexecspec.recipe.script import script
from kexecspec.resources import specs_root
from kexecspec.schema import validate
from kexecspec.source import load, parse
from kexecspec.versions import parse_version
from tests.conftest import Run
from tests.goldens import ROOT

HARMS = {"OOPS", "HANG", "CORRUPTION", "EXHAUSTION", "STORM", "LEAK", "REFUSED", "RULE"}
STORIES = {
    "smmu-shutdown-modes/v2-bypass-linux-running": "KX301/nic@kexec",
    "smmu-shutdown-modes/v3-gbpa-bypass-linux-running": "KX301/nic@kexec",
    "optee-shm-cache/shutdown-waits": "KX204/optee@kexec",
    "ls1028a-reboot-f/v6.1.0": "KX303/enetc@reboot-force",
}


ASKED = ("whole-platform/6.12", "ffa/handle-cap", "smmu-shutdown-modes/v3-gbpa-bypass-linux-running")
"""Between them these have every function that is watched on the kernels of the stories."""


def story(name: str) -> str:
    return str(ROOT / f"examples/{name}.yaml")


def told(run: Run, name: str, finding: str) -> dict[str, Any]:
    ran = run("recipe", story(name), "--finding", finding, "--format", "json")
    assert ran.code == 0, ran.err
    assert not validate(parse(ran.out, "out.json"), "recipe")
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("path", sorted((specs_root() / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_fit_their_schema(path: Path) -> None:
    assert list(validate(load(str(path)), "recipes")) == []


def test_there_is_something_to_do_for_each_step_that_is_not_the_boards_own() -> None:
    known = recipes(library())
    does = {
        tuple(map(str, rule["does"]))
        for spec in library().all("components")
        for rule in spec.content.get("rules", {}).values()
        if "does" in rule
    }
    assert len(does) > 15

    left = [words for words in does if not known.is_itself(words) and known.step(words, None, None) is None]

    assert left == []
    for kind in ("kexec", "reboot", "reboot-force"):
        for stopped in (False, True):
            assert known.step(("kernel", "begin", "x"), kind, stopped) is not None
    assert known.step(("kernel", "crash", "x"), "crash", False) is not None
    assert {harm for harm in HARMS if known.harm(harm)} == HARMS


def test_what_repeats_is_said_once(run: Run) -> None:
    found = told(run, "tee-bnxt-fourth-kexec/hook-only", "KX103/bnxt@kexec")

    shape = [(one["times"], [step["name"] for step in one["steps"]]) for one in found["rounds"]]
    assert shape == [(4, ["boot", "kexec-systemd"]), (1, ["boot"])]
    commands = [command for step in found["rounds"][0]["steps"] for command in step["commands"]]
    assert commands == [
        "modprobe optee", "modprobe tee_bnxt_fw", "kexec -l IMAGE --initrd=INITRD --reuse-cmdline", "systemctl kexec",
    ]  # fmt: skip
    assert (found["harm"], found["handoffs"], found["tested"]) == ("EXHAUSTION", 4, False)


@pytest.mark.parametrize(
    ("story", "option"), [("kdump-then-kexec", "-s"), ("kdump-unrecognised-then-kexec-l", "-c")]
)
def test_out_of_a_crash_kernel_it_is_said_how_the_next_is_loaded(run: Run, story: str, option: str) -> None:
    found = told(run, f"lpi-tables/{story}", "KX501/gic@kexec")

    steps = [step for one in found["rounds"] for step in one["steps"]]
    (last,) = [step for step in steps if step["name"] == "kexec-systemd"]
    assert last["commands"][0] == f"kexec {option} -l IMAGE --initrd=INITRD --reuse-cmdline"


@pytest.mark.parametrize(("name", "finding"), STORIES.items())
def test_every_step_of_a_trace_is_somewhere_in_the_recipe(run: Run, name: str, finding: str) -> None:
    found = told(run, name, finding)

    numbers = sorted(n for one in found["rounds"] for step in one["steps"] for n in step["trace"])
    assert all(one["times"] == 1 for one in found["rounds"])
    assert len(numbers) > 5 and numbers == list(range(1, len(numbers) + 1))


def test_what_has_to_go_on_during_the_shutdown_is_begun_before_it(run: Run) -> None:
    steps = [
        step
        for one in told(run, "ls1028a-reboot-f/v6.1.0", "KX303/enetc@reboot-force")["rounds"]
        for step in one["steps"]
    ]

    assert [step["name"] for step in steps] == ["boot", "task-uses", "reboot-force"]
    assert "begin it now" in steps[1]["note"]


def test_a_kept_trace_gives_the_recipe_of_its_finding(run: Run) -> None:
    shutil.copy(story("optee-shm-cache/kdump-oops"), "board.yaml")
    run("check", "board.yaml", "--trace-dir", "traces", "-q")
    (trace,) = Path("traces").glob("KX101*.itf.json")

    kept = run("recipe", trace, "--platform", "board.yaml", "--format", "json")
    made = run("recipe", "board.yaml", "--format", "json")

    assert kept.code == made.code == 0, kept.err
    assert json.loads(kept.out)["rounds"] == json.loads(made.out)["rounds"]


def test_the_script_is_written_and_named(run: Run) -> None:
    ran = run("recipe", story("smmu-shutdown-modes/v2-bypass-linux-running"), "--script", "watch.bt", "-v")

    assert ran.code == 0 and "To watch it: bpftrace watch.bt" in ran.out and "kprobe" not in ran.out
    assert "Untested on hardware" in ran.out and Path("watch.bt").read_text() == made_for(
        "smmu-shutdown-modes/v2-bypass-linux-running", "KX301/nic@kexec"
    )


def made_for(name: str, finding: str = "KX000/x@any") -> str:
    ((_, platform),) = read_platforms(story(name), library())
    return script(platform, finding, recipes(library()))


@pytest.mark.parametrize("name", [*STORIES, "optee-shm-cache/kdump-oops", "whole-platform/6.12", "ffa/handle-cap"])
def test_the_script_is_one_for_bpftrace(name: str, tmp_path: Path) -> None:
    text = made_for(name)
    (tmp_path / "watch.bt").write_text(text)

    assert "Untested on hardware" in text
    assert text.isascii() and all(len(line) <= 78 for line in text.splitlines())
    code = [line for line in text.splitlines()[1:] if line and not line.startswith("//")]
    assert text.count("{") == text.count("}") and text.count("(") == text.count(")")
    heads = [line for line in code if not line.startswith((" ", "{", "}"))]
    assert all(re.fullmatch(r"BEGIN|END|k(ret)?probe:[a-z_0-9]+", head) for head in heads), heads
    assert len(heads) == len(set(heads)) and "kprobe:device_shutdown" in heads
    if name in ASKED:
        _ask_bpftrace(str(tmp_path / "watch.bt"))


def _ask_bpftrace(path: str) -> None:
    """Where bpftrace and the types of a running kernel are there, it has to understand the script."""
    if shutil.which("bpftrace") is None or not Path("/sys/kernel/btf/vmlinux").exists():
        return
    usage = subprocess.run(["bpftrace", "--help"], capture_output=True, text=True, check=False)
    dry = ["--dry-run"] if "--dry-run" in usage.stdout + usage.stderr else ["-d"]
    ran = subprocess.run(["bpftrace", *dry, path], capture_output=True, text=True, check=False, timeout=60)
    assert not re.search(r"\.bt:.*ERROR|syntax error", ran.stderr), ran.stderr


def test_a_function_is_watched_on_kernels_around_those_it_was_read_in_only() -> None:
    probes = {probe.symbol: probe for probe in recipes(library()).probes}
    register = probes["optee_shm_register"]
    seen = [register.is_in(parse_version(text)) for text in ("5.10.19", "5.14", "6.6.30", "6.12.117", "6.13")]
    assert seen == [False, True, True, True, False]

    old = made_for("optee-shm-cache/kdump-oops")

    assert "kprobe:optee_shm_register" not in old and "Left out, for nobody read them in Linux 5.10.19" in old
    assert "kprobe:platform_drv_shutdown" in old and "kprobe:platform_shutdown" not in old


def test_bad_input_says_what_is_wrong(run: Run) -> None:
    proved = run("recipe", story("tee-bnxt-fourth-kexec/after"))
    other = run("recipe", story("tee-bnxt-fourth-kexec/before"), "--finding", "KX301")
    missing = run("recipe", "no.itf.json")
    platform = run("recipe", story("tee-bnxt-fourth-kexec/before"), "--platform", "x.yaml")
    both = run("recipe", "no.itf.json", "--finding", "KX101")
    script = run("recipe", story("smmu-shutdown-modes/v2-bypass-linux-running"), "--script", "no/such/folder.bt")

    assert [one.code for one in (proved, other, missing, platform, both, script)] == [2] * 6
    assert "KX038" in proved.err and "nothing is refuted" in proved.err
    assert "KX024" in other.err
    assert "no.itf.json" in missing.err
    assert "--platform goes with a trace" in platform.err
    assert "--finding goes with a platform file" in both.err
    assert "it was not written" in script.err


def test_the_text_is_ascii_and_keeps_to_its_width(run: Run) -> None:
    path = story("smmu-shutdown-modes/v2-bypass-linux-running")

    first = run("recipe", path)

    assert first.out.isascii()
    lines = [line for line in first.out.splitlines() if not line.startswith(("     # ", "    page "))]
    assert max(map(len, lines)) <= 78
