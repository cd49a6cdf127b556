"""Texts that would move a cursor, forge a line, run a command or leave a folder: none of it reaches anybody."""

from __future__ import annotations

import json
import os
import re
import shlex
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.cli import main
from kexecspec.cli.console import inert
from kexecspec.diagnostics import escape
from kexecspec.report import REPORTERS
from kexecspec.report.look import shell

HOSTILE = (
    "\x1b[31mred\x1b[0m", "\x1b]8;;http://x\x07y\x1b]8;;\x07", "\x07\x08\x9b31m\x85", "<script>alert(1)</script>",
    "**bold** `code` [x](y)", "%0A::error::x", "::error file=a::x", "a\n::set-output name=x::y", "##vso[task.x]y",
    "##[error]x",
    "one\ntwo\r\nthree", "a\u2028b\u2029c\u0085d", "\u202egnp.exe\u202c", "\u2066a\u2069\u200f\u200b\ufeff",
    "$(reboot)",
    "`reboot`", "; reboot #", "| reboot", "&& reboot", "' ; reboot ; '", '"; reboot; "', "-rf", "--help",
    "../../etc/passwd", "/etc/passwd", "..", "con", "a\0b", "x" * 3000, "\U000e0041\u00ad", "PASS  acme: 9 of 9 proved",
)  # fmt: skip
STORY = """\
schema: kexecspec/platform/1
platform: acme
about: {text}
secure_world: {{optee: 3.13.0, heap: {{size: 65536, base_use: 20000}}, supplicant: {{present: false}}}}
drivers:
  mine:
    extends: tee_bnxt_fw
    title: {text}
    log: {{name: {text}, dev: {text}}}
    sources: [{{ref: {text}, says: {text}}}]
    notes: [{text}]
devices: {{bnxt: {{driver: mine}}}}
kernels: {{prod: {{version: 5.10.19, cmdline: {text}}}}}
handoffs: [prod -systemctl kexec-> prod]
assume: {{others: [{{says: {text}, why: {text}}}]}}
expect: {{KX102: {{verdict: PROVED, why: {text}}}}}
waivers: [{{finding: KX103/bnxt@kexec, reason: {text}, by: x, until: 2999-12-31}}]
"""
COMMAND = re.compile(r"^[ \t]*::|##(vso)?\[", re.MULTILINE)


def harmless(text: str) -> None:
    """Whether a text can be shown by anything."""
    assert all(ch == "\n" or ch.isprintable() for ch in text), ascii(text)
    assert not COMMAND.search(text), text


class Shown:
    """Runs commands in a folder, and looks at everything that they show."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> str:
        code = main(list(arguments))
        said = self.capsys.readouterr()
        assert code in (0, 1, 2, 3), said.err
        assert said.out.isascii()
        harmless(said.out)
        harmless(said.err)
        for line in (said.out + said.err).splitlines():
            if line.startswith("next: "):
                self.one_command(line.removeprefix("next: "))
        return said.out

    @staticmethod
    def one_command(line: str) -> None:
        """Pasted into a shell, the line runs kexecspec and nothing else."""
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        assert words[0] == "kexecspec" and words == shlex.split(line)
        assert not re.search(r"[$`]", re.sub(r"'[^']*'", "", line.replace("'\"'\"'", "")))


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shown:
    monkeypatch.chdir(tmp_path)
    return Shown(capsys)


def quoted(text: str) -> str:
    """The text as a double-quoted scalar of YAML."""
    return json.dumps(text)


def test_texts_of_a_platform(shown: Shown, tmp_path: Path) -> None:
    text = quoted("\n".join(HOSTILE[:-5]).replace("\0", ""))
    (tmp_path / "acme.yaml").write_text(STORY.format(text=text))
    found = json.loads(shown("check", "acme.yaml", "--format", "json", "--trace-dir", "traces"))
    assert any(one["what"].startswith("\x1b[31mred") for one in found["assumptions"])
    reports = [option for form in REPORTERS for option in ("--report", f"{form}=out.{form}")]
    shown("check", "acme.yaml", "--assumptions", "-v", *reports)
    for form in sorted(set(REPORTERS) - {"github"}):
        harmless((tmp_path / f"out.{form}").read_text())
    for command in ("list", "show system", "show survives", "test"):
        shown(*command.split(), "acme.yaml")
    for form in ("smtlib", "btor2", "smv", "promela", "murphi"):
        shown("export", "acme.yaml", "--only", "KX102", "--format", form)
    shown("why", "acme.yaml", "KX105", "-v")
    for trace in sorted(os.listdir("traces")):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.itf\.json", trace)
        shown("replay", f"traces/{trace}", "--platform", "acme.yaml", "-v", "--state")


PLACES = ["platform: acme", "bnxt:", "prod:", "mine:", "prod -systemctl kexec-> prod", "KX102:"]


@pytest.mark.parametrize("place", PLACES)
def test_names_of_a_platform(shown: Shown, tmp_path: Path, place: str) -> None:
    """Names have a small alphabet; whatever else stands there is refused, and shown as it can be."""
    story = STORY.format(text="x")
    for hostile in HOSTILE:
        name = quoted(hostile)
        new = {"platform: acme": f"platform: {name}", "prod -systemctl kexec-> prod": name}.get(place, f"{name}:")
        (tmp_path / "acme.yaml").write_text(story.replace(place, new, 1))
        shown("list", "acme.yaml")


def test_names_of_files(shown: Shown, tmp_path: Path) -> None:
    for number, hostile in enumerate(h for h in HOSTILE if "\0" not in h and len(h) < 200 and "/" not in h):
        (tmp_path / f"{hostile}.yaml").write_text(STORY.format(text="x"))
        given = f"./{hostile}.yaml"
        shown("list", given)
        shown("replay", given)
        shown("verify-cert", given)
        shown("init", f"./{hostile}.new")
        if number % 12 == 0:
            shown("check", given, "--only", "KX102", "--trace-dir", f"./{hostile}")
            shown("check", given, "--only", "KX105", "--certificate", f"./{hostile}.cert")
            shown("why", given, "KX401")


def test_words_of_the_command_line(shown: Shown) -> None:
    commands = (
        "check", "why", "list", "replay", "explain", "schema", "help", "verify-cert", "show drivers", "show smmus",
        "show features", "show features --kernel", "check --only", "check --rlimit", "check x --format",
        "export", "export x --format", "export x --format smv --only",
        "replay x --until", "",
    )  # fmt: skip
    for command, hostile in product(commands, HOSTILE):
        main([*command.split(), hostile])
        said = shown.capsys.readouterr()
        harmless(said.out)
        harmless(said.err)


def test_words_of_a_trace(shown: Shown, tmp_path: Path) -> None:
    """Wherever a trace file has a text, it may have any text: nothing of it is shown raw, run or followed."""
    (tmp_path / "acme.yaml").write_text(STORY.format(text="x"))
    shown("check", "acme.yaml", "--only", "KX102", "--trace-dir", ".")
    whole = json.loads((tmp_path / "KX102-bnxt-kexec.itf.json").read_text())
    for hostile in ("".join(HOSTILE), "::error a::x", "../../etc/passwd"):
        for change in _changes(whole, hostile):
            (tmp_path / "t.itf.json").write_text(json.dumps(change))
            shown("replay", "t.itf.json", "-v", "--state")


def _changes(whole: dict[str, object], hostile: str) -> list[object]:
    text = json.dumps(whole)
    found = [
        text.replace('"acme.yaml"', quoted(hostile), 1), text.replace('"KX102"', quoted(hostile), 1),
        text.replace('"bnxt"', quoted(hostile), 1), text.replace('"kexecspec/trace/1"', quoted(hostile), 1),
        text.replace('"LEAK"', quoted(hostile), 1), text.replace('"acme"', quoted(hostile), 1),
        text.replace('"phase"', quoted(hostile)), text.replace('"up"', quoted(hostile)),
        re.sub(r'"action": "optee[^"]*"', lambda _: f'"action": {quoted(hostile)}', text),
        re.sub(r'"sha256": "[0-9a-f]*"', lambda _: f'"sha256": {quoted(hostile)}', text),
        re.sub(r'"index": 1\b', lambda _: f'"index": {quoted(hostile)}', text),
    ]  # fmt: skip
    assert all(one != text for one in found)
    return [json.loads(one) for one in found]


def test_words_of_a_certificate(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(STORY.format(text="x"))
    shown("check", "acme.yaml", "--only", "KX105", "--certificate", "cert")
    manifest = tmp_path / "cert" / "manifest.json"
    text = manifest.read_text()
    for hostile in ("".join(HOSTILE), "../../etc/passwd"):
        for old in ('"acme"', '"platform.yaml"', '"system.smt2"', '"PROVED"', '"KX105/bnxt@any"', '"0.1.0"'):
            changed = text.replace(old, quoted(hostile), 1)
            assert changed != text
            manifest.write_text(json.dumps(json.loads(changed), indent=1) + "\n")
            for form in ("text", "json"):
                main(["verify-cert", "cert", "--format", form])
                said = shown.capsys.readouterr()
                harmless(said.out)
                harmless(said.err)


@settings(max_examples=int(os.environ.get("KEXECSPEC_SOAK", "0")) or 200)
@given(st.text(max_size=60))
def test_any_text_is_made_harmless(text: str) -> None:
    harmless(inert(escape(text)))
    line = f"kexecspec check {shell(text)}"
    Shown.one_command(line)
    assert len(shlex.split(line)) == 3 and not shlex.split(line)[2].startswith("-")
