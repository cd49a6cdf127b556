"""One platform with its kernels moved to other versions."""

from __future__ import annotations

from collections.abc import Sequence

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.review.edits import put, scalar
from kexecspec.tree import Scalar, Table, find


def moved(root: Table, versions: Sequence[str]) -> Table:
    """`root` with other kernel versions: each of `versions` is VERSION, for all Linux kernels, or KERNEL=VERSION.
    Raises InputError for a kernel that is not there."""
    kernels = root.get("kernels")
    names = [e.key.text for e in kernels.entries if _linux(e.value)] if isinstance(kernels, Table) else []
    for said in versions:
        name, equals, version = said.rpartition("=")
        if equals and name not in names:
            message = f"{quote(said)}: the file has no Linux kernel {quote(name)}"
            raise InputError([Diagnostic("KX002", message, Span(root.span.path), help=allowed_help(name, names))])
        for kernel in [name] if equals else names:
            path = ("kernels", kernel, "version")
            root = put(root, path, scalar(version, find(root, path) or root))
    return root


def _linux(kernel: object) -> bool:
    payload = kernel.get("payload") if isinstance(kernel, Table) else None
    return payload is None or (isinstance(payload, Scalar) and payload.text == "linux")
