"""A device tree blob as nodes, by libfdt where it is installed and by the fdt library otherwise."""

from __future__ import annotations

from typing import Any

from kexecspec.importers.devicetree.bounds import check_blob, refused
from kexecspec.importers.devicetree.nodes import DtNode, Tree

EXTRA = "pip install 'kexecspec[import]' brings it, or pylibfdt, which is used where it is installed"


def read_blob(content: bytes, file: str) -> Tree:
    """The tree of a blob that was read from `file`. Raises InputError."""
    reserved = check_blob(content, file)
    library, name = _library(file)
    try:
        root = _by_libfdt(library, content) if name == "libfdt" else _by_fdt(library, content)
    except Exception as error:  # the libraries raise whatever comes: Exception, AssertionError, struct.error
        said = str(error) or type(error).__name__
        raise refused(file, "KX031", f"the {name} library does not read it: {said}") from None
    return Tree(file, root, reserved)


def _library(file: str) -> tuple[Any, str]:
    try:
        import libfdt  # type: ignore[import-not-found]
    except ImportError:
        pass
    else:
        return libfdt, "libfdt"
    try:
        import fdt  # type: ignore[import-untyped]
    except ImportError:
        raise refused(file, "KX013", "reading a device tree needs the fdt library, which is not here", EXTRA) from None
    return fdt, "fdt"


def _by_fdt(fdt: Any, content: bytes) -> DtNode:
    """That library guesses what kind of value a property has; its bytes are made again from the guess. What it says of
    reserved memory is not looked at: it keeps that of blobs that it read before."""
    parsed = fdt.parse_dtb(content)

    def raw(prop: Any) -> bytes:
        match prop:
            case fdt.PropStrings():
                return b"".join(text.encode("ascii") + b"\0" for text in prop.data)
            case fdt.PropWords():
                return b"".join(word.to_bytes(4, "big") for word in prop.data)
            case fdt.PropBytes():
                return bytes(prop.data)
            case _:
                return b""

    def node(found: Any, path: str) -> DtNode:
        below = "" if path == "/" else path
        children = tuple(node(child, f"{below}/{child.name}") for child in found.nodes)
        return DtNode(path, {prop.name: raw(prop) for prop in found.props}, children)

    return node(parsed.root, "/")


def _by_libfdt(libfdt: Any, content: bytes) -> DtNode:
    blob = libfdt.FdtRo(content)
    quiet = [libfdt.NOTFOUND]

    def props(offset: int) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        at = blob.first_property_offset(offset, quiet)
        while at >= 0:
            prop = blob.get_property_by_offset(at)
            found[prop.name] = bytes(prop)
            at = blob.next_property_offset(at, quiet)
        return found

    def node(offset: int, path: str) -> DtNode:
        below, children = "" if path == "/" else path, []
        at = blob.first_subnode(offset, quiet)
        while at >= 0:
            children.append(node(at, f"{below}/{blob.get_name(at)}"))
            at = blob.next_subnode(at, quiet)
        return DtNode(path, props(offset), tuple(children))

    return node(0, "/")
