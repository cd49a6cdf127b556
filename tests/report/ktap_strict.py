"""A strict reader of KTAP, version 1, by Documentation/dev-tools/ktap.rst: what it recommends is demanded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_RESULT = re.compile(r"(ok|not ok) ([1-9][0-9]*)(?: ([^#\n]+?))?(?: # (SKIP|XFAIL|TIMEOUT|ERROR)(?: ([^#]+))?)?")


@dataclass
class Read:
    """A result, and the tests inside it."""

    name: str = ""
    passed: bool = True
    directive: str | None = None
    said: str = ""
    inside: list[Read] = field(default_factory=list)


def read(text: str) -> list[Read]:
    """The tests of a document. Raises ValueError for whatever the format does not allow, and for unknown lines."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    lines = text[:-1].split("\n")
    tests, rest = _document(lines, 0, 0)
    if rest != len(lines):
        raise ValueError(f"line {rest + 1}: something follows the plan's last test")
    return tests


def _document(lines: list[str], at: int, depth: int) -> tuple[list[Read], int]:
    """Version line, plan, and as many tests as planned, each after its own subtests."""
    indent = "  " * depth
    if lines[at] != f"{indent}KTAP version 1":
        raise ValueError(f"line {at + 1}: no version line")
    plan = re.fullmatch(rf"{indent}1\.\.(0|[1-9][0-9]*)", lines[at + 1])
    if plan is None:
        raise ValueError(f"line {at + 2}: no plan")
    tests: list[Read] = []
    at += 2
    while len(tests) < int(plan[1]):
        inside: list[Read] = []
        while re.match(rf"{indent}#(?: |$)", lines[at]):
            at += 1
        if lines[at].startswith(f"{indent}  KTAP"):
            inside, at = _document(lines, at, depth + 1)
        test = _test(lines[at], indent, len(tests) + 1, at)
        test.inside = inside
        if inside and test.passed != all(one.passed for one in inside):
            raise ValueError(f"line {at + 1}: its subtests say otherwise")
        tests.append(test)
        at += 1
    return tests, at


def _test(line: str, indent: str, number: int, at: int) -> Read:
    found = _RESULT.fullmatch(line.removeprefix(indent)) if line.startswith(indent) else None
    if found is None or int(found[2]) != number:
        raise ValueError(f"line {at + 1}: not result {number}: {line!r}")
    if found[4] in ("TIMEOUT", "ERROR") and found[1] == "ok":
        raise ValueError(f"line {at + 1}: {found[4]} goes with 'not ok'")
    return Read(found[3] or "", found[1] == "ok", found[4], found[5] or "")
