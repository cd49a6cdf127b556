"""`kexecspec why`: its text, its JSON and its exit codes."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from kexecspec.cli import main
from kexecspec.resources import schema_path
from tests.goldens import ROOT

AFTER = str(ROOT / "examples/tee-bnxt-fourth-kexec/after.yaml")
ABORT = str(ROOT / "examples/smmu-shutdown-modes/v2-abort-unaware-running.yaml")
BEFORE = str(ROOT / "examples/tee-bnxt-fourth-kexec/before.yaml")


def test_the_json_fits_its_schema_and_names_line_feature_and_specification(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["why", ABORT, "KX307", "--format", "json", "--numbers"]) == 0
    made = json.loads(capsys.readouterr().out)

    jsonschema.validate(made, json.loads(schema_path("why").read_text()))
    (finding,) = made["findings"]
    (need,) = finding["needs"]
    assert need["fact"] == "smmu.shutdown.smmu_clientpd in prod" and need["value"] is False
    assert need["at"] == {"path": "specs/drivers/arm-smmu.yaml", "line": 15}
    assert need["without"]["otherwise"] == {need["fact"]: True}
    assert [o["what"] for o in made["features"] if o["needed"]] == ["prod has smmu2-shutdown-aborts"]
    assert [o["what"] for o in made["lines"] if o["needed"]] == ["kernels.prod.features.smmu2-shutdown-aborts"]


def test_numbers_are_tried_at_half_and_double(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(ROOT / "examples/stale-thread/conforming.yaml")
    main(["why", file, "KX201", "--format", "json", "--numbers"])

    (finding, *_) = json.loads(capsys.readouterr().out)["findings"]
    threads = {t["other"] for t in finding["tried"] if t["name"] == "tee.threads"}
    assert threads and finding["verdict"] == "PROVED"


@pytest.mark.parametrize("feature", ["tee-bnxt-shutdown", "tee-kernel-buf"])
def test_a_kernel_without_a_feature_that_a_proof_needs_is_refuted(
    feature: str, tmp_path, capsys: pytest.CaptureFixture[str]  # type: ignore[no-untyped-def]
) -> None:
    file = tmp_path / "without.yaml"
    file.write_text(
        f"schema: kexecspec/platform/1\nextends: {AFTER}\nexpect: {{KX102: REFUTED}}\n"
        f"kernels: {{prod: {{version: '5.14', features: {{{feature}: false}}}}}}\n"
    )

    assert main(["check", str(file), "--only", "KX102"]) == 1
    assert "REFUTED" in capsys.readouterr().out


def test_the_text_says_what_must_not_change_and_what_plays_no_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", ABORT, "KX307", "-v"]) == 0
    said = capsys.readouterr().out

    assert re.search(r"KX307/nic@kexec  PROVED, needs 1 of \d+ facts", said)
    assert "what must not change:\n  kernels.prod.features.smmu2-shutdown-aborts" in said
    assert re.search(r"What plays no part: (\d+) of \d+ facts\.", said)
    assert "prod lacks smmu3-kexec-adopt" in " ".join(said.split())


def test_without_a_proof_there_are_no_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", BEFORE, "KX102"]) == 1
    assert "KX102/bnxt@kexec  REFUTED" in capsys.readouterr().out


def test_a_wrong_code_and_a_missing_file_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", AFTER, "KX999"]) == 2
    assert main(["why", AFTER, "shm"]) == 2
    assert main(["why", "nowhere.yaml"]) == 2
    assert "Traceback" not in capsys.readouterr().err
