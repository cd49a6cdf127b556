"""The outline of a blob, walked before a library reads it: what is cut off or too large is refused, with its offset."""

from __future__ import annotations

import struct

from kexecspec.diagnostics import Diagnostic, InputError, Span

LARGEST = 4 << 20
"""Bytes of the largest blob; the kernel reads at most 2 MiB."""
DEEPEST, MOST, LONGEST = 64, 2000, 255
"""Levels of nodes; properties, and children, of one node; characters of one name."""
MAGIC = b"\xd0\x0d\xfe\xed"
_BEGIN, _END_NODE, _PROP, _NOP, _END = 1, 2, 3, 4, 9
_HEADER = struct.Struct(">10I")


def check_blob(content: bytes, file: str) -> tuple[tuple[int, int], ...]:
    """The (address, size) pairs that the blob's header reserves. Raises InputError for what is no whole device tree
    blob, or holds more than any board has."""
    if not content.startswith(MAGIC):
        raise refused(file, "KX031", _no_magic(content), "a .dtb, or /sys/firmware/fdt; dtc makes one of a .dts")
    if len(content) < _HEADER.size:
        raise refused(file, "KX031", f"truncated: {len(content)} bytes, and the header has {_HEADER.size}")
    total, struct_at, strings_at, map_at, version, _, _, strings_size, struct_size = _HEADER.unpack_from(content)[1:]
    if not 16 <= version <= 17:
        raise refused(file, "KX031", f"byte 0x14: version {version} of the format; 16 and 17 are read")
    if total > len(content):
        raise refused(file, "KX031", f"truncated: the header says {total} bytes, and there are {len(content)}")
    if version == 16:
        struct_size = total - struct_at if struct_at <= total else 0
    for what, start, size in (("structure", struct_at, struct_size), ("strings", strings_at, strings_size)):
        if not _HEADER.size <= start <= start + size <= total:
            says = f"the header puts the {what} block at {start:#x} with {size} bytes, in a blob of {total}"
            raise refused(file, "KX031", says)
    reserved = _map(content, map_at, total, file)
    strings = content[strings_at : strings_at + strings_size]
    if strings and (not strings.endswith(b"\0") or max(map(len, strings.split(b"\0"))) > LONGEST):
        raise refused(file, "KX031", f"byte {strings_at:#x}: a property's name of more than {LONGEST} characters")
    _Outline(content, struct_at, struct_at + struct_size, strings, file).walk()
    return reserved


def refused(file: str, code: str, message: str, help: str | None = None) -> InputError:
    """One complaint about a blob as a whole."""
    return InputError([Diagnostic(code, message, Span(file), help=help)])


def _no_magic(content: bytes) -> str:
    if not content:
        return "the file is empty"
    return f"no device tree blob: it begins with {content[:4].hex()}, and a blob with {MAGIC.hex()}"


def _map(content: bytes, start: int, total: int, file: str) -> tuple[tuple[int, int], ...]:
    """The map of reserved memory ends with a pair of zeros, after at most as many pairs as a node has properties."""
    found: list[tuple[int, int]] = []
    for number in range(MOST):
        entry = content[start + 16 * number : start + 16 * number + 16]
        if len(entry) < 16 or start + 16 * number + 16 > total:
            break
        if not any(entry):
            return tuple(found)
        found.append((int.from_bytes(entry[:8], "big"), int.from_bytes(entry[8:], "big")))
    raise refused(file, "KX031", f"byte {start:#x}: the map of reserved memory has no end")


class _Outline:
    """Walks the structure block from tag to tag."""

    def __init__(self, content: bytes, start: int, end: int, strings: bytes, file: str) -> None:
        self.content, self.at, self.end, self.strings, self.file = content, start, end, strings, file
        self.inside: list[dict[str, set[bytes]]] = []

    def walk(self) -> None:
        roots = 0
        while True:
            tag = self._word()
            if tag == _BEGIN:
                roots += not self.inside
                self._begin()
            elif tag == _END_NODE:
                if not self.inside:
                    raise self._wrong("a node ends where none has begun")
                self.inside.pop()
            elif tag == _PROP:
                self._property()
            elif tag == _END:
                break
            elif tag != _NOP:
                raise self._wrong(f"{tag:#x} where a tag is due (1 begin, 2 end, 3 property, 4 nothing, 9 end of all)")
        if self.inside or roots != 1:
            raise self._wrong(f"{len(self.inside)} nodes are not ended" if self.inside else f"{roots} roots, not 1")

    def _begin(self) -> None:
        end = self.content.find(b"\0", self.at, min(self.end, self.at + LONGEST + 1))
        if end < 0:
            raise self._wrong(f"a node's name of more than {LONGEST} characters, or without an end")
        name = self.content[self.at : end]
        if not name.isascii() or not name.decode().isprintable() or b"/" in name or bool(name) is not bool(self.inside):
            raise self._wrong(f"{name!r} is no node's name: ASCII letters, digits and , . _ + - @ are allowed")
        self.at += (len(name) + 4) & ~3
        self._count("children", name)
        self.inside.append({"children": set(), "properties": set()})
        if len(self.inside) > DEEPEST:
            raise self._wrong(f"nodes are nested deeper than {DEEPEST} levels")

    def _property(self) -> None:
        size, name = self._word(), self._word()
        if not self.inside:
            raise self._wrong("a property outside of every node")
        if size > self.end - self.at:
            raise self._wrong(f"a property of {size} bytes, and {self.end - self.at} are left")
        text = self.strings[name : self.strings.find(b"\0", name)] if name < len(self.strings) else b""
        if not text or not text.isascii() or not text.decode().isprintable():
            raise self._wrong(f"a property's name at {name:#x} of the strings: {text!r}")
        self.at += (size + 3) & ~3
        self._count("properties", text)

    def _count(self, what: str, name: bytes) -> None:
        there = self.inside[-1][what] if self.inside else set()
        if name in there:
            raise self._wrong(f"a node has two {what} called {name.decode()}")
        there.add(name)
        if len(there) > MOST:
            raise self._wrong(f"a node with more than {MOST} {what}")

    def _word(self) -> int:
        if self.at + 4 > self.end:
            raise self._wrong("the structure block ends in the middle")
        self.at += 4
        return int.from_bytes(self.content[self.at - 4 : self.at], "big")

    def _wrong(self, says: str) -> InputError:
        return refused(self.file, "KX031", f"byte {self.at:#x}: {says}")
