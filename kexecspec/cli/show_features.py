"""`kexecspec show features`: what kernels do, by release, with the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from kexecspec.cli.console import say
from kexecspec.cli.prose import notes, paragraph, sources, unknown
from kexecspec.diagnostics import quote
from kexecspec.library import library
from kexecspec.report.look import columns
from kexecspec.versions import parse_version


def features(name: str | None, kernel: str | None) -> int:
    """All features in brief; those of `kernel`, or the one called `name`, with their sources."""
    specs = library()
    known = specs.features
    if name is not None and name not in known:
        raise unknown("feature", name, known)
    names = [name] if name is not None else sorted(known)
    if kernel is not None:
        has = specs.features_of(_version(kernel))
        if name is not None:
            say(f"Linux {kernel} {'has' if name in has else 'does not have'} {name}.")
        names = [n for n in names if n in has or n == name]
        if name is None:
            say(f"Linux {kernel} has {len(names)} of {len(known)} features:")
    if name is None and kernel is None:
        width = max(map(len, names))
        say("\n".join(columns([(n, _since(known[n])) for n in names], (width, 78 - 4 - width))))
        return 0
    for found in names:
        say("\n".join(("", *_feature(found, known[found]))))
    return 0


def _version(text: str) -> Any:
    try:
        return parse_version(text)
    except ValueError as error:
        raise click.UsageError(f"--kernel {quote(text)}: {error}") from None


def _since(entry: Mapping[str, Any]) -> str:
    until = f", until {entry['until']}" if "until" in entry else ""
    return f"since {entry['since']}{until}" if entry["since"] != "never" else "in no release"


def _feature(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name} ({_since(entry)})"
    yield from paragraph("What", entry.get("title"))
    yield from paragraph("Backports", _releases(entry.get("backports", {})))
    yield from paragraph("Backports of its end", _releases(entry.get("backports_until", {})))
    yield from paragraph("Commit", entry.get("commit"))
    yield from paragraph("Brings", entry.get("brings"))
    for other, why in entry.get("needs", {}).items():
        yield from paragraph(f"Needs {other}", why)
    yield from notes(entry)
    yield from sources(entry)


def _releases(table: Mapping[str, Any]) -> str:
    return ", ".join(str(release) for release in table.values())
