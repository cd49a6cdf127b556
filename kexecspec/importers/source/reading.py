"""One file on its way into the index: how closely it is worth reading, and by what it is found again.

A file of drivers that could be masters is read whole. Of others with drivers or id tables the structs are read, of the
rest only which functions they define: what is asked for later is then read whole at that time.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kexecspec.importers.source.headers import KIND as HEADERS
from kexecspec.importers.source.headers import asks_headers, beside
from kexecspec.importers.source.makefiles import read_makefile
from kexecspec.importers.source.naming import driver_name, name_in_headers
from kexecspec.importers.source.parse import LARGEST, read_c, read_structs
from kexecspec.importers.source.pci_rows import with_numbers
from kexecspec.importers.source.records import FileRead, packed, unpacked
from kexecspec.importers.source.struct_types import DRIVERS, ID_TABLES

Level = Literal[0, 1, 2]
NAMES: Literal[0] = 0
STRUCTS: Literal[1] = 1
WHOLE: Literal[2] = 2

_DRIVER = re.compile(rb"\bstruct[ \t]+(?:" + b"|".join(k.encode() for k in DRIVERS) + rb")\b")
_MASTERS = tuple(
    f"struct {k}_driver".encode() for k in ("platform", "pci", "amba", "fsl_mc", "tee_client", "ffa", "host1x")
)
_TABLES = (*(k.encode() for k in ID_TABLES), b"DEV_PM_OPS", b"struct dev_pm_ops", b"struct component_ops")
_BEARS = (
    b"dma", b"mmc_", b"ahci_", b"sdhci", b"usb_", b"dwc", b"stmmac", b"tee_", b"drm_", b"reboot_notifier", b".shutdown",
    b"netdev", b"scsi", b"ufs", b"rproc",
)  # fmt: skip
_BRACE = re.compile(rb"^\{", re.MULTILINE)
_NAMED = re.compile(rb"(\w+)\s*\(")
_ENDS = (b";", b"}", b"\n\n", b"*/")
_LONGEST_HEAD = 500
_FOREIGN = frozenset(("asm", "__attribute__", "if", "for", "while", "switch"))


@dataclass(frozen=True, slots=True)
class Read:
    """What the index keeps of a file: the sum of its bytes, how closely it was read, keys by which it is found
    (kind, text), why it is not whole, and its record as compressed JSON."""

    path: str
    sum: str
    level: Level
    keys: tuple[tuple[str, str], ...]
    problem: str = ""
    content: bytes = b""


def read_file(root: Path, path: str, level: Level | None = None) -> Read:
    """The file `path` of the tree, as closely as it is worth it or as `level` says. Never raises for what is in it."""
    try:
        with open(root / path, "rb") as stream:
            text = stream.read(LARGEST + 1)
    except OSError as error:
        return Read(path, "", NAMES, (), error.strerror or str(error))
    total = hashlib.blake2b(text, digest_size=16).hexdigest()
    if not path.endswith(".c"):
        made = read_makefile(text)
        keys = tuple(("object", name) for name in made)
        return Read(path, total, STRUCTS, keys, "", _packed(made))
    wanted = _worth(text) if level is None else level
    names = tuple(("function", name) for name in defined(text))
    if wanted == NAMES:
        return Read(path, total, NAMES, names)
    bare = read_c(path, text) if wanted == WHOLE else read_structs(path, text)
    file = with_numbers(root, bare)
    keys = (*names, *_keys(root, file))
    if asks_headers(bare):
        total = hashlib.blake2b(repr((total, keys)).encode(), digest_size=16).hexdigest()
        keys = (*keys, (HEADERS, beside(root, path.rpartition("/")[0])))
    return Read(path, total, wanted, keys, file.problem, _packed(packed(file)))


def record(read: bytes) -> FileRead:
    """The record of a C file from its compressed JSON. Raises ValueError where it is damaged."""
    return unpacked(unpacked_json(read))


def unpacked_json(read: bytes) -> Any:
    """What `_packed` made bytes of. Raises ValueError where that is damaged."""
    try:
        return json.loads(zlib.decompress(read))
    except (zlib.error, RecursionError) as error:
        raise ValueError(str(error)) from None


def defined(text: bytes) -> Iterator[str]:
    """The functions that other files can call: those with a body in the first column that are not static."""
    for brace in _BRACE.finditer(text):
        low = max(0, brace.start() - _LONGEST_HEAD)
        start = max(low - 1, *(text.rfind(end, low, brace.start()) for end in _ENDS)) + 1
        head = text[start : brace.start()]
        named = _NAMED.search(head)
        if named and b"static" not in head[: named.start()] and b"=" not in head:
            name = named[1].decode("utf-8", "replace")
            if name not in _FOREIGN:
                yield name


def _worth(text: bytes) -> Level:
    drives = b"_driver" in text and _DRIVER.search(text)
    if drives and any(m in text for m in _MASTERS) and any(b in text for b in _BEARS):
        return WHOLE
    return STRUCTS if drives or any(t in text for t in _TABLES) else NAMES


def _keys(root: Path, file: FileRead) -> Iterator[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for struct in file.structs:
        if struct.type in ID_TABLES:
            found |= {(ID_TABLES[struct.type], row.text): None for row in struct.rows}
            found["struct", struct.name] = None
        elif struct.type in DRIVERS:
            found["driver", name_in_headers(root, struct, file) or driver_name(struct, file)] = None
        elif struct.type in ("dev_pm_ops", "component_ops"):
            found["struct", struct.name] = None
    yield from found


def _packed(content: Any) -> bytes:
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)
