"""C text made fit for a parser that knows no preprocessor: every byte stays where it was.

Comments, directives, what is never compiled and attribute words become blanks of the same length, so that places hold.
What the directives said is kept: under which conditions a line is compiled, and which macros the file defines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from kexecspec.importers.source.attributes import attributes

LONGEST = 200
DEEPEST = 16
"""Conditions nested more deeply than this are not told apart."""
_COMMENTS = re.compile(rb"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_VISIBLE = re.compile(rb"[^\n]")
_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(\w*)((?:[^\n]*\\[ \t\r]*\n)*[^\n]*)", re.MULTILINE)
_STRINGS = re.compile(rb"^(?:static |const )*char (\w+)\[\][ \t]*=\s*(\"[^\"\n]*\")[ \t]*;", re.MULTILINE)
_CALLS = re.compile(rb"\b([A-Za-z_]\w*)\s*\(")
_DEFINED = re.compile(r"\bdefined\s*(?:\(\s*(\w+)\s*\)|(\w+))")
_DEFINITION = re.compile(rb"[ \t]+(\w+)(\([^)\n]*\))?[ \t]*")
_CONTINUED = re.compile(rb"\\[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which lines of a file depend on what: a sorted list of first lines, each with what holds from there on, the
    outermost condition first."""

    starts: tuple[int, ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()

    def each(self, line: int) -> tuple[str, ...]:
        """The conditions of a line, outermost first; none where it is always there."""
        number = bisect_right(self.starts, line) - 1
        return self.texts[number] if number >= 0 else ()

    def at(self, line: int) -> str:
        """The conditions of a line in one text, empty where it is always there."""
        return " && ".join(self.each(line))


@dataclass(frozen=True, slots=True)
class Blanked:
    """The text to be parsed, the conditions of its lines, and the macros that it defines, with their bodies; a
    string variable of the file is one, too. lines: where each macro is first defined. dropped: branches that were left
    out because the braces of a file would not match with them, each with where it stood."""

    text: bytes
    conditions: Conditions = field(default_factory=Conditions)
    macros: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    dropped: tuple[tuple[int, bytes], ...] = ()


@dataclass(slots=True)
class _Group:
    """One #if ... #endif that is still open: what its branches ask, where each of them began and ended, and which are
    never compiled."""

    earlier: list[str]
    now: str
    starts: list[int]
    nevers: list[bool]
    ends: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    """What the directives of one text have said so far."""

    text: bytes
    changes: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    away: list[tuple[int, int]] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)
    macros: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    stack: list[_Group] = field(default_factory=list)

    def directive(self, found: re.Match[bytes], line: int) -> None:
        """Takes one directive in."""
        word, rest = found[1].decode("utf-8", "replace"), found[2]
        self.away.append(found.span())
        if word == "define":
            self._define(rest, line)
        elif word in ("if", "ifdef", "ifndef"):
            self.stack.append(_opened(word, _tidy(rest), found.end(), self.text))
        elif word in ("elif", "else", "endif") and self.stack:
            self._goes_on(word, _tidy(rest), found.span())
        else:
            return
        self.changes.append((line, tuple(g.now for g in self.stack[:DEEPEST] if g.now)))

    def ended(self) -> None:
        """Closes what is open at the end of the text."""
        while self.stack:
            self._goes_on("endif", "", (len(self.text), len(self.text)))

    def _goes_on(self, word: str, rest: str, span: tuple[int, int]) -> None:
        group = self.stack[-1]
        group.ends.append(span[0])
        if word == "endif":
            self.stack.pop()
            self._close(group)
            return
        others = [_negated(e) for e in group.earlier if e not in ("0", "1")]
        group.now = " && ".join([*others, *([_bracketed(rest)] if word == "elif" else [])])
        group.nevers.append("1" in group.earlier or word == "elif" and rest == "0")
        group.earlier += [rest] if word == "elif" else []
        group.starts.append(span[1])

    def _close(self, group: _Group) -> None:
        """Takes the branches of a finished group away that are never compiled, and those that unbalance the rest."""
        spans = list(zip(group.starts, group.ends, group.nevers, strict=True))
        self.away += [(start, end) for start, end, never in spans if never]
        left = [(start, end) for start, end, never in spans if not never]
        if len(self.stack) < DEEPEST and len(left) > 1 and any(_leaning(self.text[a:b]) for a, b in left):
            self.away += left[1:]
            self.dropped += left[1:]

    def _define(self, rest: bytes, line: int) -> None:
        named = _DEFINITION.match(rest)
        if named:
            name = named[1].decode("utf-8", "replace")
            body = _CONTINUED.sub(b" ", rest[named.end() :]).strip()[:2000]
            self.macros[name + ("()" if named[2] else "")] = body.decode("utf-8", "replace")
            self.lines.setdefault(name, line)


def blank(text: bytes) -> Blanked:
    """`text` with comments, directives and attributes as blanks. Where the branches of an #if are not balanced each by
    itself only the first is left, so that braces match; what `#if 0` leaves out is blank as well. Any bytes will do."""
    plain = _COMMENTS.sub(lambda m: _gone(m[0]) if m[0][:1] == b"/" else m[0], text)
    reader = _Reader(plain)
    line, at = 1, 0
    for found in _DIRECTIVE.finditer(plain):
        line, at = line + plain.count(b"\n", at, found.start()), found.start()
        reader.directive(found, line)
    reader.ended()
    for name, value in _STRINGS.findall(plain):
        reader.macros.setdefault(name.decode(), value.decode("utf-8", "replace"))
    starts, texts = tuple(c[0] for c in reader.changes), tuple(c[1] for c in reader.changes)
    dropped = tuple((start, plain[start:end]) for start, end in sorted(reader.dropped))
    made = _without(plain, [*reader.away, *attributes(plain)])
    return Blanked(made, Conditions(starts, texts), reader.macros, reader.lines, dropped)


def _opened(word: str, rest: str, end: int, text: bytes) -> _Group:
    asked = f"!{rest}" if word == "ifndef" else rest
    after = text[end : end + LONGEST]
    guard = word == "ifndef" and re.match(rb"\s*#\s*define\s+" + re.escape(rest.encode()) + rb"\b", after)
    now = "" if guard or word == "if" and rest == "1" else _bracketed(asked)
    return _Group([asked], now, [end], [word == "if" and rest == "0"])


def _without(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    made = bytearray(text)
    for start, end in spans:
        made[start:end] = _gone(text[start:end])
    return bytes(made)


def _gone(text: bytes) -> bytes:
    return _VISIBLE.sub(b" ", text)


def _tidy(text: bytes) -> str:
    words = _CONTINUED.sub(b" ", text).decode("utf-8", "replace")
    said = _DEFINED.sub(lambda m: m[1] or m[2], " ".join(words.split()))
    return said if len(said) <= LONGEST else f"{said[:LONGEST]} ..."


def _leaning(text: bytes) -> bool:
    return text.count(b"{") != text.count(b"}") or text.count(b"(") != text.count(b")")


def _bracketed(text: str) -> str:
    return f"({text})" if "||" in text else text


def _negated(text: str) -> str:
    if re.fullmatch(r"\w+|\w+\(\w+\)", text):
        return f"!{text}"
    return text[1:] if re.fullmatch(r"!\w+", text) else f"!({text})"


def calls_in(text: str) -> tuple[str, ...]:
    """The names before an opening bracket in a macro's body."""
    return tuple(dict.fromkeys(n.decode() for n in _CALLS.findall(text.encode())))
