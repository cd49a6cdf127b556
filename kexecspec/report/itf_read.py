"""Reading trace files back. A trace is data from anywhere: everything is checked, nothing is followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import Value
from kexecspec.report.itf import SCHEMA
from kexecspec.textfile import read_text

LARGEST = 32 * 1024 * 1024
MOST_VALUES = 4_000_000
"""Counted before the text is parsed, which may take a hundred bytes for one of a text."""
MOST_STATES = 200_000
MOST_VARIABLES = 5_000
_TEXTS = ("schema", "z3", "description")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "tool": ("name", "version", "sha256"),
    "platform": ("name", "path", "sha256"),
    "specs": ("sha256",),
    "property": ("code", "instance", "handoff", "harm"),
}


@dataclass(frozen=True)
class TraceFile:
    """A trace with what it says about itself; `meta` has passed the checks of this module."""

    path: str
    meta: Mapping[str, Any]
    trace: Trace

    @property
    def property_id(self) -> str:
        """`CODE/instance@handoff`."""
        said = self.meta["property"]
        return f"{said['code']}/{said['instance']}@{said['handoff']}"


def read_trace(path: str) -> TraceFile:
    """The trace in the file `path`. InputError: unreadable, too large, no trace, an unknown form."""
    return _Reader(path).file(_parsed(path))


def _parsed(path: str) -> Any:
    text = read_text(path, LARGEST)
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise InputError([Diagnostic("KX018", f"no trace: it has more than {MOST_VALUES} values", Span(path))])
    try:
        return json.loads(text, parse_constant=_refused, parse_float=_refused, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        span = Span(path, error.lineno, error.colno, error.lineno, error.colno + 1)
        raise InputError([Diagnostic("KX025", f"no trace: not JSON: {error.msg}", span)]) from None
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, ValueError) else "it is nested too deep"
        raise InputError([Diagnostic("KX025", f"no trace: {said[:200]}", Span(path))]) from None


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no whole number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


class _Reader:
    """Takes a parsed file apart, and complains with its path."""

    def __init__(self, path: str) -> None:
        self.path = path

    def wrong(self, message: str, code: str = "KX025", help_: str | None = None) -> InputError:
        """The complaint about the whole file."""
        return InputError([Diagnostic(code, message, Span(self.path), (), help_)])

    def file(self, root: Any) -> TraceFile:
        """The whole file; the order of checks is the order of what a person would mend first."""
        if not isinstance(root, dict):
            raise self.wrong("no trace: the file holds no JSON object")
        meta = self.meta(root.get("#meta"))
        names = root.get("vars")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.wrong("no trace: `vars` is no list of names")
        if len(names) > MOST_VARIABLES or len(set(names)) < len(names):
            raise self.wrong(f"no trace: `vars` repeats a name or has more than {MOST_VARIABLES}")
        states = root.get("states")
        if not isinstance(states, list) or not 0 < len(states) <= MOST_STATES:
            raise self.wrong(f"no trace: `states` is no list of 1 to {MOST_STATES} states")
        known = frozenset(names)
        found = [self.step(number, state, known) for number, state in enumerate(states)]
        if found[0].rule != "init":
            raise self.wrong("no trace: the action of the first state is not init")
        return TraceFile(self.path, meta, Trace(found[0].state, tuple(found[1:])))

    def meta(self, meta: Any) -> Mapping[str, Any]:
        """What the file says about itself."""
        if not isinstance(meta, dict) or meta.get("format") != "ITF":
            raise self.wrong("no trace: there is no `#meta` with format ITF")
        if meta.get("schema") != SCHEMA:
            said = quote(meta.get("schema"))
            raise self.wrong(f"this version knows traces of the form {SCHEMA}, not {said}", "KX021")
        for key in _TEXTS:
            if not isinstance(meta.get(key), str):
                raise self.wrong(f"no trace: `#meta` has no text {key}")
        for part, keys in _PARTS.items():
            inner = meta.get(part)
            if not isinstance(inner, dict) or not all(isinstance(inner.get(key), str) for key in keys):
                raise self.wrong(f"no trace: `#meta` has no {part} with {', '.join(keys)}")
        return meta

    def step(self, number: int, state: Any, names: frozenset[str]) -> Step:
        """One state, with the action that leads to it."""
        if not isinstance(state, dict):
            raise self.wrong(f"no trace: state {number} is no object")
        labels = state.get("#meta")
        if not isinstance(labels, dict) or not isinstance(labels.get("action"), str):
            raise self.wrong(f"no trace: state {number} has no action in its `#meta`")
        if labels.get("index") != number:
            raise self.wrong(f"no trace: state {number} has the index {quote(labels.get('index'))}")
        if state.keys() - {"#meta"} != names:
            raise self.wrong(f"no trace: state {number} has other variables than `vars`")
        return Step(labels["action"], {n: self.value(number, n, v) for n, v in state.items() if n != "#meta"})

    def value(self, number: int, name: str, found: Any) -> Value:
        """The value of one variable."""
        if isinstance(found, bool | int | str):
            return found
        if isinstance(found, dict) and found.keys() == {"#bigint"}:
            digits = found["#bigint"]
            if isinstance(digits, str) and len(digits) <= 40 and digits.removeprefix("-").isdecimal():
                return int(digits)
        raise self.wrong(f"no trace: state {number}: {quote(name)} has no value of a known kind")
