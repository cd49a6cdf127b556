"""`kexecspec matrix`: the table of the SMMU's modes, and tables of other things."""

from __future__ import annotations

import re

from tests.conftest import Run
from tests.goldens import ROOT
from tests.review.test_diff import valid

MODES = ROOT / "examples/smmu-shutdown-modes"
STORM = ROOT / "examples/kdump-fault-storm/smmu-v2.yaml"


def shown_in_readme() -> dict[str, list[str]]:
    """The rows of the table that README shows, which tests/test_docs.py compares with what is printed."""
    block = (ROOT / "README.md").read_text().split("$ kexecspec matrix examples/smmu-shutdown-modes")[1].split("```")[0]
    rows: dict[str, list[str]] = {}
    name = ""
    for line in block.splitlines()[4:]:
        name = line[:14].strip() or name
        rows.setdefault(name, [""] * 6)
        for number in range(6):
            rows[name][number] += " " + line[16 + 10 * number : 24 + 10 * number].strip()
        if name == "v3-adopt":
            break
    return rows


def test_the_table_of_modes_is_that_of_the_stories() -> None:
    rows = shown_in_readme()
    assert len(rows) == 6
    columns = [f"{to}-{how}" for to in ("linux", "unaware", "kdump") for how in ("running", "quiesced")]
    for mode, cells in rows.items():
        for column, said in zip(columns, cells, strict=True):
            story = (MODES / f"{mode}-{column}.expect").read_text()
            refuted = sorted(set(re.findall(r"(KX[0-9]{3})/\S+\s+REFUTED", story)))
            assert said.split() == (refuted or ["PROVED"]), (mode, column)


def test_a_platform_file_has_the_modes_of_its_smmus_and_its_handoffs_across(run: Run) -> None:
    ran = run("matrix", STORM, "--only", "KX302")

    assert ran.code == 1
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["crash"]
    assert ["v2", "bypass", "KX302"] in [line[:3] for line in lines] and "7 steps, STORM" in ran.out


def test_any_fact_is_an_axis(run: Run) -> None:
    ran = run("matrix", STORM, "--axis", "devices.nic.iova=unknown,nowhere", "--only", "KX302", "--format", "json")

    said = valid(ran.out, "matrix")
    assert ran.code == 2 and said["rows"] == ["unknown", "nowhere"]
    bad = [cell for cell in said["cells"] if cell["row"] == "nowhere"]
    assert [cell["says"] for cell in bad] == ["INPUT ERROR"] and "KX009" in bad[0]["errors"][0]


def test_what_is_no_axis_is_told(run: Run) -> None:
    assert run("matrix", STORM, "--axis", "kernels").code == 2
    ran = run("matrix", MODES / "matrix" / "modes.yaml", "--columns", "mood")
    assert ran.code == 2 and "unknown axis 'mood'" in ran.err and "did you mean 'mode'" in ran.err
