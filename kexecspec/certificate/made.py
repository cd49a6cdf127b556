"""A certificate made from a check: its files, as text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kexecspec import __version__
from kexecspec.certificate import derive
from kexecspec.certificate.bases import Base, based, in_folders
from kexecspec.certificate.invariants_text import read_invariants
from kexecspec.certificate.manifest import FILE, Claim, Handoff, Manifest, Part, Run, Sum, manifest_text, read_manifest
from kexecspec.certificate.platform_text import platform_text
from kexecspec.certificate.symbols import plain
from kexecspec.check import Checked
from kexecspec.confirm import conjoined
from kexecspec.findings import Finding, Report, Taken
from kexecspec.ground.ground import ground
from kexecspec.ir.system import Invariant, Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.library import Library, library
from kexecspec.solve.aside import SolverDied, aside
from kexecspec.solve.recheck import sufficient
from kexecspec.source import Plain, parse
from kexecspec.source import plain as read_back

PLATFORM = "platform.yaml"


@dataclass(frozen=True)
class Made:
    """The files of a certificate by their paths, and how many of the properties it claims as PROVED."""

    files: Mapping[str, str]
    claimed: int
    properties: int

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(len(text) for text in self.files.values())


def certificate(checked: Checked) -> Made | None:
    """The certificate of everything that was proved, and not of nothing; None where nothing was. The check was one with
    Options.certified.

    Raises InputError where it would be larger than what is read back.
    """
    specs = library()
    files, parts = {PLATFORM: _platform(checked.content)}, list[Part]()
    folders = in_folders(sum(len(way.based) for way in checked.ways))
    for number, way in enumerate(checked.ways):
        final = _proved(way.report)
        for one in way.based:
            base = based(next(folders), number, way.facts, one.platform, one.alike)
            part, texts = _part(base, one.report, final, specs)
            parts.append(part)
            files.update((part.folder + name, text) for name, text in texts.items())
    claims = [claim for part in parts for claim in part.claims]
    proved = sum(claim.verdict == Verdict.PROVED.value for claim in claims)
    if not proved:
        return None
    hashes = checked.report.hashes
    files[FILE] = manifest_text(
        Manifest(
            plain(checked.report.platform),
            hashes.platform,
            hashes.specs,
            (__version__, hashes.tool),
            hashes.z3,
            tuple(parts),
            tuple(_sum(name, text) for name, text in files.items()),
            tuple(sorted(map(plain, checked.named))) if any(part.about for part in parts) else (),
        )
    )
    read_manifest(files[FILE], FILE)
    return Made(files, proved, len(claims))


def claim_of(prop: Property, verdict: str, names: Mapping[str, str], run: Run | None) -> Claim:
    """The manifest's entry about `prop`; `run` is there where it is PROVED, `names` is `derive.obligations`."""
    return Claim(plain(prop.id), verdict, None if run is None else names.get(prop.id), run)


def shown(value: object) -> Value:
    """A value as the manifest has it."""
    return value if isinstance(value, bool | int) else plain(str(value))


def facts_of(facts: tuple[tuple[str, object], ...]) -> dict[str, Value]:
    """Unknown facts that were filled in, as the manifest has them."""
    return {plain(name): shown(value) for name, value in facts}


def _platform(content: Plain) -> str:
    text = platform_text(content)
    if read_back(parse(text, PLATFORM)) != content:
        raise ValueError("the platform is not read back as it is")
    return text


def _proved(report: Report) -> frozenset[str]:
    """The properties that are proved in the end, each by the instance that was looked at."""
    return frozenset(finding.property.id for finding in report.findings if _witness(finding) is not None)


def _part(base: Base, report: Report | None, proved: frozenset[str], specs: Library) -> tuple[Part, dict[str, str]]:
    """The manifest's entry of one system, and its files. Of what the report on it says, what is `proved` is claimed."""
    system = ground(base.platform, specs)
    found = {finding.property.id: finding for finding in (report.findings if report is not None else ())}
    certain = {id: finding for id, finding in found.items() if id in proved and _witness(finding) is not None}
    invariants = _enough(system, conjoined(tuple(certain.values())))
    claimed = [prop for prop in system.properties if prop.id in certain]
    names = derive.obligations(system)
    claims = tuple(_claim(prop, found.get(prop.id), prop.id in certain, system, names) for prop in system.properties)
    texts = derive.texts(system, invariants, claimed)
    read = read_invariants(texts[derive.INVARIANTS], system)
    if [(one.name, one.holds) for one in read] != [(one.name, one.holds) for one in invariants]:
        raise ValueError("the invariants are not read back as they are")
    taken = {one.name: one for one in (report.taken if report is not None else ())}
    handoffs = tuple(_handoff(edge.name, taken.get(edge.name), system) for edge in base.platform.edges)
    about, alike = tuple(map(plain, base.about)), tuple(map(plain, base.alike))
    return Part(base.folder, facts_of(base.facts), handoffs, claims, about, alike), texts


def _enough(system: TransitionSystem, invariants: tuple[Invariant, ...]) -> tuple[Invariant, ...]:
    """As `sufficient`; where the solver dies over it, `invariants`, which `verify-cert` then judges as they are."""
    try:
        return aside(sufficient, system, invariants)
    except SolverDied:
        return tuple({one.holds: one for one in invariants}.values())


def _handoff(name: str, one: Taken | None, system: TransitionSystem) -> Handoff:
    if one is None:
        return Handoff(plain(name), Verdict.UNKNOWN.value)
    return Handoff(plain(name), one.verdict.value, None if one.run is None else _run(one.run, system))


def _claim(
    prop: Property, finding: Finding | None, certain: bool, system: TransitionSystem, names: Mapping[str, str]
) -> Claim:
    witness = None if finding is None else _witness(finding)
    if finding is None or witness is not None and not certain:
        return claim_of(prop, "NOT_ASKED", names, None)
    if witness is not None:
        return claim_of(prop, Verdict.PROVED.value, names, _run(witness, system))
    verdict = "VACUOUS" if finding.verdict is Verdict.PROVED else finding.verdict.value
    return claim_of(prop, verdict, names, None)


def _witness(finding: Finding) -> Trace | None:
    """The run to the premise of a property that is proved; None where it is not, or of nothing."""
    proved = finding.verdict is Verdict.PROVED and not finding.vacuous
    return finding.evidence.witness if proved and isinstance(finding.evidence, Proof) else None


def _run(witness: Trace, system: TransitionSystem) -> Run:
    return Run(dict(_start(witness, system)), tuple(plain(step.rule) for step in witness.steps))


def _start(witness: Trace, system: TransitionSystem) -> Iterator[tuple[str, Value]]:
    for name, var in system.variables.items():
        if var.initial is None:
            yield plain(name), shown(witness.initial[name])


def _sum(name: str, text: str) -> Sum:
    content = text.encode("ascii")
    return Sum(name, len(content), hashlib.sha256(content).hexdigest())
