"""What a check found, in the formats that people and programs read. One format a module, one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from kexecspec.report.as_json import as_json
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome
from kexecspec.report.text import as_text

Reporter = Callable[[Sequence[Outcome], Look], str]

REPORTERS: Mapping[str, Reporter] = MappingProxyType({"text": as_text, "json": as_json})
"""Every output format of `check` by its name."""

__all__ = ["REPORTERS", "Look", "Outcome", "Reporter"]
