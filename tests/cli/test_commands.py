"""Every command, its output and its exit code, on small files."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest
from click import Group
from conftest import STORY
from jsonschema import Draft202012Validator

import kexecspec.check_many
from kexecspec import __version__
from kexecspec.cli.commands import program
from kexecspec.findings import Report
from kexecspec.input_codes import INPUT_CODES
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.resources import schema_path, schemas_root
from tests.conftest import Run


def test_check_refutes_and_leads_on(run: Run, story: Path, tmp_path: Path) -> None:
    ran = run("check", "acme.yaml")
    assert ran.code == 1 and ran.err == ""
    assert "KX103/bnxt@kexec on acme: REFUTED after 4 handoffs" in ran.out
    assert ran.out.splitlines()[-1].startswith("next: kexecspec ")
    assert [file.name for file in tmp_path.iterdir()] == ["acme.yaml"], "nothing is written unless asked for"
    assert run("check", "acme.yaml").out == ran.out, "the same input gives the same output"
    assert run("check", "acme.yaml", "--exit-zero").code == 0


def test_check_proves_on_request_only_what_is_asked_for(run: Run, story: Path) -> None:
    ran = run("check", "acme.yaml", "--only", "KX105", "--assumptions")
    assert ran.code in (0, 1) and "KX103/" not in ran.out.split("expect")[0]
    assert run("check", "acme.yaml", "--only", "KX105/nobody").code == 2


def test_files_are_checked_at_the_same_time_and_reported_in_order(run: Run, story: Path, tmp_path: Path) -> None:
    for name in ("b", "c"):
        (tmp_path / f"{name}.yaml").write_text(STORY.replace("acme", name))
    files = ("acme.yaml", "missing.yaml", "b.yaml", "c.yaml", "--only", "KX106", "--trace-dir", "traces")
    together = run("check", *files, "--jobs", "3")
    assert together == run("check", *files) and together.code == 2
    assert [together.out.index(f"on {name}: ") for name in ("acme", "b", "c")] == sorted(
        together.out.index(f"on {name}: ") for name in ("acme", "b", "c")
    )
    assert len(list((tmp_path / "traces").iterdir())) == 3


def test_one_file_over_several_processes(run: Run, story: Path) -> None:
    assert run("check", "acme.yaml", "--jobs", "3").out == run("check", "acme.yaml").out
    assert run("check", "acme.yaml", "--jobs", "0").code == 2


def test_a_file_whose_process_dies_is_checked_once_more(
    run: Run, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.yaml").write_text(STORY.replace("acme", "b"))
    alone, parent = kexecspec.check_many.check, os.getpid()

    def sick(path: str, options: Options) -> Report:
        if os.getpid() != parent and path == "b.yaml":
            os.kill(os.getpid(), signal.SIGKILL)
        return alone(path, options)

    monkeypatch.setattr(kexecspec.check_many, "check", sick)
    ran = run("check", "acme.yaml", "b.yaml", "--only", "KX106", "--jobs", "2")
    assert ran.code == 1 and "on acme: " in ran.out and "on b: " in ran.out


def test_check_in_json(run: Run, story: Path) -> None:
    schema = Draft202012Validator(json.loads(schema_path("report").read_text()))
    one = json.loads(run("check", "acme.yaml", "--format", "json").out)
    schema.validate(one)
    assert one["verdict"] == "REFUTED" and one["expect"] == {"met": 1, "unmet": []}
    several = run("check", "acme.yaml", "missing.yaml", "--format", "json")
    schema.validate(json.loads(several.out))
    assert several.code == 2 and [r["verdict"] for r in json.loads(several.out)] == ["REFUTED", "INPUT_ERROR"]
    assert "missing.yaml:1:1: error[KX013]" in several.err


def test_traces_are_written_and_replayed(run: Run, story: Path, tmp_path: Path) -> None:
    ran = run("check", "acme.yaml", "--only", "KX103", "--trace-dir", "traces")
    assert "next: kexecspec replay traces/KX103-bnxt-kexec.itf.json --platform acme.yaml" in ran.out
    trace = tmp_path / "traces" / "KX103-bnxt-kexec.itf.json"
    Draft202012Validator(json.loads(schema_path("trace").read_text())).validate(json.loads(trace.read_text()))
    refused = run("replay", trace)
    assert refused.code == 2 and "KX027" in refused.err and "--platform" in refused.err
    replayed = run("replay", trace, "--platform", "acme.yaml")
    assert replayed.code == 0 and "CONFIRMED EXHAUSTION" in replayed.out
    assert "failed with error -22" in replayed.out
    moved = tmp_path / "moved.itf.json"
    moved.write_text(trace.read_text().replace('"../acme.yaml"', '"acme.yaml"'))
    assert run("replay", moved).code == 0
    part = run("replay", moved, "--until", "3", "--state")
    assert part.code == 0 and "after step 3 of" in part.out and "tee.stale_bytes" in part.out
    assert run("replay", moved, "--until", "9999").code == 2


def test_a_trace_of_something_else_is_refused(run: Run, story: Path, tmp_path: Path) -> None:
    run("check", "acme.yaml", "--only", "KX103", "--trace-dir", ".")
    trace = tmp_path / "KX103-bnxt-kexec.itf.json"
    assert run("replay", trace).code == 0
    text = trace.read_text()
    for change, code in (
        (re.sub(r'("platform": \{.*?"sha256": ")[0-9a-f]', r"\1x", text, flags=re.S), "KX026"),
        (re.sub(r'("specs": \{\s*"sha256": ")[0-9a-f]', r"\1x", text), "KX026"),
        (text.replace('"kexecspec/trace/1"', '"kexecspec/trace/9"'), "KX021"),
        (text.replace('"instance": "bnxt"', '"instance": "eth0"'), "KX025"),
        (text.replace('"tee.stale_bytes":8464', '"tee.stale_bytes":8465'), "KX025"),
        (text.replace('"path": "acme.yaml"', '"path": "/etc/passwd"'), "KX027"),
        (text.replace('"path": "acme.yaml"', '"path": "../acme.yaml"'), "KX027"),
    ):
        assert change != text
        trace.write_text(change)
        ran = run("replay", trace)
        assert ran.code == 2 and code in ran.err, code
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "acme.yaml").symlink_to(story)
    (tmp_path / "sub" / "t.json").write_text(text)
    assert "KX027" in run("replay", "sub/t.json").err, "a link leads out of the folder, too"
    trace.write_text(text)
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "t.json").write_text(text)
    (tmp_path / "near" / "acme.yaml").write_text("extends: ../acme.yaml\n")
    outside = run("replay", "near/t.json")
    assert outside.code == 2 and "KX019" in outside.err and "--platform" in outside.err
    assert run("replay", "near/t.json", "--platform", "near/acme.yaml").code == 0, "what the user names is followed"
    story.write_text(STORY.replace("20000", "20001"))
    assert "KX026" in run("replay", trace).err


def test_expectations(run: Run, story: Path, tmp_path: Path) -> None:
    assert run("test", "acme.yaml").code == 0
    story.write_text(STORY.replace("handoffs: 4", "handoffs: 5"))
    ran = run("test", "acme.yaml")
    assert ran.code == 1 and "expected REFUTED after 5 handoffs" in ran.out and "FAIL  1 of 1" in ran.out
    assert run("check", "acme.yaml").code == 1
    bare = tmp_path / "bare.yaml"
    bare.write_text(STORY.split("expect:")[0])
    ran = run("test", "bare.yaml")
    assert ran.code == 2 and "no file has expect: entries" in ran.out and "bare.yaml" in ran.out


def test_list_and_show_a_platform(run: Run, story: Path) -> None:
    listed = run("list", "acme.yaml")
    assert listed.code == 0 and "KX103/bnxt@kexec" in listed.out and "REFUTED" not in listed.out
    system = run("show", "system", "acme.yaml")
    assert system.code == 0 and "tee.stale_bytes" in system.out and "when " in system.out
    kept = run("show", "system", "acme.yaml", "--lifetime", "platform")
    assert "tee.stale_bytes" in kept.out and "bnxt.session" not in kept.out and "rules" not in kept.out
    survivors = run("show", "survives", "acme.yaml")
    assert "tee.stale_bytes" in survivors.out and "\n  bnxt.session" not in survivors.out


def test_the_starter_passes_its_own_check(run: Run, tmp_path: Path) -> None:
    assert run("init").code == 0
    ran = run("check", "platform.yaml")
    assert ran.code == 0 and ran.out.splitlines()[-2].startswith("PASS  my-board")
    before = (tmp_path / "platform.yaml").read_text()
    assert before.startswith("# yaml-language-server: $schema=")
    refused = run("init")
    assert refused.code == 2 and "exists" in refused.err
    assert (tmp_path / "platform.yaml").read_text() == before
    assert run("init", "no/such/folder/x.yaml").code == 2


@pytest.mark.parametrize("code", [*library().names("properties"), *INPUT_CODES, "kx103"])
def test_explain_knows_every_code(run: Run, code: str) -> None:
    ran = run("explain", code)
    assert ran.code == 0 and ran.out.startswith(code.upper()) and len(ran.out.splitlines()) > 2
    if int(code[2:]) >= 100:
        assert "Why:" in ran.out and "Sources:" in ran.out


def test_features_of_a_kernel_come_with_their_sources(run: Run) -> None:
    ran = run("show", "features", "--kernel", "6.1.3")
    assert ran.code == 0 and "tee-kernel-buf" in ran.out and "Sources:" in ran.out and "914ab19e471d" in ran.out
    assert "smmu2-shutdown-aborts" not in ran.out
    one = run("show", "features", "tee-kernel-buf", "--kernel", "5.4")
    assert one.code == 0 and "Linux 5.4 does not have tee-kernel-buf." in one.out
    assert len(run("show", "features").out.splitlines()) >= len(library().features)
    assert run("show", "features", "--kernel", "banana").code == 2


def test_the_library_can_be_shown_whole(run: Run) -> None:
    for folder, command in (("drivers", "drivers"), ("smmu", "smmus")):
        table = run("show", command).out
        for name in library().names(folder):
            assert name in table
            ran = run("show", command, name)
            assert ran.code == 0 and "Sources:" in ran.out
    assert run("show", "smmus", "mmu-500").out.startswith("arm-mmu-500")
    properties = run("show", "properties").out
    assert all(name in properties for name in library().names("properties"))


def test_schemas_are_printed_as_they_stand(run: Run) -> None:
    names = run("schema").out.split()
    assert names == sorted(file.name.removesuffix(".schema.json") for file in schemas_root().glob("*.schema.json"))
    for name in names:
        assert json.loads(run("schema", name).out) == json.loads(schema_path(name).read_text())


def test_help_names_every_command(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0 and all(name in ran.out for name in program.commands)
    for name, command in program.commands.items():
        assert run("help", name).code == 0 and run(name, "--help").code == 0
        for inner in command.commands if isinstance(command, Group) else ():
            assert run(name, inner, "--help").code == 0
    assert "130  interrupted" in run("check", "--help").out
    assert run("--version").out == f"kexecspec {__version__}\n"
