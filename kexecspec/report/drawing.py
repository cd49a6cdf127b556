"""A trace as a sequence diagram in SVG: one drawing without script, fonts or links, light and dark."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as Xml

from kexecspec.diagnostics import escape
from kexecspec.findings import Finding, Report
from kexecspec.report.itf import first_trace
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome
from kexecspec.report.sequence import Message, sequence

WIDTH = 860
_LEFT, _LINE, _CHARACTER = 44, 17, 7.25
_COLUMNS = int((WIDTH - _LEFT - 12) / _CHARACTER)
_STYLE = """
text { font: 12px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #1d2127; }
.head, .jump, .end { font-weight: bold; } .dim { fill: #59626e; } .end { fill: #b3261e; }
line { stroke: #1d2127; stroke-width: 1.5; } .life { stroke: #cfd5dc; stroke-width: 1; }
.jump-line { stroke: #3f51a3; stroke-width: 3; } .last-line { stroke: #b3261e; }
polygon, circle { fill: #1d2127; } .last-mark { fill: #b3261e; } .jump-mark { fill: #3f51a3; }
@media (prefers-color-scheme: dark) { text { fill: #e4e7eb; } .dim { fill: #a0a9b4; } .end { fill: #ff8a80; }
line { stroke: #e4e7eb; } .life { stroke: #3a414a; } .jump-line { stroke: #a9b8ff; } .last-line { stroke: #ff8a80; }
polygon, circle { fill: #e4e7eb; } .last-mark { fill: #ff8a80; } .jump-mark { fill: #a9b8ff; } }
"""


def as_svg(outcomes: Sequence[Outcome], look: Look) -> str:
    """The drawing of `first_trace`; nothing where nothing is refuted."""
    found = first_trace(outcomes)
    return "" if found is None else drawing(*found)


def drawing(report: Report, finding: Finding) -> str:
    """One drawing. What it says stands in it as text, in the order in which it happens."""
    drawn = sequence(report, finding)
    room = (WIDTH - _LEFT) / len(drawn.lanes)
    lanes = [_LEFT + room * (number + 0.5) for number in range(len(drawn.lanes))]
    shapes: list[Xml.Element] = [
        _text(title, lane, 20, "head", "middle") for title, lane in zip(drawn.lanes, lanes, strict=True)
    ]
    bottom, turned = 44.0, 28.0
    for one in drawn.messages:
        if isinstance(one, str):
            bottom = _paragraph(shapes, one, bottom, "dim")
            continue
        made, bottom, arrow = _message(one, lanes, bottom)
        shapes += made
        if one.jump and one.end == drawn.new:
            turned = arrow
    ends = bottom
    bottom = _paragraph(shapes, f"VIOLATED: {drawn.ending}", bottom + 8, "end")
    lives = list(_lives(lanes, drawn.old, drawn.new, turned, ends))
    root = Xml.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {bottom:.0f}", width=str(WIDTH),
        height=f"{bottom:.0f}", role="img",
    )  # fmt: skip
    Xml.SubElement(root, "title").text = escape(f"{finding.property.id} on {report.platform}")
    Xml.SubElement(root, "style").text = _STYLE
    root.extend([*lives, *shapes])
    Xml.indent(root, " ")
    return str(Xml.tostring(root, encoding="us-ascii", xml_declaration=False), "ascii") + "\n"


def _lives(lanes: Sequence[float], old: int, new: int, turned: float, ends: float) -> Iterator[Xml.Element]:
    for number, lane in enumerate(lanes):
        start = turned if number == new != old else 28.0
        end = turned if number == old != new else ends
        yield _line(lane, start, lane, end, "life")


def _message(one: Message, lanes: Sequence[float], top: float) -> tuple[list[Xml.Element], float, float]:
    """The shapes of a message, where the next one starts, and the height of its arrow."""
    step = one.step
    shapes = [_text(f"{step.number}.", 8, top, "dim")]
    says = step.says or step.rule
    actor = "" if says.startswith(step.actor) else f"{step.actor}: "
    arrow = _paragraph(shapes, f"{actor}{says}", top, "jump" if one.jump else "") - _LINE * 0.4
    kind = "last" if one.last else "jump" if one.jump else ""
    shapes += _mark(lanes[one.start], lanes[one.end], arrow, kind)
    bottom = arrow + _LINE * 1.1
    for change in one.changed:
        bottom = _paragraph(shapes, change, bottom, "dim", 14)
    return shapes, bottom + 6, arrow


def _mark(start: float, end: float, height: float, kind: str) -> list[Xml.Element]:
    mark, line = f"{kind}-mark" if kind else "", f"{kind}-line" if kind else ""
    if start == end:
        return [Xml.Element("circle", {"class": mark}, cx=f"{start:.1f}", cy=f"{height:.1f}", r="5")]
    back = end - 9 if end > start else end + 9
    points = f"{end:.1f},{height:.1f} {back:.1f},{height - 5:.1f} {back:.1f},{height + 5:.1f}"
    return [_line(start, height, back, height, line), Xml.Element("polygon", {"class": mark}, points=points)]


def _paragraph(shapes: list[Xml.Element], text: str, top: float, kind: str, indent: int = 0) -> float:
    """Puts a text into `shapes`, and returns where the next line starts."""
    width = _COLUMNS - int(indent / _CHARACTER)
    for line in textwrap.wrap(escape(text), width, break_on_hyphens=False) or [""]:
        shapes.append(_text(line, _LEFT + indent, top, kind))
        top += _LINE
    return top


def _text(of: str, x: float, y: float, kind: str = "", anchor: str = "start") -> Xml.Element:
    made = Xml.Element("text", {"class": kind, "text-anchor": anchor}, x=f"{x:.1f}", y=f"{y:.1f}")
    made.text = escape(of)
    return made


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Xml.Element:
    return Xml.Element("line", {"class": kind}, x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}")
