"""A matrix for one platform file: the modes in which its SMMUs may be left, or the values of a fact."""

from __future__ import annotations

import os

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.review.edits import built
from kexecspec.sweep.matrix import LIMIT, PLATFORM, Axis, Matrix, Value
from kexecspec.tree import Plain, Scalar, Table

MODES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "v2": (
        ("bypass", ()), ("abort", ("smmu2-shutdown-aborts",)), ("leave", ("smmu2-shutdown-leaves",)),
    ),
    "v3": (
        ("gbpa as found", ()), ("gbpa abort", ("smmu3-shutdown-gbpa-abort",)),
        ("adopt", ("smmu3-kexec-adopt", "smmu3-kdump-adopt")),
    ),
}  # fmt: skip
"""The modes of each kind of SMMU, and the kernel features that stand for them."""


def matrix_of(root: Table, path: str, axes: tuple[str, ...]) -> Matrix:
    """The matrix of the platform file `root` with axes PLACE=VALUE,VALUE; without any, the modes of its SMMUs. Raises
    InputError for what is no axis, and for a platform without SMMUs."""
    span = root.span
    made = [Axis(PLATFORM, (Value(path, (root,), span, path),), span)]
    made += [_axis(said, root) for said in axes] if axes else [_modes(root)]
    return Matrix(os.path.basename(path), path, tuple(made), (), (), LIMIT)


def _axis(said: str, root: Table) -> Axis:
    place, equals, values = said.partition("=")
    if not equals or not place or not values:
        help_ = "write PLACE=VALUE,VALUE such as kernels.prod.version=5.10.61,6.12"
        raise InputError([Diagnostic("KX002", f"{quote(said)} is no axis", Span(root.span.path), help=help_)])
    made = []
    for value in values.split(","):
        layer: Plain = value
        for key in reversed(place.split(".")):
            layer = {key: layer}
        made.append(_value(value, layer, root))
    return Axis(place, tuple(made), root.span)


def _modes(root: Table) -> Axis:
    smmus = root.get("smmus")
    variants = [_text(e.value, "variant") for e in smmus.entries] if isinstance(smmus, Table) else []
    kinds = ["v3" if "v3" in variant else "v2" for variant in variants]
    if not kinds:
        help_ = "name an axis: --axis PLACE=VALUE,VALUE"
        message = "the file has no SMMU whose modes could be tried"
        raise InputError([Diagnostic("KX029", message, root.span, help=help_)])
    kernels = root.get("kernels")
    entries = kernels.entries if isinstance(kernels, Table) else ()
    linux = [entry.key.text for entry in entries if _text(entry.value, "payload") in ("", "linux")]
    values = []
    for kind in dict.fromkeys(kinds):
        every = {feature for _, features in MODES[kind] for feature in features}
        for name, features in MODES[kind]:
            switched: Plain = {feature: feature in features for feature in sorted(every)}
            values.append(_value(f"{kind} {name}", {"kernels": {k: {"features": switched} for k in linux}}, root))
    return Axis("mode", tuple(values), root.span)


def _value(name: str, layer: Plain, root: Table) -> Value:
    made = built(layer, root)
    assert isinstance(made, Table)
    return Value(name, (made,), root.span)


def _text(node: object, key: str) -> str:
    found = node.get(key) if isinstance(node, Table) else None
    return found.text if isinstance(found, Scalar) else ""
