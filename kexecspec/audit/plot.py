"""A plot of groups as bars, one inline SVG without any script."""

from __future__ import annotations

import html
from collections.abc import Sequence

from kexecspec import diagnostics
from kexecspec.audit.rows import STANDINGS
from kexecspec.audit.tables import Group

_LABEL, _BAR, _STEP, _HEIGHT = 190, 620, 24, 16
_PLOTTED = tuple(s for s in STANDINGS if s != "not judged")


def escape(text: str) -> str:
    """A text as HTML has it, in an element or an attribute; what cannot be seen is written out."""
    return html.escape(diagnostics.escape(text))


def bars(groups: Sequence[Group], title: str) -> str:
    """Each group's rows as a bar of parts: what is refuted, unknown, a note, proved."""
    shown = [(group, sum(group.count(s) for s in _PLOTTED)) for group in groups]
    shown = [(group, whole) for group, whole in shown if whole]
    most = max((whole for _, whole in shown), default=1)
    height = len(shown) * _STEP + 8
    parts = [_bar(group, whole, most, number) for number, (group, whole) in enumerate(shown)]
    width = _LABEL + _BAR + 70
    return (
        f'<svg class="plot" role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin meet">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _bar(group: Group, whole: int, most: int, number: int) -> str:
    top = number * _STEP + 4
    middle = top + _HEIGHT - 4
    made = [f'<text class="label" x="{_LABEL - 8}" y="{middle}" text-anchor="end">{escape(_short(group.name))}</text>']
    at = float(_LABEL)
    for standing in _PLOTTED:
        count = group.count(standing)
        if count:
            wide = max(1.0, _BAR * count / most)
            said = escape(f"{group.name}: {count} {standing}")
            made.append(
                f'<rect class="s-{standing}" x="{at:.1f}" y="{top}" width="{wide:.1f}" height="{_HEIGHT}">'
                f"<title>{said}</title></rect>"
            )
            at += wide
    made.append(f'<text class="count" x="{at + 6:.1f}" y="{middle}">{whole}</text>')
    return "".join(made)


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}\u2026"
