"""The documents: every command in a `console` block is run, and prints what the block says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from kexecspec.cli import main
from tests.goldens import ROOT

PAGES = tuple(sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")))
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "examples/README.md", *PAGES)
SETUP = ("make", "git", "python3", ".venv/bin/pip")


def commands() -> list[tuple[str, str, str]]:
    """(document, command, expected output) of every `$ ...` line in a console block."""
    found = []
    for name in DOCUMENTS:
        for block in re.findall(r"```console\n(.*?)```", (ROOT / name).read_text(), re.DOTALL):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((name, command, output))
    return found


def test_the_readme_shows_commands() -> None:
    assert len([c for c in commands() if c[0] == "README.md"]) >= 5


@pytest.mark.parametrize(("document", "command", "output"), commands(), ids=[c[1] for c in commands()])
def test_a_documented_command_prints_what_the_document_says(
    document: str, command: str, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    words, text = shlex.split(command), (ROOT / document).read_text()
    if words[0] in SETUP:
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) or words[0] != "make"
        return
    assert words[0] == "kexecspec"
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```yaml\n(schema: kexecspec/platform/1\nplatform: (\S+)\n.*?)```", text, re.DOTALL):
        (tmp_path / f"{block[1]}.yaml").write_text(block[0])
    _run_what_it_stands_on(words)
    capsys.readouterr()

    main(words[1:])

    printed = capsys.readouterr()
    shown = (printed.out + printed.err).rstrip().splitlines()
    wanted = output.rstrip().splitlines()
    assert _fits(shown, wanted), "\n".join(shown)


def _run_what_it_stands_on(words: list[str]) -> None:
    """A replayed trace, a certificate or a baseline has to be written first, by the check that the document shows
    before it."""
    if words[1] == "verify-cert":
        main(["check", "examples/tee-bnxt-fourth-kexec/after.yaml", "--certificate", words[2], "-q"])
    if "--baseline" in words:
        main(["check", words[2], "-q", "--report", f"json={words[words.index('--baseline') + 1]}"])
    if words[1] == "replay":
        folder = Path(words[2]).parent
        main(["check", "examples/optee-shm-cache/kdump-oops.yaml", "--trace-dir", str(folder)])


def _fits(shown: list[str], wanted: list[str]) -> bool:
    """Whether the lines are those wanted, where a wanted `...` stands for any number of lines."""
    if not wanted:
        return True
    if wanted[0].strip() == "...":
        return any(_fits(shown[i:], wanted[1:]) for i in range(len(shown) + 1))
    same = bool(shown) and shown[0].rstrip() == wanted[0].rstrip()
    return same and (_fits(shown[1:], wanted[1:]) if wanted[1:] else len(shown) == 1)
