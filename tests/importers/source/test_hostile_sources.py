"""Whatever a file holds: it is read in bounded time, nothing is raised, and no hook is lost silently."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.importers.source.blank import blank
from kexecspec.importers.source.parse import read_c, read_structs
from kexecspec.importers.source.reading import defined, read_file, record
from kexecspec.importers.source.records import packed, unpacked
from tests.importers.source.trees import driver

CASES = 40 * int(os.environ.get("KEXECSPEC_SOAK", "1"))
GOOD = driver(
    ".shutdown = acme_shutdown,", "static void acme_shutdown(struct platform_device *p)\n{\n\tdev_close(p);\n}\n"
).encode()
PIECES = [
    b"#if 0\n", b"#else\n", b"#endif\n", b"#ifdef X\n", b"{", b"}", b"(", b")", b"/*", b"*/", b'"', b"'",
    b"\\\n", b";", b"\0",
    b"\xff\xfe", b"struct platform_driver acme_driver = {", b".shutdown = ", b"#define A(x) {\n", b"= {",
    b"__init ", b"\r\n",
]  # fmt: skip


def mutated(seed: int) -> bytes:
    chance = random.Random(seed)
    text = bytearray(GOOD)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) + 1)
        if chance.random() < 0.3:
            del text[at : at + chance.randint(1, 40)]
        else:
            text[at:at] = chance.choice(PIECES) * chance.choice([1, 1, 1, 30])
    return bytes(text)


@settings(max_examples=CASES)
@given(st.integers(0, 1 << 40))
def test_any_text_is_read_and_comes_back_as_it_was_kept(seed: int) -> None:
    text = mutated(seed)
    file = read_c("drivers/x.c", text)
    assert unpacked(packed(file)) == unpacked(packed(unpacked(packed(file))))
    assert len(blank(text).text) == len(text)
    assert blank(text).text.count(b"\n") == text.count(b"\n")
    structs = {s.name for s in read_structs("drivers/x.c", text).structs}
    assert structs <= {s.name for s in file.structs} | structs
    list(defined(text))


@settings(max_examples=CASES)
@given(st.integers(0, 1 << 40))
def test_a_hook_that_stands_in_the_struct_is_never_lost_silently(seed: int) -> None:
    """One broken line within the struct: either the member is still found or the struct is known not to be whole."""
    chance = random.Random(seed)
    lines = GOOD.split(b"\n")
    first = next(n for n, line in enumerate(lines) if b"acme_driver = {" in line)
    last = next(n for n, line in enumerate(lines) if n > first and line == b"};")
    at = chance.randint(first + 1, last)
    lines.insert(
        at,
        chance.choice(
            [b"ACME(x)", b"@", b".a = 1", b"}", b"{", b"= 3,", b"#ifdef X", b"x y z,", b'"', b"int a;", b"(", b"/*"]
        ),
    )
    file = read_c("drivers/x.c", b"\n".join(lines))
    found = [s for s in file.structs if s.name == "acme_driver"]
    if b"/*" in lines[at] or b'"' in lines[at]:
        return
    assert found, lines[at]
    assert all(s.member("shutdown") is not None or not s.whole for s in found), lines[at]


@pytest.mark.parametrize(
    "text",
    [
        b"{" * 20_000, b"(" * 50_000 + b")" * 50_000, b"#if 1\n" * 8_000, b"/*" * 20_000, b'"' * 100_001,
        b"struct platform_driver x = " + b"{ .a = " * 5_000, b"static " * 50_000 + b"\n{", b"a" * 1_000_000,
        b"int f(void)\n{\n" + b"if (a)\n{\n" * 1_500 + b"g();\n" + b"}\n" * 1_500 + b"}\n",
        b"#define A \\\n" * 20_000, b"__attribute__((" * 20_000, b"\n{" * 5_000, b"x(\n{\n" * 20_000,
    ],
    ids=range(13),
)  # fmt: skip
def test_hostile_texts_end(text: bytes) -> None:
    file = read_c("drivers/x.c", b"struct platform_driver y;\n" + text)
    assert unpacked(packed(file)).path == "drivers/x.c"
    list(defined(text))


def test_a_record_that_is_damaged_says_so(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "x.c").write_bytes(GOOD)
    content = read_file(folder, "x.c").content
    assert record(content).struct("acme_driver") is not None
    for wrong in (content[:-4], b"", b"\0" * 40, content[:20] + b"x" + content[21:]):
        with pytest.raises(ValueError):
            record(wrong)
