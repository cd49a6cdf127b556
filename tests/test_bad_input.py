"""Every way in which a file can be wrong ends in a message at its place, in bounded time."""

# ruff: noqa: E501  (tables of cases read better unwrapped)

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kexecspec import textfile
from kexecspec.diagnostics import Diagnostic, InputError, render_all
from kexecspec.input_codes import INPUT_CODES
from kexecspec.library import library
from kexecspec.platform.ways import read_platforms
from kexecspec.schema import validate
from kexecspec.source import load, parse, read
from kexecspec.textfile import LARGEST, decode, line_reader


def wrong(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(InputError) as caught:
        parse(text, "bad.yaml")
    assert all(diagnostic.code in INPUT_CODES for diagnostic in caught.value.diagnostics)
    return caught.value.diagnostics


def short(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, int, int, str]]:
    return [(d.code, d.span.line, d.span.column, d.message) for d in diagnostics]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "message"),
    [
        ("a: [1, 2\nb: 3\n", "KX001", 2, 2, "not YAML: did not find expected ',' or ']'"),
        ("a: b: c\n", "KX001", 1, 5, "not YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: 1\n", "KX001", 2, 1, "not YAML: found character that cannot start any token"),
        ("a: 'x\n", "KX001", 2, 1, "not YAML: found unexpected end of stream"),
        ('a: "\\ud800"\n', "KX001", 1, 7, "not YAML: found invalid Unicode character escape code"),
        ("a: 1\nb: 2\na: 3\n", "KX005", 3, 1, "duplicate key 'a' (line 1)"),
        ("x:\n  - {k: 1,\n     'k': 2}\n", "KX005", 3, 6, "duplicate key 'k' (line 2)"),
        (f"a: {'9' * 41}\n", "KX007", 1, 4, "the number is longer than 40 digits"),
        ("", "KX016", 1, 1, "the file is empty"),
        ("# only a comment\n\n", "KX016", 1, 1, "the file is empty"),
        ("a: 1\n---\nb: 2\n", "KX017", 2, 1, "a second document begins here"),
        ("a: !!python/object:os.system x\n", "KX020", 1, 4, "a tag ('tag:yaml.org,2002:python/object:os.system') is not supported"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "KX020", 3, 3, "merge keys ('<<') are not supported"),
        ("[a]: 1\n", "KX020", 1, 1, "a key must be plain text, not a list or mapping"),
        ("? &a [1]\n: 2\n", "KX020", 1, 3, "a key must be plain text, not a list or mapping"),
        ("a: &x [1]\n*x : 2\n", "KX020", 2, 1, "a key must be plain text, not a list or mapping"),
        ("?\n: 1\n", "KX020", 1, 2, "a key is missing before ':'"),
        ("a: *nowhere\n", "KX020", 1, 4, "no anchor &nowhere before this alias"),
        ("a: &x [1, *x]\n", "KX020", 1, 11, "alias *x stands inside of what it repeats"),
        ("[" * 100, "KX018", 1, 65, "nested deeper than 64 levels"),
        ("- " * 100_000, "KX018", 1, 129, "nested deeper than 64 levels"),
    ],
)  # fmt: skip
def test_one_thing_wrong(text: str, code: str, line: int, column: int, message: str) -> None:
    assert short(wrong(text)) == [(code, line, column, message)]


def test_all_errors_at_once() -> None:
    found = short(wrong("a: 1\na: 2\nb: !x 3\nc: *no\nd: [\n"))
    assert [(code, line) for code, line, _, _ in found] == [
        ("KX005", 2),
        ("KX020", 3),
        ("KX020", 4),
        ("KX001", 6),
    ]


def test_the_words_of_other_yaml_stay_text() -> None:
    assert not short_of("platform: a\nkernels: {k: {version: 5.10, cmdline: no}}\n")
    traps = "platform: a\nkernels: {k: {version: 5.10, kdump: yes, min_threads: 010}}\nsecure_world: {optee: 3.13.0, threads: 1:30}\n"
    assert short_of(traps) == [
        ("KX004", 2, 37, "'kdump' is true, false or unknown, not the text 'yes'"),
        ("KX004", 2, 55, "'min_threads' is a number, not the text '010'"),
        ("KX004", 3, 40, "'threads' is a number, not the text '1:30'"),
    ]


def short_of(text: str) -> list[tuple[str, int, int, str]]:
    return short(validate(parse(text, "f"), "platform"))


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (b"\xef\xbb\xbfa: 1\n", 1, 1, "the file begins with a byte order mark"),
        ("a: 1\n".encode("utf-16"), 1, 1, "the file is UTF-16, not UTF-8"),
        (b"a: 1\nb: \xff\n", 2, 4, "byte 0xff is not UTF-8"),
        (b"a: \xc3", 1, 4, "byte 0xc3 is not UTF-8"),
        (b"a: 1\r\nb: \x1b[2J\n", 2, 4, "control character '\\x1b' in the text"),
        (b"a: \x00\n", 1, 4, "control character '\\x00' in the text"),
        ("a: x\u2028b: 1".encode(), 1, 5, "control character '\\u2028' in the text"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, line: int, column: int, message: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(str(file))
    assert short(caught.value.diagnostics) == [("KX015", line, column, message)]
    assert caught.value.diagnostics[0].span.path == str(file)


def refused(path: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        load(path)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.span.path == path
    return diagnostic.code, diagnostic.message


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(str(tmp_path)) == ("KX014", "a directory, not a file")
    assert refused(str(pipe)) == ("KX014", "a pipe, not a file")
    assert refused("/dev/null") == ("KX014", "a device, not a file")
    assert refused(str(tmp_path / "none.yaml")) == ("KX013", "cannot be read: No such file or directory")
    assert refused(str(tmp_path / ("n" * 300)))[0] == "KX013"
    assert refused("a\0b") == ("KX013", "cannot be read: this is no file name")


def test_a_file_that_turns_into_a_directory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")
    real = os.open
    monkeypatch.setattr(textfile.os, "open", lambda _, flags: real(tmp_path, flags))
    assert refused(str(file))[0] in ("KX013", "KX014")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(textfile.os, "open", denied)
    assert refused(str(file)) == ("KX013", "cannot be read: Permission denied")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(100 << 20)
    begun = time.monotonic()
    assert refused(str(file)) == ("KX018", "the file is too large: 104857600 bytes; at most 4 MiB are read")
    assert time.monotonic() - begun < 1


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "grows.yaml"
    file.write_bytes(b"#" * (LARGEST + 5))
    real = os.fstat(os.open(tmp_path, os.O_RDONLY))
    small = os.stat_result((0o100644, *tuple(real)[1:6], 0, *tuple(real)[7:10]))
    monkeypatch.setattr(textfile.os, "fstat", lambda _: small)
    assert refused(str(file)) == (
        "KX018",
        "the file is too large: more than 4194304 bytes; at most 4 MiB are read",
    )


def laughs(width: int, levels: int) -> str:
    lines = [f"a0: &a0 [{', '.join(['ha'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


def test_aliases_that_explode_are_stopped() -> None:
    begun = time.monotonic()
    ((code, line, _, message),) = short(wrong(laughs(9, 30)))
    assert (code, line) == ("KX018", 6)
    assert message == "more than 400000 values, counting what aliases repeat"
    assert time.monotonic() - begun < 1


def test_aliases_that_go_deep_are_stopped() -> None:
    ((code, line, _, message),) = short(wrong(laughs(1, 100)))
    assert (code, line, message) == ("KX018", 64, "nested deeper than 64 levels")


def test_too_many_values_are_stopped() -> None:
    ((code, _, _, message),) = short(wrong("[" + "1," * 500_000 + "]"))
    assert (code, message) == ("KX018", "more than 400000 values, counting what aliases repeat")


def test_many_errors_stay_quick_and_few() -> None:
    many = "\n".join(f"k: *a{i}" for i in range(20_000))
    begun = time.monotonic()
    assert len(wrong(many)) == 100
    keys = "memory: {" + ",".join(f"key{i}: [1]" for i in range(5_000)) + "}"
    assert len(short_of(keys)) == 100
    mappings = "duties: [" + ",".join(["{a: 1}"] * 5_000) + "]"
    assert len(short_of(mappings)) == 100
    assert time.monotonic() - begun < 4


@given(st.binary(max_size=300))
@example(b"a: \xe2\x80\xa8")
@example(b"%YAML 1.1\n---\n!<tag:x> a")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        validate(parse(decode(content, "f"), "f"), "platform")
    except InputError as error:
        assert error.diagnostics


KEYS = st.sampled_from(
    ["platform", "memory", "devices", "kernels", "secure_world", "handoffs", "dma", "x", "ram", "a"]
)
WORDS = st.sampled_from(
    [
        "yes",
        "5.10",
        "0x10",
        "&a 1",
        "*a",
        "none",
        "ring",
        "!t x",
        "a -kexec-> b",
        "~",
        "[",
        "}",
        "|\n x",
        "\u202e",
    ]
)
VALUES = st.recursive(
    WORDS | st.integers().map(str),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
    | st.dictionaries(KEYS, inner, max_size=3).map(
        lambda table: "{" + ", ".join(f"{key}: {value}" for key, value in table.items()) + "}"
    ),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_yaml_is_read_or_refused(table: dict[str, str]) -> None:
    text = "\n".join(f"{key}: {value}" for key, value in table.items())
    try:
        diagnostics = validate(parse(text, "f"), "platform")
    except InputError as error:
        diagnostics = error.diagnostics
    lines = [*text.split("\n"), ""]
    shown = render_all(diagnostics, lambda span: lines[min(span.line, len(lines)) - 1])
    assert shown.replace("\n", "").isprintable()


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        validate(parse(decode(text.encode("utf-8", "surrogatepass"), "f"), "f"), "driver")
    except InputError as error:
        assert all(diagnostic.code in INPUT_CODES for diagnostic in error.diagnostics)


def test_a_hostile_file_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m.yaml"
    file.write_text('"\\e[2J": 1\n"\\u202egood": 2\n', encoding="utf-8")
    shown = render_all(validate(load(str(file)), "platform"), line_reader())
    assert shown.replace("\n", "").isprintable()
    assert "unknown key '\\x1b[2J'" in shown
    assert "unknown key '\\u202egood'" in shown


@pytest.mark.parametrize(
    ("part", "entry", "number", "most"),
    [
        ("devices", "d{}: {{driver: tee_bnxt_fw}}", 257, 256),
        ("kernels", "k{}: {{version: 6.1}}", 65, 64),
        ("smmus", "s{}: {{variant: x}}", 2001, 2000),
        ("duties", "- n{}", 1001, 1000),
    ],
)
def test_more_than_can_be_judged_is_refused_at_once(
    tmp_path: Path, part: str, entry: str, number: int, most: int
) -> None:
    file = tmp_path / "many.yaml"
    begun = time.process_time()
    for entries, refused in ((most, False), (number, True), (20_000, True)):
        lines = "\n".join("  " + entry.format(i) for i in range(entries))
        file.write_text(f"platform: a\nsecure_world: none\n{part}:\n{lines}\n")
        try:
            read_platforms(str(file), library())
        except InputError as error:
            assert ("KX018" in {d.code for d in error.diagnostics}) == refused
    assert time.process_time() - begun < 10


def test_files_that_extend_one_another_are_counted_together(tmp_path: Path) -> None:
    for number in range(3):
        lines = "".join(f"k{number}x{i}: [{'1, ' * 160}]\n" for i in range(1000))
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\n{lines}")
    begun = time.process_time()
    with pytest.raises(InputError) as caught:
        load(str(tmp_path / "0.yaml"))
    assert caught.value.diagnostics[0].code == "KX018" and time.process_time() - begun < 10
