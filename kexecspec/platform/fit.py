"""Whether a platform file has the form that everything else here takes for granted."""

from __future__ import annotations

from kexecspec.diagnostics import Diagnostic
from kexecspec.platform.bounds import excess
from kexecspec.schema import validate
from kexecspec.source import Node


def unfit(root: Node) -> tuple[Diagnostic, ...]:
    """In what the tree of a platform file is larger than can be judged, or else departs from its schema."""
    return excess(root) or validate(root, "platform")
