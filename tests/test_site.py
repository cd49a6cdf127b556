"""A site's own properties, policies and drivers, laid over the library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kexecspec import hashes
from kexecspec.check import check
from kexecspec.cli import main
from kexecspec.diagnostics import InputError, render_all
from kexecspec.findings import Finding
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library, library
from kexecspec.options import Options
from kexecspec.policies import with_policy
from kexecspec.site import laid_over
from kexecspec.source import load, plain
from kexecspec.sweep.identity import made_with
from kexecspec.textfile import line_reader
from tests.goldens import ROOT

SITE = ROOT / "examples/ftpm/site"
RULE = yaml.safe_load((SITE / "properties/KX901.yaml").read_text())
SOURCES = [{"ref": "nobody", "says": "a test"}]


def lay(folder: Path, **files: object) -> str:
    """A folder of specifications; `properties__KX901=content` is properties/KX901.yaml."""
    for name, content in files.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(content))
    return str(folder)


def rule(**changes: object) -> dict[str, object]:
    """The example's rule with an instance's entries changed."""
    return {**RULE, "instances": [{**RULE["instances"][0], **changes}]}


def driver(**hooks: object) -> dict[str, object]:
    probe = ["tee_client_open_session", {"do": "tee_shm_alloc", "buffer": "commands", "size": "8KiB"}]
    return {"schema": "kexecspec/driver/1", "driver": "acme", "title": "a test", "kind": "tee-client", "needs": ["tee"],
            "service": {"name": "acme"}, "hooks": {"probe": probe, **hooks}, "sources": SOURCES}  # fmt: skip


def findings(story: str, specs: Library, *only: str) -> dict[str, Finding]:
    report = check(str(ROOT / "examples" / story), Options(only, inside=True, explained=False, library=specs))
    assert report.objections == ()
    return {finding.property.id: finding for finding in report.findings}


def said(specs: Library | None, folder: str) -> str:
    with pytest.raises(InputError) as caught:
        laid_over(specs or library(), (folder,))
    return render_all(caught.value.diagnostics, line_reader())


@pytest.mark.parametrize(
    ("story", "verdict"),
    [("ftpm/after.yaml", Verdict.PROVED), ("ftpm/tee-bus-6.12.yaml", Verdict.REFUTED)],
)
def test_a_site_rule_is_proved_or_refuted_and_replayed(story: str, verdict: Verdict) -> None:
    found = findings(story, laid_over(library(), (str(SITE),)), "KX901")["KX901/ftpm@any"]

    assert found.verdict is verdict and not found.vacuous
    assert (found.replay.outcome if found.replay else None) == ("CONFIRMED" if verdict is Verdict.REFUTED else None)


def test_a_rule_that_looks_at_a_feature_rests_on_it_in_a_part_too(tmp_path: Path) -> None:
    violated = "phase == up and now.usb_hcd_platform_shutdown"
    specs = laid_over(library(), (lay(tmp_path / "site", properties__KX901=rule(
        **{"for": "device", "violated": violated, "premise": "phase == up", "drivers": ["generic-platform"]})),))
    file = tmp_path / "board.yaml"
    file.write_text(
        "schema: kexecspec/platform/1\nplatform: board\n"
        "devices: {usb: {driver: dwc3}, own: {driver: generic-platform}}\n"
        "kernels: {prod: {version: '5.10'}}\nhandoffs: [prod -kexec-> prod]\n"
    )
    for masters in (None, 1):
        report = check(str(file), Options(("KX901",), apart=masters, inside=True, library=specs))
        (found,) = report.findings
        assert "usb-hcd-platform-shutdown" in {one.subject for one in found.rests_on}, masters


def test_a_rule_for_other_kernels_or_drivers_has_no_instance(tmp_path: Path) -> None:
    other = lay(tmp_path, properties__KX901=rule(kernels=["lab*"]), properties__KX902={
        **rule(drivers=["optee-rng"]), "property": "KX902"})  # fmt: skip

    with pytest.raises(InputError, match="KX024"):
        findings("ftpm/after.yaml", laid_over(library(), (other,)), "KX901", "KX902")


def test_a_driver_of_the_site_is_used_by_rules_and_machine(tmp_path: Path) -> None:
    spec = library().spec("drivers", "tpm_ftpm_tee-teebus")
    assert spec is not None
    folder = lay(tmp_path / "site", drivers__acme_ftpm={**spec.content, "driver": "acme_ftpm"})
    board = dict(plain(load(str(ROOT / "examples/ftpm/tee-bus-6.12.yaml"))), expect={})
    text = yaml.safe_dump(board).replace("tpm_ftpm_tee-teebus", "acme_ftpm")
    (tmp_path / "board.yaml").write_text(text)

    specs = laid_over(library(), (folder,))
    found = check(str(tmp_path / "board.yaml"), Options(("KX102",), inside=True, library=specs))

    (finding,) = [f for f in found.findings if f.property.instance == "ftpm"]
    assert finding.verdict is Verdict.REFUTED and finding.replay is not None and found.objections == ()


def test_what_is_laid_over_counts_in_every_sum(tmp_path: Path) -> None:
    over, policy = laid_over(library(), (str(SITE),)), str(SITE / "policies/field.yaml")
    changed = lay(tmp_path, properties__KX901=rule(premise="phase == boot"))
    made = [library(), over, with_policy(over, policy), laid_over(library(), (changed,))]

    assert len({hashes.of_installation(one)[0] for one in made}) == len(made)
    assert len({made_with(one, (), 1) for one in made}) == len(made)
    assert hashes.of_installation(library())[0] == hashes.of_tree(library().root, "*.yaml")


def test_a_policy_says_what_is_an_error_on_which_handoff(tmp_path: Path) -> None:
    over = laid_over(library(), (str(SITE),))
    field = with_policy(over, "field")

    assert [field.severity("KX102", None, kind) for kind in ("kexec", "crash")] == ["note", "error"]
    assert field.severity("KX103", None, "kexec") == "error" and field.severity("KX106", "note", "any") == "note"
    found = findings("ftpm/before.yaml", field, "KX102")
    assert {f.severity for f in found.values()} == {"note"}


def test_policies_stand_on_each_other_and_the_last_counts(tmp_path: Path) -> None:
    notes = {"KX102": {"kexec": "note"}, "KX103": "note"}
    lay(tmp_path, base={"policy": "base", "severity": notes, "sources": SOURCES})
    lay(tmp_path, top={"policy": "top", "extends": ["base.yaml", "default"], "severity": {"KX102": "error"},
                       "sources": SOURCES})  # fmt: skip

    top = with_policy(library(), str(tmp_path / "top.yaml"))

    assert [top.severity(code, None, "kexec") for code in ("KX102", "KX103", "KX101")] == ["error", "note", "error"]
    assert replace(top, policy=()) == library() == with_policy(library(), "default")


@pytest.mark.parametrize(
    ("content", "code", "help_text"),
    [
        ({"policy": "p", "severity": {"KX120": "note"}, "sources": SOURCES}, "KX002", "did you mean 'KX"),
        ({"policy": "p", "severity": {"KX102": "warn"}, "sources": SOURCES}, "KX002", "error, note"),
        ({"policy": "p", "severity": {"KX102": {"kexek": "note"}}, "sources": SOURCES}, "KX003", "kexec"),
        ({"policy": "p", "severity": {}}, "KX008", "sources"),
        ({"policy": "p", "extends": "defualt", "severity": {}, "sources": SOURCES}, "KX002", "did you mean 'default'"),
        ({"policy": "p", "extends": "p.yaml", "severity": {}, "sources": SOURCES}, "KX019", "extends itself"),
        ({"policy": "p", "extends": "gone.yaml", "severity": {}, "sources": SOURCES}, "KX013", "gone.yaml"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(
    tmp_path: Path, content: dict[str, object], code: str, help_text: str
) -> None:
    folder = lay(tmp_path, p=content)

    with pytest.raises(InputError) as caught:
        with_policy(library(), f"{folder}/p.yaml")

    text = render_all(caught.value.diagnostics, line_reader())
    assert f"error[{code}]" in text and help_text in text, text


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("properties__KX901", rule(violated="phase = up"), ("KX901.yaml:", "KX009", "not an expression")),
        ("properties__KX901", rule(violated="any(d.running for d in devices)"), ("KX036", "all its devices")),
        ("properties__KX901", {**RULE, "sources": []}, ("KX007", "KX901.yaml:")),
        ("properties__KX901", {**RULE, "harm": "LEAK"}, ("KX002", "RULE")),
        ("properties__KX102", {**RULE, "property": "KX102", "harm": "LEAK"}, ("KX036", "there already", "KX900 to")),
        ("properties__KX902", RULE, ("KX036", "'KX902.yaml'", "property: KX902")),
        ("drivers__tee_bnxt_fw", {"driver": "tee_bnxt_fw", "title": "ours", "kind": "tee-client", "sources": SOURCES},
         ("KX036", "see specs/drivers/tee_bnxt_fw.yaml")),
        ("policies__default", {"policy": "default", "severity": {}, "sources": SOURCES}, ("KX036", "there already")),
        ("drivers__acme", driver(shutdown=[{"do": "tee_shm_free", "buffer": "commnads"}]),
         ("KX002", "shutdown frees 'commnads'", "did you mean 'commands'")),
        ("drivers__acme", driver(shutdown=[{"do": "tee_client_close_session", "when": "tee-kernel-buff"}]),
         ("KX002", "unknown kernel feature", "did you mean 'tee-kernel-buf'")),
        ("properties__KX901", rule(instance="{self}@x"), ("KX009", "instance")),
        ("property__KX901", RULE, ("KX036", "did you mean 'properties'")),
        ("KX901", RULE, ("KX036", "no specification", "properties/NAME.yaml")),
    ],
)  # fmt: skip
def test_a_specification_that_is_wrong_is_refused_at_its_place(
    tmp_path: Path, name: str, content: object, parts: tuple[str, ...]
) -> None:
    text = said(None, lay(tmp_path, **{name: content}))

    assert all(part in text for part in parts), text


def test_two_folders_may_not_have_the_same_name_and_one_may_be_missing(tmp_path: Path) -> None:
    one, other = (lay(tmp_path / name, properties__KX901=RULE) for name in ("one", "other"))
    (tmp_path / "one/properties/KX902.yml").write_text("")

    assert "would not be read" in said(None, one) and "KX902.yaml" in said(None, one)
    assert f"see {SITE}/properties/KX901.yaml" in said(laid_over(library(), (str(SITE),)), other)
    with pytest.raises(InputError, match="KX036"):
        laid_over(library(), (str(SITE), other))
    with pytest.raises(InputError, match="KX013"):
        laid_over(library(), (str(tmp_path / "gone"),))


@pytest.mark.parametrize(
    ("violated", "parts"),
    [
        ("not self.has_shutdwon", ("KX002", "no attribute 'has_shutdwon'", "did you mean 'has_shutdown'")),
        ("kernel == porduction", ("KX002", "'porduction' is no name", "kernels: [NAME*]")),
        ("phase == upp", ("KX002", "did you mean 'up'")),
        ("now.shm_is_fine", ("KX036", "means nothing")),
        ("kernel", ("KX036", "means nothing")),
    ],
)
def test_a_rule_that_means_nothing_on_a_platform_is_refused(
    tmp_path: Path, violated: str, parts: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay(tmp_path, properties__KX901=rule(violated=violated))

    code = main(["check", str(ROOT / "examples/ftpm/after.yaml"), "--specs", folder, "--no-cache"])

    shown = capsys.readouterr().err
    assert code == 2 and all(part in shown for part in (f"{folder}/properties/KX901.yaml:", *parts)), shown


def test_the_command_line_refuses_what_does_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    story = str(ROOT / "examples/ftpm/after.yaml")

    assert main(["check", story, "--policy", "feild", "--specs", str(SITE)]) == 2
    assert "did you mean 'field'" in capsys.readouterr().err
    assert main(["check", story, "--policy", "default", "--certificate", "c"]) == 2
    assert "--certificate goes with the library only" in capsys.readouterr().err


def test_a_report_names_what_was_laid_over_and_its_next_command_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    site, laid = "examples/ftpm/site", ["--specs", "examples/ftpm/site", "--policy", "field"]

    main(["check", "examples/ftpm/tee-bus-6.12.yaml", "--only", "KX901", "--trace-dir", "t", *laid])

    shown = capsys.readouterr().out
    assert f"Laid over the library: {site}" in shown and "Policy: field" in shown
    command = shown.rstrip().splitlines()[-1].removeprefix("next: kexecspec ").split()
    assert command[0] == "replay" and main(command) == 0
    without = [word for word in command if word not in laid]
    assert main(without) == 2 and "KX026" in capsys.readouterr().err
    assert main(["list", "examples/ftpm/before.yaml", *laid]) == 0
    assert "KX102/ftpm@kexec note" in " ".join(capsys.readouterr().out.split())


def test_two_entries_about_the_same_are_told_apart(tmp_path: Path) -> None:
    entry = RULE["instances"][0]
    twice = laid_over(library(), (lay(tmp_path / "a", properties__KX901={**RULE, "instances": [entry, entry]}),))
    apart = [entry, {**entry, "instance": "{self}:again"}]
    told = laid_over(library(), (lay(tmp_path / "b", properties__KX901={**RULE, "instances": apart}),))

    with pytest.raises(InputError, match="two entries speak of 'KX901/ftpm@any'"):
        findings("ftpm/after.yaml", twice, "KX901")
    assert set(findings("ftpm/after.yaml", told, "KX901")) == {"KX901/ftpm@any", "KX901/ftpm:again@any"}


def test_a_driver_in_the_platform_file_frees_what_it_allocates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {key: value for key, value in driver(shutdown=[{"do": "tee_shm_free", "buffer": "commnads"}]).items()
           if key not in ("schema", "driver", "title")}  # fmt: skip
    board = {"schema": "kexecspec/platform/1", "platform": "b", "secure_world": {"optee": "3.13.0"},
             "drivers": {"acme": own}, "devices": {"x": {"driver": "acme"}}, "kernels": {"prod": {"version": "6.12"}},
             "handoffs": ["prod -kexec-> prod"]}  # fmt: skip
    (tmp_path / "board.yaml").write_text(yaml.safe_dump(board))

    assert main(["check", str(tmp_path / "board.yaml"), "--no-cache"]) == 2
    assert "unknown buffer 'commnads'" in capsys.readouterr().err


def test_other_commands_know_what_is_laid_over_the_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = tmp_path / "p.yaml"
    story.write_text(f"extends: {ROOT / 'examples/ftpm/after.yaml'}\nexpect: {{KX901/ftpm: PROVED}}\n")
    laid = ("--specs", str(SITE))

    assert main(["test", str(story), *laid]) == 0
    assert "6 of 6 expectations met" in capsys.readouterr().out
    assert main(["why", str(story), "KX901", *laid]) == 0
    assert "ftpm-shutdown-closes-session" in capsys.readouterr().out
    axis = ("--axis", "kernels.prod.version=5.10.19,6.12")
    assert main(["matrix", str(story), "--only", "KX901", "--no-cache", *axis, *laid]) == 0
    assert "2 cells: 2 proved" in capsys.readouterr().out
    assert main(["why", str(story), "KX901"]) == 2
    form = ("--format", "smtlib")
    assert main(["export", str(story), "--only", "KX901", *form, *laid]) == 0
    assert "KX901/ftpm@any" in capsys.readouterr().out
    assert main(["export", str(story), "--only", "KX901", *form]) == 2
    assert main(["export", str(story), "--only", "KX901", *form, "--specs", str(tmp_path / "none")]) == 2


def test_a_sweep_judges_by_a_site_s_rules_and_keeps_what_it_knows_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    story = ROOT / "examples/ftpm/after.yaml"
    kernels = {"at": "kernels.prod.version", "values": ["5.10.19", "6.12"]}
    matrix = {"schema": "kexecspec/sweep/1", "sweep": "s", "axes": {"platform": [str(story)], "kernel": kernels}}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(matrix))
    site = lay(tmp_path / "own", properties__KX901=rule(violated="phase == up and self.has_shutdown"))
    asked = ("sweep", "s.yaml", "--results", "r.jsonl", "--jobs", "1", "--no-cache", "--only", "KX901")

    def swept(*laid: str) -> tuple[bool, int]:
        """Whether the rule is seen broken, and how many lines were added to the results."""
        before = len(Path("r.jsonl").read_text().splitlines()) if Path("r.jsonl").exists() else 0
        main([*asked, *laid])
        return "KX901" in capsys.readouterr().out, len(Path("r.jsonl").read_text().splitlines()) - before

    assert swept("--specs", site) == (True, 3) and swept("--specs", site) == (True, 0)
    soft = {"policy": "soft", "severity": {"KX901": "note"}, "sources": SOURCES}
    policy = ("--specs", lay(tmp_path / "policy", policies__soft=soft))
    assert swept("--specs", site, *policy, "--policy", "soft")[1] == 2
    assert swept("--specs", site) == (True, 0)
    assert main([*asked, "--specs", str(tmp_path / "nowhere")]) == 2
    assert main([*asked, "--policy", "none"]) == 2
