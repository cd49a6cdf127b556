"""SMT-LIB text as nested tuples of words: no meaning yet, but bounded depth, and a line for each top-level form."""

from __future__ import annotations

import re
from collections.abc import Iterator

Form = str | tuple["Form", ...]
DEEPEST = 150
_WORD = re.compile(r"[ \n]+|;[\x20-\x7e]*|(?P<bracket>[()])|(?P<word>\|[^|\\]*\||[A-Za-z0-9_=<>+*'-]+)")


class Malformed(Exception):
    """A text that is not what it should be; `line` is where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def forms(text: str) -> Iterator[tuple[int, Form]]:
    """The top-level forms of a text with the line that each begins on; comments are skipped. Raises Malformed."""
    open_forms: list[list[Form]] = []
    line = began = 1
    place = 0
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            raise Malformed(line, f"{text[place]!a} cannot begin a word")
        place = found.end()
        if found["bracket"] == "(":
            began = began if open_forms else line
            open_forms.append([])
            if len(open_forms) > DEEPEST:
                raise Malformed(line, f"nested deeper than {DEEPEST} levels")
        elif found["bracket"] or found["word"]:
            if not open_forms:
                raise Malformed(line, "a word outside of all brackets")
            if found["word"]:
                open_forms[-1].append(found["word"])
            else:
                done = tuple(open_forms.pop())
                if open_forms:
                    open_forms[-1].append(done)
                else:
                    yield began, done
        line += found[0].count("\n")
    if open_forms:
        raise Malformed(began, "a bracket is never closed")
