"""Questions get answers: equal ones once, known ones not again, and what cannot be judged says so."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kexecspec.audit import answers as answers_module
from kexecspec.audit import run
from kexecspec.audit.answers import Answer, answer, line_of, read_line
from kexecspec.audit.asked import Asked, asked
from kexecspec.audit.audit import audit_of
from kexecspec.audit.boards import Unread, blobs, chosen_for, read_boards
from kexecspec.audit.clients import possible
from kexecspec.audit.kept import earlier, journal
from kexecspec.audit.questions import Question, questions
from kexecspec.audit.run import ask, rows_of
from kexecspec.diagnostics import InputError
from kexecspec.importers.board import Board, TeeKind
from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.facts import Fact, Place, unknown
from kexecspec.ir.verdict import Verdict as Answered
from kexecspec.library import library
from kexecspec.solve.budget import RLIMIT
from tests.audit.sample import content, verdict
from tests.goldens import ROOT

FOUND = Answer("k1", (verdict(), verdict("PROVED", "crash", open=("a",), rests_on=("b",))))


def asked_of(**devices: Any) -> list[Question]:
    return list(questions(content(**devices), "a.dtb", "Model", library()))


def standings(question: Question) -> dict[str, str]:
    return {row.found.handoff: row.standing for row in rows_of(question, answer(question, RLIMIT))}


def test_masters_are_judged() -> None:
    behind = {"smmu": "iommu-1", "streams": [1]}
    enetc, edma, mmc, open_ = asked_of(
        eth={"driver": "fsl_enetc", **behind},
        edma={"driver": "generic-platform", "dma": {"kind": "ring", "writes": True}},
        mmc={"driver": "generic-platform", "dma": {"kind": "one-shot", "writes": True, "requests_by": "user"}},
        gpu={"driver": "generic-platform", "dma": "ring", "iova": "unknown", **behind},
    )
    assert standings(enetc) == {"kexec": "proved", "crash": "open"}
    assert standings(edma) == {"kexec": "error", "crash": "proved"}
    assert standings(mmc)["kexec"] in ("note", "proved")
    found = answer(open_, RLIMIT)
    assert {v.handoff: v.open for v in found.verdicts if v.verdict == "UNKNOWN"}["kexec"] == ("iova_hits_ram",)


def test_clients_that_a_trusted_os_may_have_are_asked_about() -> None:
    tee: Fact[TeeKind] = Fact("optee-smc", (Place("a.dtb"),))
    board = Board("a.dtb", "Model", (), False, unknown(), (), unknown(), unknown(), tee, (), (), (), ())
    made = content() | {"secure_world": {"optee": "unknown", "abi": "smc", "threads": 2}}
    every = {q.subject.name: q for q in possible(made, board, library())}
    assert {"optee", "optee-rng", "trusted_tee"} <= every.keys() and "tee_stmm_efi" not in every, "that came with 6.8"
    assert "devices" not in every["optee"].content and not every["optee"].subject.if_offered
    assert every["optee-rng"].subject.if_offered and every["optee-rng"].content["devices"] == {
        "client": {"driver": "optee-rng"}
    }
    assert not list(possible(content(), board, library())), "without a trusted OS there are none"


@pytest.mark.parametrize(
    ("verdict", "there", "hangs"),
    [("REFUTED", (True, False), ("secure_world.optee",)), ("REFUTED", (True, True), ()), ("PROVED", (True, False), ())],
)
def test_a_property_that_is_there_in_some_ways_only_hangs_on_what_tells_them_apart(
    verdict: str, there: tuple[bool, ...], hangs: tuple[str, ...]
) -> None:
    about = SimpleNamespace(property=SimpleNamespace(id="KX102/client@kexec"), verdict=Answered[verdict])
    ways = [
        SimpleNamespace(
            facts=(("secure_world.optee", str(number)), ("same", 1)),
            report=SimpleNamespace(findings=(about,) if found else ()),
        )
        for number, found in enumerate(there)
    ]
    assert answers_module.elsewhere(cast(Any, about), cast(Any, ways)) == hangs


def test_what_cannot_be_judged_says_why() -> None:
    (question,) = asked_of(a={"driver": "dwc3", "dma": "no such kind"})
    (row,) = rows_of(question, answer(question, RLIMIT))
    assert row.standing == "not judged" and row.found.why.startswith("nothing can be judged of it")


def test_each_question_is_asked_once_and_known_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    every = asked_of(a={"driver": "dwc3"}, b={"driver": "dwc3"}, c={"driver": "fsl-edma"}, d={"driver": "caam"})
    monkeypatch.setattr(run, "answer", lambda question, rlimit: Answer(question.key, (verdict(),)))
    kept: list[Answer] = []
    known = {every[3].key: Answer(every[3].key, (verdict("PROVED"),))}
    found = ask(every, known, 2, RLIMIT, kept.append)
    assert len(found) == 3 and found[every[3].key].verdicts[0].verdict == "PROVED"
    assert {one.key for one in kept} == {every[0].key, every[2].key}


def test_a_process_that_dies_leaves_the_others_their_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    every = asked_of(a={"driver": "dwc3"}, c={"driver": "fsl-edma"}, d={"driver": "caam"})

    def dying(question: Question, rlimit: int) -> Answer:
        if question.subject.driver == "fsl-edma":
            os._exit(7)
        return Answer(question.key, (verdict(),))

    monkeypatch.setattr(run, "answer", dying)
    found = ask(every, {}, 1, RLIMIT, lambda _: None)
    assert [bool(found[q.key].trouble) for q in every] == [False, True, False]


def test_answers_are_kept_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "answers.jsonl"
    assert earlier(path, "made") == {}
    with journal(path, "made", {}) as log:
        log.add(line_of(FOUND))
        log.add(line_of(Answer("k2", (), "trouble")))
        with pytest.raises(InputError, match="another audit"), journal(path, "made", {}):
            pass
    assert earlier(path, "made") == {"k1": FOUND, "k2": Answer("k2", (), "trouble")}
    assert earlier(path, "otherwise made") == {}
    with path.open("a") as file:
        file.write(line_of(Answer("k3", ()))[:-9])
    assert list(earlier(path, "made")) == ["k1", "k2"], "a line that is half written is none"
    assert read_line(line_of(FOUND)) == FOUND


@pytest.mark.parametrize("text", ["", "hello\n", "[]\n", '{"schema": "other"}\n', "{}\n"])
def test_another_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match="no answers of an audit"):
        earlier(path, "made")
    assert path.read_text() == text


@pytest.mark.parametrize("change", [{"verdicts": [{}]}, {"verdicts": 3}, {"key": None, "verdicts": [[1]]}])
def test_lines_that_are_no_answers(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read_line(json.dumps({**json.loads(line_of(FOUND)), **change}))


def test_boards_are_read_and_bad_ones_told(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/good.dtb").write_bytes((ROOT / "examples/import/board.dtb").read_bytes())
    (tmp_path / "cut.dtb").write_bytes(b"\xd0\x0d\xfe\xed")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [path.name for path in blobs(tmp_path)] == ["cut.dtb", "good.dtb"]
    told: list[tuple[int, int]] = []
    bad, good = read_boards(tmp_path, 2, lambda *n: told.append(n))
    assert isinstance(bad, Unread) and told[-1] == (2, 2)
    assert not isinstance(good, Unread) and good.file == "sub/good.dtb"

    import contextlib

    choose = chosen_for([good], lambda: contextlib.nullcontext(by_library(library())), 2, lambda *n: None)
    setting = Setting(version=Fact("6.1.192"))
    alone = asked(good, by_library(library()), setting, library())
    assert asked(good, choose, setting, library()) == alone, "chosen beforehand is as chosen at once"
    lost = asked(bad, choose, setting, library())
    assert lost.rows[0].found.verdict == "NOT_JUDGED" and lost.rows[0].subject.board == "cut.dtb"
    answers = {q.key: Answer(q.key, (verdict(),)) for q in alone.questions}
    whole = audit_of("6.1", "t", "m", [lost, alone], answers)
    assert (whole.boards, whole.with_masters, len(whole.rows)) == (2, 1, 1 + len(alone.rows) + len(alone.questions))
    assert isinstance(alone, Asked) and whole.rows[0].subject.board == "cut.dtb"
