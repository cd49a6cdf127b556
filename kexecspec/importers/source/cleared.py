"""C text made fit for a parser that knows no preprocessor: comments, directives and attribute macros become blanks.

Nothing moves: every line keeps its number and every character its place. What a line's conditions were is kept aside.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 200
DEEPEST = 16
"""Conditions nested more deeply than this are not told apart."""
_COMMENTS = re.compile(rb"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_VISIBLE = re.compile(rb"[^\n]")
_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(\w*)((?:[^\n]*\\\r?\n)*[^\n]*)", re.MULTILINE)
_ATTRIBUTE = re.compile(rb"\b(?:__[a-z_]+|____cacheline_\w+|noinline|notrace|asmlinkage)\b")
_PLAIN = frozenset(
    b"__init __exit __initdata __initconst __exitdata __devinit __devexit __refdata __refconst __ref __net_init "
    b"__maybe_unused __always_unused __used __unused __ro_after_init __read_mostly __iomem __user __kernel __rcu "
    b"__percpu __force __must_check __packed __cold __weak __always_inline __visible __pure __sched __cpuidle "
    b"__private __deprecated __designated_init __init_or_module __randomize_layout ____cacheline_aligned noinline "
    b"notrace ____cacheline_aligned_in_smp asmlinkage __hot __nonstring".split()
)
_BRACKETED = frozenset(
    b"__printf __scanf __acquires __releases __must_hold __aligned __section __counted_by __free __acquire "
    b"__attribute__ __alloc_size __malloc __cond_acquires".split()
)
_BRACKETS = re.compile(rb"[ \t]*\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\)")
_STRINGS = re.compile(rb"^(?:static |const )*char (\w+)\[\][ \t]*=\s*(\"[^\"\n]*\")[ \t]*;", re.MULTILINE)
_CALLS = re.compile(rb"\b([A-Za-z_]\w*)\s*\(")
_DEFINED = re.compile(r"\bdefined\s*(?:\(\s*(\w+)\s*\)|(\w+))")
_DEFINITION = re.compile(rb"[ \t]+(\w+)(\([^)\n]*\))?[ \t]*")


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which lines of a file depend on what: a sorted list of first lines, each with what holds from there on."""

    starts: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()

    def at(self, line: int) -> str:
        """The condition of a line, empty where it is always there."""
        number = bisect_right(self.starts, line) - 1
        return self.texts[number] if number >= 0 else ""


@dataclass(frozen=True, slots=True)
class Blanked:
    """The text to be parsed, the conditions of its lines, and the macros that it defines, with their bodies; a
    string variable of the file is one, too."""

    text: bytes
    conditions: Conditions
    macros: dict[str, str]


@dataclass(slots=True)
class _Group:
    """One #if ... #endif that is still open: where each of its branches began, and what they depend on."""

    earlier: list[str]
    now: str
    starts: list[int]
    ends: list[int]
    nevers: list[bool]


def blank(text: bytes) -> Blanked:
    """`text` with comments, directives and attributes as blanks. Where the branches of an #if are not balanced each by
    itself only the first is left, so that braces match; what `#if 0` leaves out is blank as well."""
    plain = _COMMENTS.sub(lambda m: _gone(m[0]) if m[0][:1] == b"/" else m[0], text)
    changes: list[tuple[int, str]] = []
    away: list[tuple[int, int]] = []
    macros: dict[str, str] = {}
    stack: list[_Group] = []
    line, at = 1, 0
    for found in _DIRECTIVE.finditer(plain):
        line, at = line + plain.count(b"\n", at, found.start()), found.start()
        word, rest = found[1], found[2]
        away.append(found.span())
        if word == b"define":
            _define(rest, macros)
        elif word in (b"if", b"ifdef", b"ifndef", b"elif", b"else", b"endif"):
            _branch(word.decode(), _tidy(rest), stack, found.span(), plain, away)
            changes.append((line, " && ".join(g.now for g in stack[:DEEPEST] if g.now)))
    for name, value in _STRINGS.findall(plain):
        macros.setdefault(name.decode(), value.decode("utf-8", "replace"))
    return Blanked(
        _without(plain, [*away, *_attributes(plain)]),
        Conditions(tuple(c[0] for c in changes), tuple(c[1] for c in changes)), macros,
    )  # fmt: skip


def _attributes(text: bytes) -> Iterator[tuple[int, int]]:
    for found in _ATTRIBUTE.finditer(text):
        if found[0] in _PLAIN:
            yield found.span()
        elif found[0] in _BRACKETED and (brackets := _BRACKETS.match(text, found.end())):
            yield found.start(), brackets.end()


def _gone(text: bytes) -> bytes:
    return _VISIBLE.sub(b" ", text)


def _tidy(text: bytes) -> str:
    words = text.replace(b"\\\n", b" ").replace(b"\\\r\n", b" ").decode("utf-8", "replace")
    return _DEFINED.sub(lambda m: m[1] or m[2], " ".join(words.split()))[:LONGEST]


def _define(rest: bytes, macros: dict[str, str]) -> None:
    named = _DEFINITION.match(rest)
    if named:
        body = rest[named.end() :].replace(b"\\\n", b" ").strip()[:2000]
        macros[named[1].decode() + ("()" if named[2] else "")] = body.decode("utf-8", "replace")


def _branch(
    word: str, rest: str, stack: list[_Group], span: tuple[int, int], text: bytes, away: list[tuple[int, int]]
) -> None:
    start, end = span
    if word in ("if", "ifdef", "ifndef"):
        said = rest if word != "ifndef" else f"!{rest}"
        never = word == "if" and rest == "0"
        stack.append(
            _Group(
                [rest if word != "ifndef" else f"!{rest}"], "" if rest == "1" else _bracketed(said), [end], [], [never]
            )
        )
        return
    if not stack:
        return
    group = stack[-1]
    group.ends.append(start)
    if word == "endif":
        stack.pop()
        away += _spoiled(group, text) if len(stack) < DEEPEST else []
        return
    others = [_negated(e) for e in group.earlier if e not in ("0", "1")]
    own = [_bracketed(rest)] if word == "elif" else []
    group.nevers.append("1" in group.earlier or word == "elif" and rest == "0")
    group.now = " && ".join(others + own)
    group.earlier.append(rest)
    group.starts.append(end)


def _spoiled(group: _Group, text: bytes) -> list[tuple[int, int]]:
    """The branches of a finished group that must go."""
    spans = list(zip(group.starts, group.ends, strict=True))
    gone = [span for span, never in zip(spans, group.nevers, strict=True) if never]
    left = [span for span, never in zip(spans, group.nevers, strict=True) if not never]
    if len(left) > 1 and any(_leaning(text[a:b]) for a, b in left):
        gone += left[1:]
    return gone


def _leaning(text: bytes) -> bool:
    return text.count(b"{") != text.count(b"}") or text.count(b"(") != text.count(b")")


def _without(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    made = bytearray(text)
    for start, end in spans:
        made[start:end] = _gone(text[start:end])
    return bytes(made)


def _bracketed(text: str) -> str:
    return f"({text})" if "||" in text else text


def _negated(text: str) -> str:
    if re.fullmatch(r"\w+|\w+\(\w+\)", text):
        return f"!{text}"
    return text[1:] if re.fullmatch(r"!\w+", text) else f"!({text})"


def calls_in(text: str) -> tuple[str, ...]:
    """The names before an opening bracket in a macro's body."""
    return tuple(dict.fromkeys(n.decode() for n in _CALLS.findall(text.encode())))
