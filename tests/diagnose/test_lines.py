"""Console logs as they come: noise is taken away, known lines are found, also where they are folded, cut or mixed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kexecspec.diagnose.lines import LONGEST, Line, lines_of, read_log
from kexecspec.diagnose.symptoms import Sight, literal, sights, symptoms_of
from kexecspec.diagnostics import InputError
from kexecspec.library import library

SYMPTOMS = symptoms_of(library())
STORM = 'arm-smmu 64000000.mmu: Blocked unknown Stream ID 0x2000; boot with "arm-smmu.disable_bypass=0" to allow'
HUNG = (
    "[  243.359489] INFO: task swapper/0:1 blocked for more than 120 seconds.",
    "[  243.385543] Call trace:",
    "[  243.407067]  optee_cq_wait_for_completion+0x28/0xa8",
    "[  243.416685]  optee_probe+0x560/0x61c",
)


def seen(*lines: str | bytes) -> tuple[Sight, ...]:
    content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return sights(lines_of(content), SYMPTOMS)


def ids(sight: Sight) -> set[str]:
    return {match.symptom.id for match in sight.matches}


def test_every_symptom_knows_the_wordings_that_it_gives() -> None:
    for spec in library().all("properties"):
        for entry in spec.content.get("symptoms", ()):
            (symptom,) = [one for one in SYMPTOMS if one.id == f"{spec.name}:{entry['name']}"]
            for example in entry["examples"]:
                assert symptom.line.search(example), (symptom.id, example)
                assert literal(symptom.line.pattern) in example
                assert symptom.id in ids(seen(example)[0])
    assert {symptom.code for symptom in SYMPTOMS} >= {"KX101", "KX103", "KX201", "KX204", "KX302", "KX303"}


@pytest.mark.parametrize(
    "line",
    [
        STORM,
        f"[   12.345678][    T1] {STORM}\r",
        f"<3>[ 12.3] {STORM}",
        f"May 12 01:50:56 board kernel: {STORM}",
        f"> > > > {STORM}",
        f"\x1b[1;31m{STORM}\x1b[0m",
        f"login: \r{STORM}\r\r",
        "arm-smmu 64000000.mmu: Blocked unknown Stream\x00 ID 0x2000",
        "arm-smmu 64000000.mmu: Blocked unknown Stream ID 0x00002000",
        b"\xff\xfe\x80 \xc3 arm-smmu: Blocked unknown Stream ID 0x2000; b\xff"[2:],
        f"[ 1.2] usb 1-1: new hi{STORM}gh-speed",
    ],
    ids=["bare", "stamp", "level", "syslog", "mail", "colour", "returns", "nul", "zeros", "bytes", "mixed"],
)
def test_a_line_is_known_through_noise(line: str | bytes) -> None:
    (sight,) = seen("one", line, "three")

    assert sight.first.number == 2
    assert [(match.symptom.id, match.told) for match in sight.matches] == [
        ("KX302:unknown-stream", {"stream": "0x2000"})
    ]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("abc", "abc"),
        (r"(?:ab|cd) ef\b", " ef"),
        ("ab|cd", ""),
        (r"(ab) ?c*de+f", "d"),
        (r"\bINFO: task \S.*? blocked for \d{3}", " blocked for "),
        (r"a\(b[x(y]cde{2}", "cd"),
        (r"(?:a(?:b|c)d)?", ""),
    ],
)
def test_the_literal_of_a_pattern_is_in_all_that_it_matches(pattern: str, text: str) -> None:
    assert literal(pattern) == text


def test_utf_16_from_a_terminal_program_is_read() -> None:
    assert sights(lines_of(b"\xff\xfe" + STORM.encode("utf-16-le")), SYMPTOMS)


def test_a_line_that_a_terminal_folded_is_put_together_unless_a_new_one_begins() -> None:
    (sight,) = seen("[ 1.0] arm-smmu mmu: Blocked unknown Str", "eam ID 0x2000; boot with")
    assert ids(sight) == {"KX302:unknown-stream"}

    assert seen("[ 1.0] arm-smmu mmu: Blocked unknown Str", "[ 1.1] eam ID 0x2000; boot with") == ()


def test_what_is_said_often_is_one_sight_and_other_streams_are_others() -> None:
    first, second = seen(STORM, STORM, STORM.replace("0x2000", "0x429"), STORM)

    assert (first.count, first.first.number, first.last.number) == (3, 1, 4)
    assert second.matches[0].told == {"stream": "0x429"}


def test_a_hung_task_is_told_by_what_it_waits_for() -> None:
    (probe,) = seen(*HUNG)
    assert ids(probe) == {"KX201:probe", "KX201:boot"} and not any(m.partial for m in probe.matches)

    (hook,) = seen(*(line.replace("optee_probe", "optee_shutdown") for line in HUNG))
    assert "KX204:hook" in ids(hook) and "KX201:probe" not in ids(hook)


def test_lines_of_others_between_those_of_a_report_do_not_end_it() -> None:
    mixed = [text for line in HUNG for text in (line, STORM, "[  243.4] usb 1-1: new device")]

    probe = next(sight for sight in seen(*mixed) if "KX201:probe" in ids(sight))

    assert not any(match.partial for match in probe.matches)


def test_a_task_that_hangs_elsewhere_is_no_symptom() -> None:
    assert seen(HUNG[0], HUNG[1], "[  243.4]  nfs_wait_bit_killable+0x28/0xa8") == ()


def test_a_report_whose_end_is_cut_off_may_be_any_that_begins_so() -> None:
    (sight,) = seen(HUNG[0])

    assert all(match.partial for match in sight.matches)
    assert {"KX201:probe", "KX201:boot", "KX203:lock", "KX204:hook", "KX205:nested"} == ids(sight)


def test_nothing_known_is_nothing() -> None:
    assert seen("Booting Linux on physical CPU 0x0", "random: crng init done") == ()


def test_lines_keep_their_numbers() -> None:
    assert lines_of(b"a\r\n\r\nb\rc\n> d\n") == (Line(1, "a"), Line(3, "b"), Line(3, "c"), Line(4, "d"))


def test_random_bytes_end_in_lines_that_a_terminal_survives() -> None:
    chance = random.Random(7)
    known = [HUNG[0].encode(), STORM.encode(), b"pc : tee_shm_free"]
    pieces = [*known, b"\x1b[", b"\x1b]0;", b"\r", b"\n", b"\xff", b"> "]
    for _ in range(200):
        content = b"".join(chance.choice([*pieces, chance.randbytes(3)]) for _ in range(40))
        lines = lines_of(content)
        for sight in sights(lines, SYMPTOMS):
            assert sight.matches and 1 <= sight.first.number <= sight.last.number <= content.count(b"\n") + 1
        assert not any(ord(char) < 32 and char != "\t" or 127 <= ord(char) < 160 for x in lines for char in x.text)


def test_a_line_without_end_is_cut_and_read_in_no_time() -> None:
    (sight,) = seen(STORM + "tee_shm_ tee" * 200_000)

    assert len(sight.first.text) == LONGEST


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "KX016"), (b"\r\n\x00\n", "KX016"), (b"\x1f\x8b\x08rest", "KX015")]
)
def test_logs_that_cannot_be_read(content: bytes, code: str, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(content)

    with pytest.raises(InputError) as raised:
        read_log(str(file))

    assert [one.code for one in raised.value.diagnostics] == [code]
