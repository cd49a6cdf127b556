"""Waivers as they are written: in a platform file, or in a file of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.findings import Waiver
from kexecspec.ir.system import Place
from kexecspec.library import Library
from kexecspec.schema import validate
from kexecspec.source import load
from kexecspec.tree import Items, Node, Table, at, plain

_COMMIT = "commit "


def of_platform(root: Node, library: Library) -> tuple[Waiver, ...]:
    """The waivers of a platform file that fits its schema. Raises InputError for a `fixed_by` that means nothing."""
    return _read(root, library)


def of_file(path: str, library: Library) -> tuple[Waiver, ...]:
    """The waivers of a file of their own. Raises InputError with everything that is wrong with it."""
    root = load(path)
    wrong = validate(root, "waivers")
    if wrong:
        raise InputError(wrong)
    known = library.names("properties")
    found = _read(root, library)
    unknown = [w for w in found if w.finding.partition("@")[0].partition("/")[0] not in known]
    if unknown:
        raise InputError([_unknown(waiver, known) for waiver in unknown])
    return found


def _read(root: Node, library: Library) -> tuple[Waiver, ...]:
    written = root.get("waivers") if isinstance(root, Table) else None
    wrong: list[Diagnostic] = []
    found = []
    for number, item in enumerate(written.items if isinstance(written, Items) else ()):
        content = plain(item)
        assert isinstance(content, dict)
        span = at(root, ("waivers", number, "finding"))
        ends, complaint = _ends(content, library, at(root, ("waivers", number, "fixed_by")))
        wrong += complaint
        found.append(_waiver(content, ends, Place(span.path, span.line, span.column)))
    if wrong:
        raise InputError(wrong)
    return tuple(found)


def _waiver(content: Mapping[str, Any], ends: str | None, place: Place) -> Waiver:
    until = date.fromisoformat(content["until"]) if "until" in content else None
    return Waiver(
        content["finding"], content["reason"], content["by"], until, ends, place, str(content.get("platform", ""))
    )


def _ends(content: Mapping[str, Any], library: Library, span: Span) -> tuple[str | None, list[Diagnostic]]:
    """The feature whose arrival ends a waiver, and what is wrong with what was written for it."""
    named = content.get("fixed_by")
    if named is None:
        return None, []
    if not named.startswith(_COMMIT):
        if named in library.features:
            return named, []
        help_text = allowed_help(named, sorted(library.features))
        return None, [Diagnostic("KX002", f"unknown kernel feature {quote(named)}", span, (), help_text)]
    feature = next(_with_commit(library, named.removeprefix(_COMMIT)), None)
    if feature is None and "until" not in content:
        message = f"no feature of the library comes with {quote(named)}, so nobody would notice when a kernel has it"
        return None, [Diagnostic("KX008", message, span, (), "add 'until', the day on which to look again")]
    return feature, []


def _with_commit(library: Library, commit: str) -> Iterator[str]:
    for name, entry in library.features.items():
        for source in entry.get("sources", ()):
            cited = str(source["ref"])
            if cited.startswith(_COMMIT):
                known = cited.removeprefix(_COMMIT).split()[0]
                if known.startswith(commit) or commit.startswith(known):
                    yield name


def _unknown(waiver: Waiver, known: tuple[str, ...]) -> Diagnostic:
    code = waiver.finding.partition("@")[0].partition("/")[0]
    place = waiver.place
    span = Span(place.path, place.line, place.column, place.line, place.column + len(waiver.finding))
    return Diagnostic("KX002", f"unknown property {quote(code)}", span, (), allowed_help(code, known))
