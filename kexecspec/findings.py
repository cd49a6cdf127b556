"""What a check says: findings and reports, the values that every output format is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kexecspec.ir.system import Place, Property, Rule, Var
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Evidence, Verdict
from kexecspec.platform.facts import Expectation, Reliance


@dataclass(frozen=True)
class StepShown:
    """One step of a trace as people see it; `changed` holds the variables that it changed, old and new value."""

    number: int
    generation: int
    actor: str
    rule: str
    says: str
    changed: Mapping[str, tuple[Value, Value]]
    path: str | None
    line: int | None
    operation: tuple[str, ...]


@dataclass(frozen=True)
class Harmed:
    """What the executable model suffered: `outcome` is CONFIRMED, HARMLESS or DIVERGED. `log` is what a kernel prints
    of it, `why` what the model says of it, or of why nothing was suffered. `console` is the end of all that was
    printed, each line with the number of the step in which that was."""

    outcome: str
    harm: str | None
    where: str
    log: tuple[str, ...]
    why: str = ""
    console: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Becomes:
    """What a leak turns into, and after how many handoffs."""

    code: str
    handoffs: int


@dataclass(frozen=True)
class Missing:
    """One link of why something never happens: what never holds (if several, never together), the step that would
    bring it about, if there is one, and the lines of the file that it hangs on. The next link says what the step waits
    for."""

    never: tuple[str, ...]
    step: str | None
    rule: str | None
    facts: tuple[str, ...]
    lines: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True)
class Finding:
    """The answer about one property instance. `verdict` is the final one: after re-evaluation and replay.

    `rests_on` holds what nobody has verified of that on which a proof or refutation rests. `handoffs_range` is set
    where an interval of the platform (the heap's base use) makes the number of handoffs one. `alike` names the
    instances of which the same is true, for they are the same but for names.
    """

    property: Property
    verdict: Verdict
    severity: str
    evidence: Evidence | None
    why: str = ""
    vacuous: bool = False
    bound: int | None = None
    becomes: Becomes | None = None
    steps: tuple[StepShown, ...] = ()
    trace: Trace | None = None
    handoffs: int | None = None
    handoffs_range: tuple[int, int] | None = None
    decided_by: tuple[tuple[str, Value], ...] = ()
    replay: Harmed | None = None
    rests_on: tuple[Reliance, ...] = ()
    missing: tuple[Missing, ...] = ()
    alike: tuple[str, ...] = ()


def harm_of(finding: Finding) -> str:
    """What the executable model suffered; where it suffered nothing, or was not asked, what the property says."""
    return (finding.replay.harm if finding.replay is not None else None) or finding.property.harm


def ids(finding: Finding) -> tuple[str, ...]:
    """The ids of all property instances that `finding` is about."""
    return finding.property.ids(finding.alike)


@dataclass(frozen=True)
class Taken:
    """Whether a handoff of the file is ever taken: PROVED by a `run` to where it is taken (so many `steps` with
    it), REFUTED by a proof that there is none, or UNKNOWN."""

    name: str
    kind: str
    place: Place | None
    verdict: Verdict
    steps: int | None = None
    run: Trace | None = None
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Unmet:
    """An `expect:` entry that did not come out as it says."""

    expectation: Expectation
    found: str


@dataclass(frozen=True)
class Waiver:
    """Somebody's decision to live with one finding: `until` is the last day of it, `fixed_by` the kernel feature whose
    arrival in every kernel ends it. `platform` is empty where it stands in the platform file itself."""

    finding: str
    reason: str
    by: str
    until: date | None
    fixed_by: str | None
    place: Place
    platform: str = ""


@dataclass(frozen=True)
class Excused:
    """One instance that does not count. `how`: waiver, or baseline, in which it failed already."""

    finding: str
    how: str
    why: str = ""
    by: str = ""
    until: date | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong with a waiver: it is `expired`, `unused` or `too broad`."""

    kind: str
    waiver: Waiver
    says: str


@dataclass(frozen=True)
class Hashes:
    """SHA-256 of what a verdict was made from."""

    platform: str
    specs: str
    tool: str
    z3: str


@dataclass(frozen=True)
class Recalled:
    """Of the answers behind a report, how many were `known` from earlier runs (and checked again, as all are) and how
    many had to be `judged`; `trouble` is what is wrong with the place where they are kept."""

    known: int
    judged: int
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything a check of one platform file found. `objections` are disagreements of the tool with itself; `parts` is
    how many parts the platform was taken into, each judged by itself, and `left` the ids of properties that a part
    alone cannot answer. `waivers` are those of the platform file, `features` what each Linux kernel has; `excused` are,
    by id, the instances that do not count, `faults` what is wrong with waivers, `gone` what failed in a baseline and
    fails no more."""

    platform: str
    path: str
    summary: Mapping[str, int]
    findings: tuple[Finding, ...]
    assumptions: tuple[Reliance, ...]
    reliances: tuple[Reliance, ...]
    not_modelled: tuple[str, ...]
    unmet: tuple[Unmet, ...]
    met: int
    objections: tuple[str, ...]
    hashes: Hashes
    variables: Mapping[str, Var]
    rules: tuple[Rule, ...]
    taken: tuple[Taken, ...] = ()
    parts: int = 1
    left: tuple[str, ...] = ()
    recalled: Recalled | None = None
    waivers: tuple[Waiver, ...] = ()
    features: Mapping[str, frozenset[str]] = field(default_factory=dict)
    excused: Mapping[str, Excused] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """REFUTED, else UNKNOWN, else PROVED, over the findings that are errors; NOT_JUDGED where none is."""
        judged = [f for f in self.findings if f.verdict is not Verdict.NOT_JUDGED and f.severity == "error"]
        for verdict in (Verdict.REFUTED, Verdict.UNKNOWN, Verdict.PROVED):
            if any(f.verdict is verdict for f in judged):
                return verdict
        return Verdict.NOT_JUDGED
