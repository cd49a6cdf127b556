"""Sequence diagrams: the values, and the drawings as text, Mermaid and SVG."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from made_reports import leak, refuted, report
from test_formats import SPOILT, made

from kexecspec.findings import Finding, StepShown
from kexecspec.ir.nodes import TRUE
from kexecspec.ir.system import Rule
from kexecspec.library import library
from kexecspec.report import Look, Outcome
from kexecspec.report.diagram import diagram
from kexecspec.report.sequence import DEVICE, KERNEL, PATHS, SECURE, Message, Sequence, sequence

DIAGRAM = """\
                 old kernel (1)                      new kernel (2)
                        |
   1. bnxt registers 4 MiB
                        *
          bnxt.held: false -> true
                        |
   2. kernel: the jump to prod
                        |==================================>|
          1 variable of the old kernel start over
          tee.stale: 0 -> 96
                                                            |
  VIOLATED: bnxt cannot do what it needs
"""


def did(*steps: tuple[str, str], jump_after: int = 0) -> Sequence:
    """The diagram of steps of (actor, operation), with a jump after so many of them."""
    shown, rules = [], []
    for number, (actor, operation) in enumerate(steps, 1):
        name = f"r{number}"
        generation = 2 if jump_after and number > jump_after else 1
        does = (actor, *operation.split())
        shown.append(StepShown(number, generation, actor, name, f"step {number}", {}, None, None, does))
        rules.append(Rule(name, actor, TRUE, {}, handoff=number == jump_after, operation=does))
    found: Finding = replace(leak(), steps=tuple(shown))
    return sequence(report(found, rules=tuple(rules)), found)


def paths(drawn: Sequence) -> list[tuple[str, str]]:
    return [(drawn.lanes[m.start], drawn.lanes[m.end]) for m in drawn.messages if isinstance(m, Message)]


def test_every_operation_of_the_library_has_a_path() -> None:
    """A new rule without one would be drawn as if the kernel kept it to itself."""
    known: set[str] = set()
    for component in library().all("components"):
        known |= set(component.content.get("operations") or {})
        known |= {rule["does"][1] for rule in (component.content.get("rules") or {}).values()}
    assert known <= PATHS.keys()
    assert set(PATHS) - known == {"begin", "bound", "deferred"}


def test_paths_are_those_of_the_components() -> None:
    """What is asked of a client or the secure world goes there; of a device or an SMMU, to the device."""
    for component in library().all("components"):
        wanted = SECURE if component.name in ("client", "tee") else DEVICE
        for operation in component.content.get("operations") or {}:
            assert PATHS[operation] in ((KERNEL, wanted), (KERNEL, KERNEL)), operation


def test_lanes_are_those_that_are_touched() -> None:
    drawn = did(("bnxt", "tee_shm_alloc probe registers"), ("kernel", "jump"), ("nic", "dma_start probe starts"),
                ("device", "completes"), jump_after=2)  # fmt: skip
    old, new = "old kernel (1)", "new kernel (2)"
    assert drawn.lanes == (old, "secure world", "device and SMMU", new)
    assert paths(drawn) == [(old, "secure world"), (old, new), (new, "device and SMMU"), ("device and SMMU", new)]
    alone = did(("kernel", "up"), ("bnxt", "tee_shm_alloc probe fails"), ("secure world", "call_rpc user"))
    assert alone.lanes == ("secure world", "kernel") and alone.old == alone.new == 1
    assert paths(alone) == [("kernel", "kernel"), ("kernel", "kernel"), ("secure world", "kernel")]


def test_a_violation_at_the_jump_itself_has_a_new_kernel() -> None:
    drawn = did(("kernel", "crash prod"), jump_after=1)
    assert drawn.lanes == ("old kernel (1)", "new kernel (2)") and paths(drawn) == [drawn.lanes]
    assert [m.last for m in drawn.messages if isinstance(m, Message)] == [True]


def test_several_dead_kernels_share_a_lane() -> None:
    drawn = sequence(report(refuted()), refuted())
    assert drawn.lanes == ("old kernels (1-4)", "new kernel (5)")


def test_as_text() -> None:
    assert "\n".join(diagram(report(leak()), leak(), Look())) + "\n" == DIAGRAM
    wide = list(diagram(report(leak()), leak(), Look()))
    assert all(len(line) <= 78 for line in wide)


def test_as_text_in_a_report() -> None:
    text = made("text", Outcome("a", report(leak())), look=Look(diagram=True))
    assert "|=====" in text and "actor" not in text


MERMAID = re.compile(
    r"sequenceDiagram|    (title .+|participant L\d as .+|L\d(->>|-->>)L\d: \d+\. .+|Note over L\d(,L\d)?: .+)"
)


@pytest.mark.parametrize("outcome", [Outcome("a", report(refuted())), SPOILT], ids=["good", "spoilt"])
def test_mermaid(outcome: Outcome) -> None:
    lines = made("mermaid", outcome).splitlines()
    assert all(MERMAID.fullmatch(line) for line in lines)
    lanes = {line.split()[1] for line in lines if line.startswith("    participant")}
    assert {lane for line in lines for lane in re.findall(r"\bL\d\b", line.split(":")[0])} == lanes
    for line in lines[1:]:
        said = re.sub(r"#\d+;|<br/>|-?->>", "", line)
        assert not re.search(r"""[;#<>%{}&"`\\$]""", said)


def test_svg() -> None:
    root = Xml.fromstring(made("svg", Outcome("a", report(leak()))))
    name = "{http://www.w3.org/2000/svg}"
    assert {one.tag.removeprefix(name) for one in root.iter()} <= {
        "svg", "title", "style", "line", "text", "polygon", "circle"
    }  # fmt: skip
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    texts = list(root.iter(f"{name}text"))
    for one in texts:
        place, long = float(one.attrib["x"]), len(one.text or "") * 7.25
        left = place - long / 2 if one.attrib["text-anchor"] == "middle" else place
        assert left >= 0 and left + long <= width and 0 < float(one.attrib["y"]) <= height
    lives = sorted(float(one.attrib["x1"]) for one in root.iter(f"{name}line") if one.attrib["class"] == "life")
    tips = [float(one.attrib["points"].split(",")[0]) for one in root.iter(f"{name}polygon")]
    assert len(lives) == 2 and tips == [lives[1]]
    assert any("VIOLATED: bnxt cannot" in (one.text or "") for one in texts)


def test_a_hostile_svg_is_a_drawing() -> None:
    root = Xml.fromstring(made("svg", SPOILT))
    assert not [one for one in root.iter() if one.tag.endswith(("script", "a", "image", "foreignObject"))]
