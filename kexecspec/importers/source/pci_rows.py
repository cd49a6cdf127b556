"""Rows of PCI tables whose ids are macros of the file, or of a header beside it, with the numbers in their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kexecspec.importers.source.records import FileRead, Row

_WORD = re.compile(r"[A-Za-z_]\w*")
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+\(?(0[xX][0-9a-fA-F]+|\d+)\)?", re.MULTILINE)
_MOST_HEADERS = 60
_LARGEST = 1 << 20


def with_numbers(root: Path, file: FileRead) -> FileRead:
    """`file` with numbers for the symbols of its PCI tables, as far as it or a header in its folder defines them; those
    of include/linux/pci_ids.h stay."""
    known = {w: n for w in _symbols(file) if (n := _number(file.macros, w))}
    left = of_headers(file)
    known |= _of_headers(root / file.path, left) if left else {}
    if not known:
        return file
    made = [
        replace(s, rows=tuple(_numbered(row, known) for row in s.rows)) if s.type == "pci_device_id" else s
        for s in file.structs
    ]
    return replace(file, structs=tuple(made))


def of_headers(file: FileRead) -> set[str]:
    """The symbols of a file's PCI tables that it does not define itself, vendors aside."""
    return {w for w in _symbols(file) if not _number(file.macros, w) and not w.startswith("PCI_VENDOR_ID_")}


def _symbols(file: FileRead) -> set[str]:
    tables = [s for s in file.structs if s.type == "pci_device_id"]
    return {w for s in tables for r in s.rows for w in _WORD.findall(r.text)} - {"PCI_ANY_ID"}


def _numbered(row: Row, known: Mapping[str, str]) -> Row:
    return replace(row, text=_WORD.sub(lambda m: known.get(m[0], m[0]), row.text))


def _number(macros: Mapping[str, str], word: str) -> str:
    text = macros.get(word, "").split("/*")[0].strip().strip("()")
    return text if re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", text) else ""


def _of_headers(path: Path, wanted: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for header in sorted(path.parent.glob("*.h"))[:_MOST_HEADERS]:
            with open(header, "rb") as stream:
                text = stream.read(_LARGEST).decode("utf-8", "replace")
            found |= {name: number for name, number in _DEFINE.findall(text) if name in wanted}
    except OSError:
        return found
    return found
