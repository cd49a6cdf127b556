"""The documentation site's sources: everything has a page, and every link leads to one."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType

import pytest

from kexecspec.cli import main
from kexecspec.cli.commands import program
from kexecspec.library import library
from tests.goldens import ROOT


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def site(generate: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "sources"
    generate.write(folder)
    return folder


def test_everything_has_a_place_in_the_reference(site: Path) -> None:
    specs = library()
    wanted = {
        "drivers": specs.names("drivers"), "features": specs.features, "smmus": specs.names("smmu"),
        "commands": [*program.commands, "show drivers"],
        "files": [file.name.removesuffix(".schema.json") for file in (ROOT / "schemas").iterdir()],
    }  # fmt: skip

    for page, names in wanted.items():
        titles = set(re.findall(r"^## (.*)$", (site / f"reference/{page}.md").read_text(), re.MULTILINE))
        assert set(names) <= titles, page


def test_a_hazards_page_is_what_explain_prints(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for code in library().names("properties"):
        main(["explain", code])
        assert capsys.readouterr().out.strip() in (site / f"reference/hazards/{code}.md").read_text()


def test_every_page_is_in_a_table_of_contents_and_every_link_leads_to_a_page(site: Path) -> None:
    pages = {str(page.relative_to(site).with_suffix("")) for page in site.rglob("*.md")}
    listed = set()
    for page in sorted(site.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL):
            names = [line for line in block.splitlines() if line and not line.startswith(":")]
            listed |= {os.path.normpath(page.parent.relative_to(site) / name) for name in names}
        for link in re.findall(r"\]\(([^)#\s]+\.md)", text):
            assert (page.parent / link).is_file(), f"{page.name}: {link}"

    assert listed == pages - {"index"}


def test_a_command_that_fails_makes_no_page(generate: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="explain KX999: exit 2"):
        generate.printed("explain", "KX999")
