"""How text output looks: width, colour, wrapping and columns."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kexecspec.diagnostics import WIDTH, Span, escape
from kexecspec.findings import Finding, Report

_CODES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "loud": "1;41;97"}


def _no_line(_: Span) -> str | None:
    return None


@dataclass(frozen=True)
class RuleText:
    """What the library says of a code: `hints` are what the kernel log may say, `sources` what was read."""

    name: str
    title: str
    harm: str
    why: str = ""
    fix: str = ""
    hints: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


def _no_text(_: str) -> RuleText | None:
    return None


@dataclass(frozen=True)
class Shorter:
    """A report on no more of a platform file than one finding needs, the text of that, and how many of its facts are
    left. `whole`: none of these can go alone."""

    report: Report
    text: str
    before: int
    after: int
    whole: bool


def _none_shorter(report: Report, finding: Finding) -> Shorter | None:
    return None


@dataclass(frozen=True)
class Look:
    """`quiet`: failures only. `verbose`: the not judged too, and where each step comes from. `root`: the folder that
    paths in files for build systems are relative to. `explain`: the library's words on a code. `diagram`: traces
    as sequence diagrams. `specs`: folders laid over the library, `policy`: the one that was chosen. `shorter`: what a
    mail can make do with."""

    colour: bool = False
    quiet: bool = False
    verbose: bool = False
    assumptions: bool = False
    accept_bounded: bool = False
    line_of: Callable[[Span], str | None] = _no_line
    strict_sources: bool = False
    root: str = ""
    explain: Callable[[str], RuleText | None] = _no_text
    diagram: bool = False
    specs: tuple[str, ...] = ()
    policy: str | None = None
    shorter: Callable[[Report, Finding], Shorter | None] = _none_shorter

    def laid(self) -> str:
        """The options with which another command works with the same specifications; "" where nothing is laid over the
        library."""
        words = [*(f" --specs {shell(folder)}" for folder in self.specs)]
        return "".join([*words, *([f" --policy {shell(self.policy)}"] if self.policy is not None else [])])

    def paint(self, text: str, *styles: str) -> str:
        """`text` in colours, on a terminal that wants them."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def wrapped(text: str, indent: str = "  ", hanging: str | None = None, width: int = WIDTH) -> list[str]:
    """`text` as lines of at most `width` columns; a word that is longer keeps its length."""
    lines = textwrap.wrap(
        escape(text), width, initial_indent=indent, subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return lines or [indent.rstrip()]


def columns(rows: Iterable[Sequence[str]], widths: Sequence[int], indent: str = "  ") -> list[str]:
    """Rows as a table without lines; what does not fit goes on below, in its own column."""
    lines: list[str] = []
    for row in rows:
        cells = [_cell(text, width) for text, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = [cell[number] if number < len(cell) else "" for cell in cells]
            padded = "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True))
            lines.append((indent + padded).rstrip())
    return lines


def _cell(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for piece in escape_lines(text):
        lines += textwrap.wrap(piece, width, subsequent_indent=" ", break_on_hyphens=False) or [""]
    return lines


def escape_lines(text: str) -> list[str]:
    """The lines of `text`, each escaped; only our own line ends part a cell."""
    return [escape(piece) for piece in text.split("\n")]


def marks(numbers: Iterable[int]) -> str:
    """Footnote numbers in brackets, runs of them as ranges: `[1-3 5]`; nothing for none."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    said = (str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return f"[{' '.join(said)}]" if spans else ""


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 handoff`, `2 handoffs`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def shell(argument: str) -> str:
    """A file's name as part of a command to paste: one argument, no option, whatever characters it has. Those that
    cannot be shown are escapes, and then the command names no file."""
    return shlex.quote(escape(f"./{argument}" if argument.startswith("-") else argument))


def value(of: object) -> str:
    """A value of a state variable as people read it."""
    return {True: "true", False: "false"}[of] if isinstance(of, bool) else escape(str(of))
