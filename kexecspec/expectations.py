"""`expect:` entries against findings."""

from __future__ import annotations

from collections.abc import Iterable

from kexecspec.findings import Finding, Harmed, Unmet
from kexecspec.ir.system import Property
from kexecspec.ir.verdict import Verdict
from kexecspec.platform.facts import Expectation


def compare(expectations: Iterable[Expectation], findings: Iterable[Finding]) -> tuple[int, tuple[Unmet, ...]]:
    """How many expectations came out as they say, and those that did not.

    A pattern that fits several findings is met by REFUTED when one is refuted, and by any other verdict when all
    have it. NOT_REFUTED is met by everything but REFUTED and UNKNOWN. A pattern that fits
    nothing is met only by NOT_REFUTED and NOT_JUDGED, for then the platform has no such part.
    """
    found = tuple(findings)
    said = [(expectation, _what(expectation, found)) for expectation in expectations]
    unmet = tuple(Unmet(expectation, what) for expectation, what in said if what is not None)
    return len(said) - len(unmet), unmet


def _what(expectation: Expectation, findings: tuple[Finding, ...]) -> str | None:
    fitting = [f for f in findings if fits(f, expectation.finding)]
    verdicts = {f.verdict for f in fitting}
    shown = ", ".join(sorted(v.value for v in verdicts)) or "no such finding"
    match expectation.verdict:
        case "REFUTED":
            refuted = [f for f in fitting if f.verdict is Verdict.REFUTED]
            return shown if not refuted else _details(expectation, refuted)
        case "NOT_REFUTED":
            return shown if verdicts & {Verdict.REFUTED, Verdict.UNKNOWN} else None
        case "NOT_JUDGED":
            return None if verdicts <= {Verdict.NOT_JUDGED} else shown
        case wanted:
            return None if {v.value for v in verdicts} == {wanted} else shown


def _details(expectation: Expectation, refuted: list[Finding]) -> str | None:
    best = min(refuted, key=lambda f: f.handoffs if f.handoffs is not None else 1 << 30)
    if expectation.handoffs is not None and best.handoffs != expectation.handoffs:
        return f"REFUTED after {best.handoffs} handoffs"
    if expectation.harm is not None and all(
        f.replay is not None and f.replay.harm != expectation.harm for f in refuted
    ):
        return f"REFUTED with harm {', '.join(sorted(str(f.replay.harm) for f in refuted if f.replay))}"
    return _replayed(expectation, [f.replay for f in refuted if f.replay is not None])


def _replayed(expectation: Expectation, replays: list[Harmed]) -> str | None:
    if not replays:
        return None
    if expectation.outcome is not None and all(r.outcome != expectation.outcome for r in replays):
        return f"REFUTED, and the replay is {', '.join(sorted(r.outcome for r in replays))}"
    if expectation.log is not None and not any(expectation.log in line for r in replays for line in r.log):
        return "REFUTED, and no line of the replayed kernel log is as expected"
    return None


def fits(finding: Finding, pattern: str) -> bool:
    """Whether `pattern`, CODE[/instance][@handoff], names `finding` or one that is like it."""
    code, instance, handoff = _read(pattern)
    wanted = finding.property
    known = instance in ("", wanted.instance) or instance in finding.alike
    return known and wanted.code == code and handoff in ("", wanted.handoff)


def names(pattern: str, prop: Property) -> bool:
    """Whether `pattern`, CODE[/instance][@handoff], names `prop`."""
    code, instance, handoff = _read(pattern)
    return prop.code == code and instance in ("", prop.instance) and handoff in ("", prop.handoff)


def part_of(pattern: str) -> str:
    """The part of the platform that `pattern` names; "" for none."""
    return _read(pattern)[1].partition(":")[0]


def _read(pattern: str) -> tuple[str, str, str]:
    rest, _, handoff = pattern.partition("@")
    code, _, instance = rest.partition("/")
    return code, instance, handoff
