"""The lines of a platform file around the one that a finding is about."""

from __future__ import annotations

from kexecspec.diagnostics import Span
from kexecspec.ir.system import Place
from kexecspec.report.look import Look
from kexecspec.report.page.markup import element, text

AROUND = 3


def listing(place: Place, look: Look) -> str:
    """An excerpt with line numbers, `place` marked; nothing where the file cannot be read."""
    lines = []
    for number in range(max(1, place.line - AROUND), place.line + AROUND + 1):
        line = look.line_of(Span(place.path, number, 1))
        if line is not None:
            shown = text(f"{number:>4}  {line}")
            lines.append(element("span", shown, class_="marked") if number == place.line else shown)
    return element("pre", "\n".join(lines), class_="listing") if lines else ""
