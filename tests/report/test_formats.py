"""Every format of a report, read by a parser that is not ours or by one that takes the format's documentation at its
word; all of them say the same."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from junitparser import Error, Failure, JUnitXml, Skipped
from ktap_strict import Read, read
from made_reports import disagreeing, leak, not_judged, prop, proved, refuted, report, unknown, unmet, vacuous
from markdown_it import MarkdownIt
from sarif_rules import SCHEMA
from test_codes import CASES

from kexecspec.cli.console import inert
from kexecspec.diagnostics import Diagnostic, Span
from kexecspec.findings import Missing, Report, Taken
from kexecspec.ir.system import Place
from kexecspec.ir.verdict import Lap, Verdict
from kexecspec.platform.facts import Reliance
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.report.entries import entries
from kexecspec.report.itf_read import read_trace
from kexecspec.report.look import RuleText
from kexecspec.report.outcome import exit_code

HOSTILE = "\x1b[31m<script>|`@root` #1\n::error::x\r\n]]>&amp;\u202e=cmd()"
NEVER = (Missing(("phase == up",), "the jump", "jump", ()),)
EVERYTHING = report(
    proved(), refuted(lap=Lap(3, 2, 2, "tee.stale", 96)), leak(), unknown(), vacuous(), not_judged(), disagreeing(),
    refuted("KX302", severity="note"), proved("KX107", alike=tuple(f"eth{n}" for n in range(3000))),
    refuted("KX105", alike=("eth0", "eth1")),
    unmet=(unmet(),), met=1, objections=("something",),
    taken=(Taken("prod -kexec-> prod", "kexec", Place("boards/acme.yaml", 9, 1), Verdict.REFUTED, missing=NEVER),),
)  # fmt: skip
WRONG = Outcome("x.yaml", None, (Diagnostic("KX001", "not YAML", Span("x.yaml", 3, 2), ("a note",), "help"),))
ALL = (Outcome("boards/acme.yaml", EVERYTHING), WRONG)
TEXT = RuleText("a-name", "A title", "LEAK", "Why so.", "Free it in .shutdown.", ("a hint",), (("commit 1", "says"),))
LOOK = Look(root="/nowhere", explain=lambda code: TEXT if code.startswith("KX10") else None)
COMMONMARK = MarkdownIt("commonmark", {"html": True}).enable("table")


def made(form: str, *outcomes: Outcome, look: Look = LOOK) -> str:
    return REPORTERS[form](outcomes or ALL, look)


def spoilt() -> Report:
    """A report whose every text is hostile."""
    wanted = replace(prop("KX102"), says=HOSTILE, place=Place(f"boards/{HOSTILE}.yaml", 7, 3))
    found = replace(leak(), property=wanted)
    replay = found.replay
    assert replay is not None
    steps = tuple(replace(step, says=HOSTILE, actor=HOSTILE) for step in found.steps)
    found = replace(found, steps=steps, replay=replace(replay, log=(HOSTILE, "````"), where=HOSTILE))
    doubt = Reliance(HOSTILE, HOSTILE)
    return report(
        found, platform=HOSTILE, path=HOSTILE, assumptions=(doubt,), reliances=(doubt,), objections=(HOSTILE,)
    )


SPOILT = Outcome(HOSTILE, spoilt())


@pytest.mark.parametrize("form", REPORTERS)
def test_no_hostile_text_gets_through(form: str) -> None:
    text = made(form, SPOILT, look=replace(LOOK, root=""))
    assert all(ch == "\n" or ch.isprintable() for ch in text)
    shown = text if form == "github" else inert(text)
    assert not re.search(r"^\s*::(?!error file=)", shown, re.MULTILINE)


@pytest.mark.parametrize("form", REPORTERS)
def test_made_again_it_is_the_same(form: str) -> None:
    assert made(form) == made(form)


@pytest.mark.parametrize("name", CASES)
def test_an_entry_fails_where_the_check_does(name: str) -> None:
    """What fails by the exit code fails in every format, and nothing else does."""
    content, code = CASES[name]
    assert any(entry.failed for entry in entries([Outcome("a", content)], LOOK)) == (code != 0)


def test_with_flags_an_entry_fails_where_the_check_does() -> None:
    bounded, doubted = report(unknown()), report(proved(rests_on=(Reliance("a", "b"),)))
    for content, look in product_of((bounded, doubted)):
        failed = any(entry.failed for entry in entries([Outcome("a", content)], look))
        assert failed == (exit_code(content, look.accept_bounded, look.strict_sources) != 0)


def product_of(reports: tuple[Report, ...]) -> list[tuple[Report, Look]]:
    looks = [replace(LOOK, accept_bounded=a, strict_sources=s) for a in (False, True) for s in (False, True)]
    return [(one, look) for one in reports for look in looks]


def test_keys_are_unique_and_know_no_lines() -> None:
    keys = [entry.key for entry in entries([*ALL, *ALL], LOOK)]
    assert len(set(keys)) == len(keys)
    moved = replace(leak(), property=replace(prop("KX102"), place=Place("boards/acme.yaml", 99, 1)))
    before, after = (entries([Outcome("a", report(one))], LOOK)[0].key for one in (leak(), moved))
    assert before == after


def valid_sarif(text: str) -> dict[str, object]:
    content = json.loads(text)
    Draft202012Validator.check_schema(SCHEMA)
    errors = [error.message for error in Draft202012Validator(SCHEMA).iter_errors(content)]
    assert errors == []
    return content["runs"][0]


def test_sarif() -> None:
    run = valid_sarif(made("sarif"))
    valid_sarif(made("sarif", SPOILT))
    results = {one["message"]["text"].split(":")[0]: one for one in run["results"]}
    assert len(results) == len(run["results"])
    kinds = {name: (one["kind"], one["level"]) for name, one in results.items()}
    assert kinds["KX103/bnxt@kexec"] == ("fail", "error") and kinds["KX101/bnxt@kexec"] == ("pass", "none")
    assert kinds["KX301/eth0@kexec"] == ("open", "none") and kinds["KX302/bnxt@kexec"] == ("fail", "note")
    flow = results["KX103/bnxt@kexec"]["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["executionOrder"] for step in flow] == list(range(1, 9))
    assert "bnxt.held: false -> true" in flow[0]["location"]["message"]["text"]
    assert "the same of eth0, eth1" in results["KX105/bnxt@kexec"]["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"] is False
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]


def test_sarif_paths_are_relative() -> None:
    content = report(replace(leak(), property=replace(prop("KX102"), place=Place("/work/a b/c.yaml", 2, 3))))
    run = valid_sarif(made("sarif", Outcome("/work/a b/c.yaml", content), look=replace(LOOK, root="/work")))
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "a%20b/c.yaml", "uriBaseId": "%SRCROOT%"}


def test_junit() -> None:
    suites = list(JUnitXml.fromstring(made("junit").encode()))
    assert [suite.name for suite in suites] == ["acme-r1", "x.yaml"]
    found = {case.name: case for case in suites[0]}
    assert len(found) == suites[0].tests == len(entries(ALL[:1], LOOK))
    answers = {name: [type(one) for one in case.result] for name, case in found.items()}
    assert answers["KX103/bnxt@kexec"] == [Failure] and answers["KX101/bnxt@kexec"] == []
    assert answers["KX301/eth0@kexec"] == [Error] and answers["KX201/optee@kexec"] == [Skipped]
    assert "the jump to prod" in found["KX103/bnxt@kexec"].result[0].text
    element = found["KX103/bnxt@kexec"]._elem
    assert (element.get("file"), element.get("line")) == ("boards/acme.yaml", "7")
    for kind, number in ((Failure, suites[0].failures), (Error, suites[0].errors), (Skipped, suites[0].skipped)):
        assert sum(kind in one for one in answers.values()) == number
    assert list(JUnitXml.fromstring(made("junit", SPOILT).encode()))


def test_ktap() -> None:
    tests = read(made("ktap"))
    assert [test.passed for test in tests] == [False, False]
    inside = {test.name: test for test in tests[0].inside}
    assert len(inside) == len(entries(ALL[:1], LOOK))
    assert not inside["KX103/bnxt@kexec"].passed and inside["KX101/bnxt@kexec"].passed
    assert inside["KX301/eth0@kexec"].directive == "ERROR" and inside["KX302/bnxt@kexec"].passed
    assert inside["KX201/optee@kexec"] == Read("KX201/optee@kexec", True, "SKIP", "there is no such part")
    assert [test.passed for test in read(made("ktap", Outcome("a", report(proved()))))] == [True]
    assert len(read(made("ktap", SPOILT))) == 1


@pytest.mark.parametrize(
    "text",
    ["KTAP version 1\n1..1\nok 2 a\n", "KTAP version 1\n1..1\nok 1 a", "KTAP version 1\n1..2\nok 1 a\nmore\n",
     "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 a\nok 1 b\n", "KTAP version 1\n1..1\nok 1 a\nok 2 b\n",
     "KTAP version 1\n1..1\nok 1 a # ERROR x\n"],
)  # fmt: skip
def test_the_strict_reader_is_strict(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        read(text)


def test_github() -> None:
    lines = made("github").splitlines()
    command = re.compile(r"::(error|warning|notice) file=[^,:]+,line=\d+,col=\d+,title=[^,:]+::.+")
    assert all(command.fullmatch(line) for line in lines)
    assert sum(line.startswith("::error ") for line in lines) == 9
    assert sum(line.startswith("::warning ") for line in lines) == sum(line.startswith("::notice ") for line in lines)
    assert all(command.fullmatch(line) for line in made("github", SPOILT).splitlines())
    assert made("github", Outcome("a", report(proved(), not_judged()))) == ""


GITLAB = {
    "type": "array",
    "items": {
        "type": "object", "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"}, "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object", "required": ["path", "lines"], "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "pattern": "^[^./]"},
                    "lines": {"type": "object", "required": ["begin"], "additionalProperties": False,
                              "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}  # fmt: skip
"""GitLab's documentation of a custom code quality tool: these keys, a path in the repository without a leading `./`."""


def test_gitlab() -> None:
    issues = json.loads(made("gitlab"))
    Draft202012Validator(GITLAB).validate(issues)
    Draft202012Validator(GITLAB).validate(json.loads(made("gitlab", SPOILT)))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert {issue["check_name"] for issue in issues} >= {"KX103", "KX301", "handoff", "expect", "disagreement", "KX001"}
    assert json.loads(made("gitlab", Outcome("a", report(proved())))) == []


def test_csv() -> None:
    header, *rows = csv.reader(io.StringIO(made("csv")), strict=True)
    assert {len(row) for row in rows} == {len(header)}
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert [line["verdict"] for line in lines].count("REFUTED") == 4
    many = next(line for line in lines if line["code"] == "KX107")
    assert many["stands for"] == "3001" and len(many["alike"].split()) == 3000
    for row in csv.reader(io.StringIO(made("csv", SPOILT)), strict=True):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_markdown() -> None:
    for outcomes in (ALL, (SPOILT,)):
        tokens = COMMONMARK.parse(made("markdown", *outcomes))
        flat = [inner for token in tokens for inner in (token, *(token.children or ()))]
        assert not {token.type for token in flat} & {"html_block", "html_inline", "link_open", "image", "em_open"}
        assert {"heading_open", "table_open", "fence"} <= {token.type for token in flat}
    cells = [t.content for t in COMMONMARK.parse(made("markdown")) if t.type == "inline"]
    assert "**REFUTED**" in cells and "`KX103/bnxt@kexec`" in cells
    fences = [t.content for t in COMMONMARK.parse(made("markdown")) if t.type == "fence"]
    assert "tee_bnxt_fw: probe of optee-clnt0 failed with error -22\n" in fences


def test_every_row_of_a_markdown_table_has_all_its_cells() -> None:
    for outcomes in (ALL, (SPOILT,)):
        rows, width = 0, 0
        for token in COMMONMARK.parse(made("markdown", *outcomes)):
            if token.type == "tr_open":
                width = 0
            width += token.type in ("th_open", "td_open")
            if token.type == "tr_close":
                assert width in (4, 5)
                rows += 1
        lines = [line for line in made("markdown", *outcomes).splitlines() if line.startswith("| ")]
        assert rows == len(lines)


def test_lore() -> None:
    """A mail that can be sent: a subject, plain ASCII, 72 columns but for quoted input and logs."""
    shown = {1: "schema: kexecspec/platform/1", 2: "platform: acme-r1"}
    look = replace(LOOK, line_of=lambda span: shown.get(span.line))
    text = made("lore", Outcome("boards/acme.yaml", EVERYTHING), look=look)
    head, _, body = text.partition("\n\n")
    assert head.startswith("Subject: [kexecspec] acme-r1: ") and len(head) <= 72
    assert text.isascii() and all(len(line) <= 72 for line in text.splitlines())
    for wanted in ("A model of acme-r1 finds that bnxt cannot do what it needs", "sequence:\n  kernel 1\n   1. bnxt",
                   "usual fix: Free it", "reproduce: kexecspec check boards/acme.yaml", "  platform: acme-r1",
                   "left out:  GIC state", "- KX102/bnxt@kexec after 1 handoff"):  # fmt: skip
        assert wanted in body
    assert "PASS, 1 of 1 proved" in made("lore", Outcome("a", report(proved())))


def test_itf_holds_the_first_error_that_is_refuted(tmp_path) -> None:
    text = made("itf", Outcome("a", report(proved(), refuted("KX302", severity="note"), leak())))
    (tmp_path / "t.itf.json").write_text(text)
    assert read_trace(str(tmp_path / "t.itf.json")).property_id == "KX102/bnxt@kexec"
    assert made("itf", Outcome("a", report(proved()))) == ""


def test_the_harm_that_is_told_is_the_one_that_was_suffered() -> None:
    """KX304 can be suffered as CORRUPTION and as REFUSED; a heading that says the other would be false."""
    found = refuted("KX304")
    assert found.replay is not None
    found = replace(found, replay=replace(found.replay, harm="REFUSED"))
    outcome = Outcome("boards/acme.yaml", report(found))

    for form in ("text", "lore", "json", "itf", "sarif", "github", "junit", "ktap", "gitlab", "csv"):
        told = made(form, outcome)
        assert found.property.harm not in told, form
        assert "REFUSED" in told, form
