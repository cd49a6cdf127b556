"""Paragraphs, bullets and sources of the library, as `explain` and `show` print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from kexecspec.diagnostics import allowed_help, quote
from kexecspec.report.look import wrapped


def paragraph(title: str, text: object) -> Iterator[str]:
    """`Title: text` as an indented paragraph; nothing for no text."""
    if text:
        yield from wrapped(f"{title}: {_flat(text)}", "  ", "    ")


def bullets(title: str, items: Iterable[object]) -> Iterator[str]:
    """A title with one bullet an item; nothing for no items."""
    found = list(items)
    if found:
        yield f"  {title}:"
    for item in found:
        yield from wrapped(_flat(item), "    - ", "      ")


def sources(content: Mapping[str, Any], indent: str = "  ") -> Iterator[str]:
    """What was read for `content`, and what it says; and how sure that is, if it is not."""
    confidence = content.get("confidence", "read")
    if confidence != "read":
        yield f"{indent}Confidence: {confidence}"
    found = content.get("sources", ())
    if found:
        yield f"{indent}Sources:"
    for source in found:
        said = f": {_flat(source['says'])}" if source.get("says") else ""
        yield from wrapped(f"{source['ref']}{said}", f"{indent}  - ", f"{indent}    ")


def notes(content: Mapping[str, Any]) -> Iterator[str]:
    """The notes of `content`."""
    yield from paragraph("Note", content.get("note"))
    yield from bullets("Notes", content.get("notes", ()))


def unknown(what: str, name: str, known: Iterable[str]) -> click.UsageError:
    """The complaint about a name that the library does not have."""
    return click.UsageError(f"unknown {what} {quote(name)}: {allowed_help(name, sorted(known), 'there are')}")


def _flat(text: object) -> str:
    return " ".join(str(text).split())
