"""The headers beside a C file: what a file asks of them hangs on more than its own text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from kexecspec.importers.source.naming import macro_of_header
from kexecspec.importers.source.pci_rows import of_headers
from kexecspec.importers.source.records import FileRead
from kexecspec.importers.source.struct_types import DRIVERS

KIND = "headers"
"""The kind of key that a file has which asks something of the headers in its folder."""


def asks_headers(file: FileRead) -> bool:
    """Whether a name of a driver, or an id of a PCI table, is a macro that `file` itself does not define."""
    return bool(of_headers(file)) or any(macro_of_header(s, file) for s in file.structs if s.type in DRIVERS)


def beside(root: Path, folder: str) -> str:
    """`folder` with a sum of by what its headers are known again; to be compared only."""
    made = hashlib.blake2b(digest_size=12)
    for name, size, changed in sorted(_found(root / folder)):
        made.update(f"{name}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
    return f"{made.hexdigest()} {folder}"


def changed(root: Path, keys: tuple[str, ...]) -> frozenset[str]:
    """Those of the `keys`, made by `beside`, that are no longer true."""
    return frozenset(key for key in keys if beside(root, key.partition(" ")[2]) != key)


def _found(folder: Path) -> Iterator[tuple[str, int, int]]:
    try:
        for header in folder.glob("*.h"):
            state = header.stat()
            yield header.name, state.st_size, state.st_mtime_ns
    except OSError:
        return
