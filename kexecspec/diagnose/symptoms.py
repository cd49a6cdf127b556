"""What harms print: the `symptoms` of the properties, and where a log has them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kexecspec.diagnose.lines import Line
from kexecspec.library import Library

LINES_OF_A_REPORT = 120
_FRAME = re.compile(r"\+0x[0-9a-f]+/0x[0-9a-f]+|\(\S+\.[chS]:[0-9]+|\blr : |\bLR is at ")
_END = re.compile(r"---\[ end ")
_STAMPED = re.compile(r"\s*(?:<[0-9]+>)?\[ *[0-9]+\.[0-9]+\]")


@dataclass(frozen=True)
class Symptom:
    """What one kind of harm prints: a `line`, and what comes after it in the same report."""

    code: str
    name: str
    line: re.Pattern[str]
    also: tuple[re.Pattern[str], ...]
    means: str
    source: str

    @property
    def id(self) -> str:
        """Such as `KX302:unknown-stream`."""
        return f"{self.code}:{self.name}"


@dataclass(frozen=True)
class Match:
    """A symptom as it was seen: `told` are its named groups, numbers in one form. `partial`: the log
    ends, or is cut, before the rest of it."""

    symptom: Symptom
    told: Mapping[str, str]
    partial: bool


@dataclass(frozen=True)
class Sight:
    """A known line: the first of its kind, the last, how many there are, and what it may be a symptom of."""

    first: Line
    last: Line
    count: int
    matches: tuple[Match, ...]


def symptoms_of(specs: Library) -> tuple[Symptom, ...]:
    """The symptoms of all properties."""
    return tuple(
        Symptom(
            spec.name, str(entry["name"]), re.compile(str(entry["line"])),
            tuple(re.compile(str(text)) for text in entry.get("also", ())), str(entry["means"]), str(entry["source"]),
        )
        for spec in specs.all("properties")
        for entry in spec.content.get("symptoms", ())
    )  # fmt: skip


def sights(lines: Sequence[Line], symptoms: Sequence[Symptom]) -> tuple[Sight, ...]:
    """Every known line of a log, by place; lines that say the same are one sight. A line that a terminal folded is put
    together again; a report whose end is missing is known by its beginning."""
    heads = _heads(lines, symptoms)
    long = [place for place, (_, found) in heads.items() if any(s.also for s in found)]
    grouped: dict[object, Sight] = {}
    for place, (text, found) in heads.items():
        after = bisect_right(long, place)
        end = min(long[after] if after < len(long) else len(lines), place + 1 + LINES_OF_A_REPORT)
        rest = _report(lines[place + 1 : end]) if any(one.also for one in found) else ()
        matches = _best(match for one in found if (match := _match(one, text, rest)) is not None)
        if matches:
            key = tuple((m.symptom.id, tuple(sorted(m.told.items())), m.partial) for m in matches)
            line = Line(lines[place].number, text)
            old = grouped.get(key)
            grouped[key] = Sight(old.first if old else line, line, old.count + 1 if old else 1, matches)
    return tuple(grouped.values())


def _heads(lines: Sequence[Line], symptoms: Sequence[Symptom]) -> dict[int, tuple[str, tuple[Symptom, ...]]]:
    """By place in `lines`, those that begin a symptom, with the text that does."""
    without = [s.line.pattern for s in symptoms if not literal(s.line.pattern)]
    words = tuple(dict.fromkeys(filter(None, (literal(s.line.pattern) for s in symptoms))))
    others = re.compile("|".join(re.sub(r"\(\?P<\w+>", "(?:", pattern) for pattern in without) or r"(?!)")

    def begun(text: str) -> tuple[Symptom, ...]:
        if not any(word in text for word in words) and not others.search(text):
            return ()
        return tuple(s for s in symptoms if s.line.search(text))

    found = {}
    for place, line in enumerate(lines):
        text, begins = line.text, begun(line.text)
        if not begins:
            text, begins = _unfolded(lines, place, begun)
        if begins:
            found[place] = text, begins
    return found


def literal(pattern: str) -> str:
    """The longest text that is in everything that `pattern` matches; "" where none is plain to see. Most lines are none
    that we know, and a text is looked for much faster than a pattern."""
    bare = re.sub(r"\[[^\]]*\]", "\0", re.sub(r"\\.", "\0", pattern))
    while "(" in bare:
        bare = re.sub(r"\([^()]*\)", "\0", bare)
    if "|" in bare:
        return ""
    return max(re.split(r"[\0.+^$]", re.sub(r".(?:[*+?]|\{[^}]*\})\??", "\0", bare)), key=len)


def _unfolded(
    lines: Sequence[Line], place: int, begun: Callable[[str], tuple[Symptom, ...]]
) -> tuple[str, tuple[Symptom, ...]]:
    """The line with the next one, and what begins there, where the two are one that was folded."""
    if place + 1 == len(lines) or _STAMPED.match(lines[place + 1].text):
        return "", ()
    text = lines[place].text
    for joint in ("", " "):
        whole = text + joint + lines[place + 1].text
        over = tuple(s for s in begun(whole) if _spans(s.line.search(whole), len(text), len(joint)))
        if over:
            return whole, over
    return "", ()


def _spans(found: re.Match[str] | None, end: int, joint: int) -> bool:
    return found is not None and found.start() < end < found.end() - joint


def _report(lines: Sequence[Line]) -> tuple[str, ...]:
    ends = next((number for number, line in enumerate(lines) if _END.search(line.text)), len(lines))
    return tuple(line.text for line in lines[:ends])


def _match(symptom: Symptom, text: str, rest: Sequence[str]) -> Match | None:
    head = symptom.line.search(text)
    assert head is not None
    told = dict(head.groupdict())
    missing = False
    for wanted in symptom.also:
        found = next((hit for line in rest if (hit := wanted.search(line))), None)
        if found is None:
            missing = True
        else:
            told |= found.groupdict()
    if missing and any(_FRAME.search(line) for line in rest):
        return None
    return Match(symptom, {name: plain(value) for name, value in told.items() if value is not None}, missing)


def _best(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Those whose report is whole; else those of which only the beginning is there."""
    found = tuple(matches)
    whole = tuple(match for match in found if not match.partial)
    return whole or found


def plain(told: str) -> str:
    """Numbers in one form, so that two logs can be compared."""
    if re.fullmatch(r"(?:0x)?[0-9a-f]{8}|0x[0-9a-f]+", told):
        return hex(int(told, 16))
    return told
