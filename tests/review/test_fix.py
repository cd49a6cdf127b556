"""`kexecspec fix`: the smallest sets of repairs, each proved, and the changed copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kexecspec.check import checked_tree
from kexecspec.ground.ground import folded
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.verdict import Verdict
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform.ways import platforms_in
from kexecspec.resources import specs_root
from kexecspec.review.apply import applied
from kexecspec.review.repairs import Repair, clash, ends, repaired, repairs
from kexecspec.review.rerun import stays
from kexecspec.review.rewrite import rewritten
from kexecspec.schema import validate
from kexecspec.source import Table, load, parse, plain, read
from tests.conftest import Run
from tests.goldens import ROOT
from tests.review.test_diff import valid

BOARD = ROOT / "examples/ls1028a-reboot-f/v6.1.0.yaml"
STORM = ROOT / "examples/kdump-fault-storm/smmu-v2.yaml"
SERVER = ROOT / "examples/whole-platform/5.10.19.yaml"
LOCKED = ROOT / "examples/stale-thread/lock-held.yaml"
HOOK_ONLY = ROOT / "examples/tee-bnxt-fourth-kexec/hook-only.yaml"


def tree(path: Path) -> Table:
    root = load(str(path))
    assert isinstance(root, Table)
    return root


@pytest.mark.parametrize("path", sorted((specs_root() / "repairs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_vocabulary_is_valid_and_names_what_there_is(path: Path) -> None:
    root = read(str(path))
    assert list(validate(root, "repairs")) == []
    features = library().features
    for name, entry in plain(root)["repairs"].items():  # type: ignore[call-overload,index,union-attr]
        assert set(entry.get("features", ())) <= features.keys(), name
        kinds = {"features", "series", "shutdown", "set", "call", "user_space", "optee"} & entry.keys()
        assert len(kinds - ({"features"} if "call" in kinds else set())) == 1, name
        commits = {features[f]["commit"] for f in entry.get("features", ()) if "commit" in features[f]}
        assert commits <= {source["ref"].removeprefix("commit ") for source in entry["sources"]}, name


def system_of(root: Table, *chosen: Repair) -> TransitionSystem:
    ((_, platform),) = platforms_in(repaired(root, chosen), str(HOOK_ONLY), library())
    return folded(platform, library())


def test_the_hook_is_not_enough_the_buffer_must_change_too() -> None:
    root = tree(HOOK_ONLY)
    by_name = {repair.entry: repair for repair in repairs(root, library())}
    assert "bnxt-shutdown" not in by_name, "the hook is there"

    def left(*names: str) -> set[str]:
        found = checked_tree(repaired(root, [by_name[n] for n in names]), str(HOOK_ONLY), Options(inside=True)).report
        return {f.property.code for f in found.findings if f.verdict is Verdict.REFUTED}

    report = checked_tree(root, str(HOOK_ONLY), Options(inside=True)).report
    (leak,) = [f.trace for f in report.findings if f.property.id == "KX102/bnxt@kexec" and f.trace]
    assert stays(system_of(root, by_name["drain-at-probe"]), "KX102/bnxt@kexec", leak), "a step more changes nothing"
    assert not stays(system_of(root, by_name["kernel-buf"], by_name["shm-priv"]), "KX102/bnxt@kexec", leak)
    assert left("pool-frees-right-pages") == {"KX102", "KX103"}
    assert left("pool-frees-right-pages", "kernel-buf", "shm-priv") == set()


def test_the_sets_are_minimal_the_cheapest_first_and_the_copy_is_proved(run: Run) -> None:
    ran = run("fix", BOARD, "--format", "json", "--size", "2", "--apply", "fixed.yaml", "--set", "2")

    said = valid(ran.out, "fix")
    sets = [{r["name"].split("(")[0] for r in one["repairs"]} for one in said["sets"]]
    assert ran.code == 0 and not said["untried"] and not said["undecided"]
    assert sets[0] == {"shutdown-hook"} and {"smmu2-keeps-registration", "smmu2-leave"} in sets
    costs = [one["cost"] for one in said["sets"]]
    assert costs == sorted(costs)
    assert not any(a < b for a in sets for b in sets)
    assert run("check", "fixed.yaml", "-q").code == 0


def test_the_changed_copy_keeps_comments_and_finds_what_it_extends(tmp_path: Path) -> None:
    board = tmp_path / "boards" / "board.yaml"
    board.parent.mkdir()
    (board.parent / "base.yaml").write_text(STORM.read_text())
    board.write_text("# My board.\nschema: kexecspec/platform/1\nextends: base.yaml  # the rest\nplatform: mine\n")
    (mask,) = [repair for repair in repairs(tree(board), library()) if repair.entry == "mask-fault-irqs"]

    out = tmp_path / "fixed.yaml"
    out.write_text(applied(str(board), tree(board), [mask], str(out), Options(inside=True)))

    assert "# My board." in out.read_text() and "extends: boards/base.yaml  # the rest" in out.read_text()
    found = checked_tree(tree(out), str(out), Options(inside=True)).report
    assert found.verdict is Verdict.PROVED and not found.unmet


def test_what_no_repair_mends_is_told_and_what_was_not_tried(run: Run) -> None:
    unaware = ROOT / "examples/smmu-shutdown-modes/v2-abort-unaware-running.yaml"

    ran = run("fix", unaware, "--size", "1")
    assert ran.code == 1 and "FAIL  0 minimal sets of up to 1 change: there are no others" in ran.out
    adopt = run("fix", ROOT / "examples/smmu-shutdown-modes/v3-adopt-unaware-quiesced.yaml", "--size", "1")
    said = "no set of up to 1 change mends it; the sets below leave it"
    assert adopt.code == 1 and said in " ".join(adopt.out.split())
    few = run("fix", unaware, "--size", "1", "--budget", "1")
    assert few.code == 3 and "UNDECIDED" in few.out and "not tried" in few.out


def test_there_is_nothing_to_mend_in_what_is_proved(run: Run) -> None:
    ran = run("fix", ROOT / "examples/smmu-shutdown-modes/v2-bypass-linux-quiesced.yaml")

    assert ran.code == 0 and "nothing is refuted" in ran.out
    assert run("fix", "nowhere.yaml").code == 2


def test_a_driver_takes_another_call_and_a_hook_and_the_text_says_both(tmp_path: Path) -> None:
    root = tree(SERVER)
    chosen = [one for one in repairs(root, library()) if one.to == "optee-rng: rng"]

    assert {one.entry for one in chosen} == {"shutdown-hook", "kernel-buf-call"} and not clash(chosen)
    made: Any = plain(parse(rewritten(SERVER.read_text(), [e for one in chosen for e in one.edits]), "fixed.yaml"))
    rng = made["drivers"]["optee-rng"]
    assert rng["extends"] == "optee-rng" and rng["hooks"]["shutdown"][0] == "tee_client_close_session"
    call = {"do": "tee_shm_alloc_kernel_buf", "buffer": "entropy", "size": "4KiB", "unless": "tee-shm-dynamic-flag"}
    assert call in rng["hooks"]["probe"]
    assert made["kernels"]["prod"]["features"]["tee-kernel-buf"] is True, "the call is there, too"


def test_user_space_is_stopped_first_and_optee_moves() -> None:
    found = {one.name: one for one in repairs(tree(LOCKED), library())}

    (first,) = [one for one in found.values() if one.entry == "user-space-first"]
    assert first.edits[0].value == ["prod -systemctl kexec-> prod"]
    assert "user-space-first" not in {one.entry for one in repairs(tree(SERVER), library())}, "it is already"
    releases = [one.to for one in repairs(tree(SERVER), library()) if one.entry == "newer-optee"]
    assert releases == ["3.13.0 -> 3.15.0", "3.13.0 -> 3.17.0", "3.13.0 -> 4.5.0"]
    assert not any(one.entry.startswith("optee-") for one in repairs(tree(STORM), library())), "it has no OP-TEE"


def test_a_finding_without_premise_is_mended_where_that_was_a_danger_or_is_meant() -> None:
    """A driver whose memory is not registered any more does not do its work: that mends nothing."""
    (static,) = [one for one in repairs(tree(SERVER), library()) if one.entry == "optee-static-shm"]

    assert not ends("KX102/fw@kexec", (), library()) and not ends("KX107/fw@kexec", (static,), library())
    assert ends("KX201/optee@kexec", (), library()) and ends("KX102/fw@kexec", (static,), library())


def test_a_rule_of_a_site_is_mended_and_what_it_calls_a_note_is_not(run: Run) -> None:
    board, site = ROOT / "examples/ftpm/tee-bus-6.12.yaml", ROOT / "examples/ftpm/site"

    ran = run("fix", board, "--specs", site, "--size", "1")
    assert ran.code == 0 and "KX901/ftpm@any" in ran.out and "shutdown-hook(tpm_ftpm_tee-teebus: ftpm)" in ran.out
    assert f"--specs {site} --apply fixed.yaml" in " ".join(ran.out.split())
    field = run("fix", board, "--specs", site, "--policy", "field", "--size", "1").out
    assert "KX102/ftpm@kexec" not in field.split("to mend")[1]
    assert "KX901" in run("diff", board, board, "--specs", site, "--format", "json").out


def test_two_kernels_of_one_tree_are_changed_together_and_moves_exclude_each_other() -> None:
    found = repairs(tree(STORM), library())
    moves = [repair for repair in found if repair.entry == "newer-kernel"]

    masks = next(repair for repair in found if repair.entry == "mask-fault-irqs")
    assert {edit.path[1] for edit in masks.edits} == {"prod", "kdump"}
    assert clash(moves[:2]) and not clash([moves[0], masks])
