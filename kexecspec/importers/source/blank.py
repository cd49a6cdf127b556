"""C text as a parser without a preprocessor can take it: every byte stays where it was.

Comments, directives, what is never compiled and attribute words become blanks of the same length, so that places hold;
a loop macro (`for_each_child(a, b)`) becomes a `while`.
What the directives said is kept: under which conditions a line is compiled, and which macros the file defines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKENS = re.compile(rb"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_DIRECTIVE = re.compile(rb"^[ \t]*#(?:\\[ \t\r]*\n|[^\n])*", re.MULTILINE)
_PARTS = re.compile(rb"\s*#\s*(\w+)\s*(.*)", re.DOTALL)
_ATTRIBUTES = re.compile(
    rb"\b(?:__(?:(?:net_|mem|dev|cpu|pci)?(?:init|exit)(?:data|const)?(?:_or_module)?|ref|refdata|refconst"
    rb"|(?:maybe|always)_unused|used|cold|hot|weak|packed|read_mostly|ro_after_init|iomem|user|percpu|rcu|force|kernel"
    rb"|must_check|always_inline|sched|noreturn|pure|cacheline_aligned(?:_in_smp)?|visible|nocfi|private|no_kcsan|le|be)"
    rb"|noinline(?:_for_stack)?|asmlinkage|noinstr|notrace|____cacheline_aligned(?:_in_smp)?|randomized_struct_fields_\w+"
    rb"|__init_memblock|__no_sanitize_\w+|__no_kasan_or_inline|__cpuidle|__latent_entropy|fastcall)\b"
    rb"|\b__(?:aligned|printf|scanf|acquires|releases|must_hold|counted_by|section|alloc_size|nonstring|malloc)"
    rb"\s*\([^()\n]*\)"
)
_LOOP = re.compile(rb"(?<=[;{}):])(\s*(?:\belse\s+)?)(\w*for_each\w*)(\s*\()")
_PAREN = re.compile(rb"[()]")
_LONGEST_HEAD = 600
_NOT_BLANK = re.compile(rb"[^\n]")


@dataclass(frozen=True, slots=True)
class Region:
    """Lines `first` to `last` that are compiled where `condition` holds."""

    first: int
    last: int
    condition: str


@dataclass(frozen=True, slots=True)
class Blanked:
    """A file's text as the parser gets it, with what its directives said."""

    text: bytes
    regions: tuple[Region, ...]
    macros: Mapping[str, int]

    def conditions(self, line: int) -> tuple[str, ...]:
        """The conditions under which `line` is compiled, outermost first; none if it always is."""
        return tuple(r.condition for r in self.regions if r.first <= line <= r.last)


@dataclass(slots=True)
class _Open:
    """A conditional that has begun: the branch being read, and what all earlier branches asked."""

    first: int
    start: int
    condition: str | None
    earlier: list[str]


def blank(text: bytes) -> Blanked:
    """`text` without what is no C. Any bytes will do; unbalanced conditionals end with the file."""
    bare = _TOKENS.sub(_comment, text)
    regions: list[Region] = []
    macros: dict[str, int] = {}
    dead: list[tuple[int, int]] = []
    stack: list[_Open] = []
    line, at = 1, 0
    for found in _DIRECTIVE.finditer(bare):
        line, at = line + bare.count(b"\n", at, found.start()), found.start()
        parts = _PARTS.match(found.group())
        word, rest = (parts.group(1), _squeeze(parts.group(2))) if parts else (b"", "")
        if word == b"define":
            macros.setdefault(re.split(r"\W", rest, maxsplit=1)[0], line)
            continue
        if word in (b"elif", b"else", b"endif") and stack:
            _close(stack[-1], line, found.start(), regions, dead)
            if word == b"endif":
                stack.pop()
                continue
        opened = _opened(word, rest, stack, bare[found.end() : found.end() + 200])
        if opened is not None:
            opened.first, opened.start = line, found.end()
    for left in stack:
        _close(left, line + bare.count(b"\n", at), len(bare), regions, dead)
    out = bytearray(_DIRECTIVE.sub(_spaces, bare))
    for start, end in dead:
        out[start:end] = _NOT_BLANK.sub(b" ", bytes(out[start:end]))
    _loops(out)
    in_order = tuple(sorted(regions, key=lambda r: (r.first, -r.last)))
    return Blanked(_ATTRIBUTES.sub(_spaces, bytes(out)), in_order, macros)


def _loops(text: bytearray) -> None:
    """Makes the heads of loop macros those of `while` loops: where a statement begins, and a statement follows."""
    for found in list(_LOOP.finditer(text)):
        end = _closing(text, found.end())
        after = text[end : end + 200].lstrip()[:1]
        if after and (after in b"{*(_" or after.isalpha()):
            start, stop = found.span(2)
            text[start:stop] = b"while".ljust(stop - start)


def _closing(text: bytearray, at: int) -> int:
    """Just behind the parenthesis that closes the one before `at`."""
    depth = 1
    for found in _PAREN.finditer(text, at, at + _LONGEST_HEAD):
        depth += 1 if found.group() == b"(" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _opened(word: bytes, rest: str, stack: list[_Open], after: bytes) -> _Open | None:
    """The branch that a directive begins, if it does."""
    if word in (b"if", b"ifdef", b"ifndef"):
        asked = rest if word != b"ifndef" else f"!{rest}"
        guard = word == b"ifndef" and re.match(rb"\s*#\s*define\s+" + re.escape(rest.encode()) + rb"\b", after)
        stack.append(_Open(0, 0, None if guard else asked, [asked]))
        return stack[-1]
    if word in (b"elif", b"else") and stack:
        top = stack[-1]
        before = " && ".join(f"!({asked})" for asked in top.earlier)
        top.condition = before if word == b"else" else f"{before} && ({rest})"
        if word == b"elif":
            top.earlier.append(rest)
        return top
    return None


def _close(branch: _Open, line: int, end: int, regions: list[Region], dead: list[tuple[int, int]]) -> None:
    if branch.condition in ("0", "!(1)"):
        dead.append((branch.start, end))
    elif branch.condition is not None and branch.condition not in ("1", "!(0)"):
        regions.append(Region(branch.first, line, branch.condition))


def _squeeze(text: bytes) -> str:
    return " ".join(text.replace(b"\\\n", b" ").decode("utf-8", "replace").split())


def _comment(found: re.Match[bytes]) -> bytes:
    return _spaces(found) if found.group().startswith(b"/") else found.group()


def _spaces(found: re.Match[bytes]) -> bytes:
    return _NOT_BLANK.sub(b" ", found.group())
