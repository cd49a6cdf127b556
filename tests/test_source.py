"""YAML text becomes a tree whose every node knows where it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kexecspec.diagnostics import InputError, Span
from kexecspec.source import Items, Scalar, Table, at, find, key_at, load, parse, plain, read, walk
from kexecspec.textfile import line_text


def place(span: Span) -> tuple[int, int, int, int]:
    return span.line, span.column, span.end_line, span.end_column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("0", 0),
        ("-7", -7),
        ("1_000", 1000),
        ("0x8000_0000", 0x8000_0000),
        ("0X1f", 31),
        ("010", "010"),
        ("0o17", "0o17"),
        ("0b11", "0b11"),
        ("1__0", "1__0"),
        ("0x", "0x"),
        ("10:30", "10:30"),
        ("5.10", "5.10"),
        ("3.13.0", "3.13.0"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("0123456", "0123456"),
        ("2026-11-21", "2026-11-21"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("''", ""),
        ("=", "="),
    ],
)
def test_scalars(text: str, value: str | int | bool | None) -> None:
    node = find(parse(f"key: {text}\n", "f"), ("key",))
    assert isinstance(node, Scalar)
    assert node.value == value
    assert type(node.value) is type(value)


def test_keys_are_always_text() -> None:
    assert plain(parse("{6.1: a, no: b, 0x10: c, true: d, 7: e, null: f}", "f")) == {
        "6.1": "a", "no": "b", "0x10": "c", "true": "d", "7": "e", "null": "f",
    }  # fmt: skip


TEXT = """\
platform: acme
memory:
  ram:
    - 0x0 + 1GiB
    - "two"
  more: {a: 1,
    b: [x]}
notes: |
  first
  second
last:
"""


def test_every_node_knows_its_place() -> None:
    root = parse(TEXT, "f")
    places = {
        (): (1, 1, 11, 6),
        ("platform",): (1, 11, 1, 15),
        ("memory",): (3, 3, 7, 12),
        ("memory", "ram"): (4, 5, 5, 12),
        ("memory", "ram", 0): (4, 7, 4, 17),
        ("memory", "ram", 1): (5, 7, 5, 12),
        ("memory", "more"): (6, 9, 7, 12),
        ("memory", "more", "b", 0): (7, 9, 7, 10),
        ("notes",): (8, 8, 11, 1),
        ("last",): (11, 6, 11, 6),
    }
    assert {path: place(at(root, path)) for path in places} == places
    assert place(key_at(root, ("memory", "more"))) == (6, 3, 6, 7)
    assert place(key_at(root, ("memory", "ram", 1))) == (5, 7, 5, 12)
    assert at(root, ("memory", "none", "deeper")) == at(root, ("memory",))
    assert find(root, ("memory", "ram", 5)) is None
    assert find(root, ("platform", "x")) is None


def test_walk_meets_parents_first() -> None:
    paths = [path for path, _ in walk(parse("a: [1, {b: 2}]", "f"))]
    assert paths == [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b")]


def test_tables_answer_by_key() -> None:
    root = parse("a: 1\nb: [2]", "f")
    assert isinstance(root, Table)
    assert root.keys() == ("a", "b")
    assert isinstance(root.get("b"), Items)
    assert root.get("c") is None
    assert root.entry("c") is None


def test_aliases_repeat_what_they_name() -> None:
    root = parse("a: &x {b: [1]}\nc: *x", "f")
    assert plain(root) == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert at(root, ("c", "b", 0)).line == 1


JSON = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz_-", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_json_says_is_what_is_read(value: object) -> None:
    assert plain(parse(json.dumps(value), "f")) == value


def test_the_line_of_a_span(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: 1\r\nb: 2\rc: 3\n")
    root = read(str(file))
    assert [line_text(at(root, (key,))) for key in "abc"] == ["a: 1", "b: 2", "c: 3"]
    assert line_text(Span(str(file), 99, 1, 99, 1)) is None
    file.unlink()
    assert line_text(at(root, ())) is None


def test_the_python_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from kexecspec import source

    fast = parse(TEXT, "f")
    monkeypatch.setattr(source, "_LOADER", source.yaml.SafeLoader)
    slow = parse(TEXT, "f")
    assert plain(slow) == plain(fast)
    assert [span_of(node) for node in walk(slow)] == [span_of(node) for node in walk(fast)]


def span_of(found: tuple[object, Scalar | Items | Table]) -> tuple[int, int]:
    return found[1].span.line, found[1].span.column


def write(folder: Path, **files: str) -> str:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return str(folder / "top.yaml")


def test_extends_merges(tmp_path: Path) -> None:
    base = (
        "platform: base\nmemory: {ram: [a, b], more: 1}\n"
        "devices: {x: {driver: d, dma: {kind: ring}}, y: {driver: e}}\n"
    )
    top = (
        "extends: base.yaml\nplatform: top\nmemory: {ram: [c]}\n"
        "devices: {x: {dma: none}, y: null, z: {driver: f}}\n"
    )
    root = load(write(tmp_path, base=base, top=top))
    assert plain(root) == {
        "platform": "top",
        "memory": {"ram": ["c"], "more": 1},
        "devices": {"x": {"driver": "d", "dma": "none"}, "z": {"driver": "f"}},
    }
    assert at(root, ("memory", "more")).path == str(tmp_path / "base.yaml")
    assert at(root, ("memory", "ram", 0)).path == str(tmp_path / "top.yaml")
    assert at(root, ("devices", "x", "driver")).path == str(tmp_path / "base.yaml")
    assert at(root, ("devices", "x", "dma")).line == 4


def test_extends_is_relative_to_the_file_that_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vendor" / "common").mkdir(parents=True)
    (tmp_path / "vendor" / "common" / "soc.yaml").write_text("a: 1\nb: 1\nc: 1\n")
    (tmp_path / "vendor" / "board.yaml").write_text("extends: common/soc.yaml\nb: 2\nc: 2\n")
    (tmp_path / "top.yaml").write_text("extends: vendor/board.yaml\nc: 3\n")
    monkeypatch.chdir(tmp_path)
    root = load("top.yaml")
    assert plain(root) == {"a": 1, "b": 2, "c": 3}
    assert at(root, ("a",)).path == "vendor/common/soc.yaml"
    assert at(root, ("b",)).path == "vendor/board.yaml"
    assert at(root, ("c",)).path == "top.yaml"


def test_without_extends_load_is_read(tmp_path: Path) -> None:
    top = write(tmp_path, top="a: null\nb: [1]\n")
    assert load(top) == read(top)
    assert load(write(tmp_path, top="- 1\n")) == read(top)


def extends_error(folder: Path, **files: str) -> tuple[str, int, str, str]:
    with pytest.raises(InputError) as caught:
        load(write(folder, **files))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "KX019"
    span = diagnostic.span
    message = diagnostic.message.replace(f"{folder}/", "")
    return Path(span.path).name, span.line, message, " ".join(diagnostic.notes).replace(f"{folder}/", "")


def test_extends_cycles_are_named(tmp_path: Path) -> None:
    found = extends_error(tmp_path, top="extends: b.yaml", b="x: 1\nextends: c.yaml", c="extends: ./b.yaml")
    assert found[:3] == ("c.yaml", 1, "extends goes round: b.yaml -> c.yaml -> b.yaml")
    found = extends_error(tmp_path, top="extends: top.yaml")
    assert found[:3] == ("top.yaml", 1, "extends goes round: top.yaml -> top.yaml")


def test_extends_chains_end(tmp_path: Path) -> None:
    files = {f"f{i}": f"extends: f{i + 1}.yaml\na{i}: 1" for i in range(14)}
    assert plain(load(write(tmp_path, **files, f14="z: 1", top="extends: f0.yaml")))["a13"] == 1  # type: ignore[index,call-overload]
    name, line, message, chain = extends_error(
        tmp_path, **files, f14="extends: f15.yaml", f15="z: 1", top="extends: f0.yaml"
    )
    assert (name, line, message) == ("f14.yaml", 1, "more than 16 files extend one another")
    assert chain.startswith("top.yaml -> f0.yaml -> f1.yaml")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[a.yaml, b.yaml]", "extends names one file"),
        ("5", "extends names one file"),
        ("''", "extends names one file"),
        ("http://example.org/a.yaml", "extends reads files only, no addresses"),
        ("file:///etc/passwd", "extends reads files only, no addresses"),
        ('"a\\0b"', "extends 'a\0b': this is no file name"),
        ("none.yaml", "extends 'none.yaml': cannot be read: No such file or directory"),
        (".", "extends '.': a directory, not a file"),
    ],
)
def test_extends_that_cannot_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    write(tmp_path, top=f"a: 1\nextends: {value}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load("top.yaml")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("KX019", message)
    assert (diagnostic.span.path, diagnostic.span.line, diagnostic.span.column) == ("top.yaml", 2, 10)


def test_extends_something_that_holds_no_mapping(tmp_path: Path) -> None:
    assert extends_error(tmp_path, top="extends: b.yaml", b="[1]")[2].endswith("it holds no mapping")


def test_errors_of_the_extended_file_are_at_their_own_place(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, top="extends: b.yaml", b="a: 1\na: 2\n"))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, Path(diagnostic.span.path).name, diagnostic.span.line) == ("KX005", "b.yaml", 2)


def test_removing_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(
            write(
                tmp_path, top="extends: b.yaml\ndevices: {eht0: null, new: {a: ~}}", b="devices: {eth0: {}}"
            )
        )
    first, second = caught.value.diagnostics
    assert first.message == "nothing to remove: the extended file has no 'eht0' here"
    assert first.help == "did you mean 'eth0'? it has: eth0"
    assert second.message == "nothing to remove: the extended file has no 'a' here"
