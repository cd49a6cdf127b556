"""Values put into a platform file's text: everything else stays, and the text says what the edit says."""

from __future__ import annotations

from typing import Any

import pytest

from kexecspec.review.edits import built, put
from kexecspec.review.repairs import Edit
from kexecspec.review.rewrite import flow, rewritten
from kexecspec.source import parse
from kexecspec.tree import Plain, Table, plain

TEXT = """\
# Top.
a: 1  # one
b: {c: [1, 2], d: {}}  # flow
e:
  f:   # block
    g: x
    # inside

  h: >-
    folded
    text

# the end
i:
- 1
- 2
"""
PLACES: tuple[tuple[tuple[str, ...], Plain], ...] = (
    (("a",), 2), (("b", "c"), True), (("b", "d", "x"), "5.10"), (("b", "new"), {"k": [1, "two words"]}),
    (("e", "f", "g"), "on"), (("e", "f", "new"), False), (("e", "new", "deep"), 3), (("e", "h"), "short"),
    (("new", "one"), "v"), (("i",), [3]), (("a", "under"), 1),
)  # fmt: skip


@pytest.mark.parametrize(("path", "value"), PLACES)
@pytest.mark.parametrize("end", ["\n", ""])
def test_the_text_says_what_the_edit_says_and_keeps_every_comment(path: Any, value: Plain, end: str) -> None:
    text = TEXT.rstrip("\n") + end
    made = rewritten(text, [Edit(path, value)])

    root = parse(text, "a")
    assert isinstance(root, Table)
    place, new = (("a",), {"under": 1}) if path == ("a", "under") else (path, value)
    wanted = put(root, place, built(new, root))
    assert plain(parse(made, "b")) == plain(wanted)
    for comment in ("# Top.", "# one", "# flow", "# block", "# inside", "# the end"):
        assert comment in made
    changed = set(made.splitlines()) ^ set(text.splitlines())
    assert len(changed) <= 5, changed


def test_edits_build_on_each_other() -> None:
    edits = [Edit(("k", name), True) for name in ("x", "y", "z")]

    assert plain(parse(rewritten(TEXT, edits), "a"))["k"] == {"x": True, "y": True, "z": True}  # type: ignore[index,call-overload]


@pytest.mark.parametrize("value", ["yes", "5.10", "0x10", "a: b", "#", "", "-", "null", "a b", "ok-1", 7, True, None])
def test_a_value_is_read_as_it_was_meant(value: Plain) -> None:
    assert plain(parse(f"k: {flow({'v': value})}", "a")) == {"k": {"v": value}}
