"""The straight path: a file becomes a platform, a system, verdicts, confirmed findings and a report."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from kexecspec import apart, confirm, consequences, expectations, explained, hashes, intervals, present, trust, vacuity
from kexecspec.cache.memory import Memory, remembered
from kexecspec.cache.notes import Notes
from kexecspec.cache.place import Cache
from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.findings import Finding, Hashes, Report, Unmet
from kexecspec.ground.ground import folded, ground, with_flow
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Judgement
from kexecspec.library import Library, library
from kexecspec.merge import merged
from kexecspec.platform.apart_facts import Groups, masters_are_open
from kexecspec.platform.bounds import excess
from kexecspec.platform.excerpt import excerpt
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import CROWD, FEW, MANY, Part, parts, same_in_any_way, same_part
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import Assignment, tried_apart, variants
from kexecspec.schema import validate
from kexecspec.solve.aside import PATIENCE, Died, answers
from kexecspec.solve.few import judged_by_states
from kexecspec.solve.judge import RLIMIT
from kexecspec.solve.together import judge_together
from kexecspec.source import Node, Plain, load, plain
from kexecspec.waivers import read as waivers


@dataclass(frozen=True)
class Options:
    """`only` holds patterns CODE[/instance][@handoff]; `rlimit` is the solver's budget for one obligation. `inside`:
    solve in this process, for one that is watched and killed as a whole; else in `jobs`, or as many as pay.
    `portfolio`: several engines for each property at once. `apart`: the masters from which on a platform is judged part
    by part; None: never, but where unknown facts are tried so. `done` are ids of properties that have an answer.
    `library`: the specifications, with what is laid over them; None: those that came with this installation.
    `cache`: where judgements of earlier runs lie, each of which is checked as if it were new. `explained`: with what
    the verdicts take on trust, and why what never happens does not. `certified`: proofs are invariants, that a solver
    can look at, and TEE clients are no reason to take a platform apart before its masters would be."""

    only: tuple[str, ...] = ()
    rlimit: int = RLIMIT
    replay: bool = True
    inside: bool = False
    jobs: int | None = None
    portfolio: bool = False
    apart: int | None = MANY
    done: frozenset[str] = frozenset()
    cache: Cache | None = None
    explained: bool = True
    certified: bool = False
    library: Library | None = None

    @property
    def by_parts(self) -> int | None:
        """From how many masters on a platform is taken apart. What a part depends on is known of the library's own
        properties only."""
        return None if self.library is not None and self.library.over else self.apart


Ways = Sequence[tuple[Assignment, Platform]]
"""The ways in which unknown facts that change a platform's shape may be, and the platform of each."""


@dataclass(frozen=True)
class Based:
    """A platform, or a part of one, that proofs are about, their report, if anything of it was asked, and the parts
    `alike` to the one it is about."""

    platform: Platform
    alike: tuple[str, ...]
    report: Report | None


@dataclass(frozen=True)
class Way:
    """The report for one way in which unknown facts that change the platform's shape may be. Where it is `certified`,
    `based` says on what; elsewhere it is empty."""

    facts: Assignment
    platform: Platform
    report: Report
    based: tuple[Based, ...] = ()


Known = dict[str, Report | None]
"""Reports on parts by what they depend on."""


@dataclass(frozen=True)
class Checked:
    """A platform file's content after `extends`, the report for each way, and the one for all of them. `named` are
    the parts of the platform that were asked for by name."""

    content: Plain
    ways: tuple[Way, ...]
    report: Report
    named: frozenset[str] = frozenset()


def check(path: str, options: Options) -> Report:
    """Everything there is to say about the platform file `path`.

    Raises InputError for a file that cannot be used or that leaves nothing to judge.
    """
    return checked(path, options).report


def checked(path: str, options: Options) -> Checked:
    """As `check`, with what the report was made from."""
    return checked_tree(load(path), path, options)


def checked_tree(root: Node, path: str, options: Options) -> Checked:
    """As `checked`, for the tree `root` of the file `path`."""
    return checked_platforms(root, platforms_in(root, path, options.library or library()), options, {})


def checked_platforms(
    root: Node, found: Sequence[tuple[Assignment, Platform]], options: Options, known: Known
) -> Checked:
    """As `checked`, for the ways of one platform that were read from the tree `root`. Parts that are `known` from other
    ways, of this call or an earlier one with the same tree and options, are not judged again."""
    specs = options.library or library()
    content: dict[str, Any] = plain(root)  # type: ignore[assignment]
    waived = waivers.of_platform(root, specs)
    named = frozenset(map(expectations.part_of, options.only))
    apart_ = taken_apart(found, content, named, options)
    ways = [
        _way(root, facts, platform, those, specs, options, known)
        for (facts, platform), those in zip(found, apart_, strict=True)
    ]
    report = merged([(way.facts, way.report) for way in ways], Groups(content).bears)
    report = replace(report, waivers=waived, features=_features([platform for _, platform in found]))
    return Checked(content, tuple(ways), report, named)


def taken_apart(
    found: Ways, content: dict[str, Any], named: frozenset[str], options: Options
) -> tuple[tuple[Part, ...], ...]:
    """The parts as which each way of a platform file's `content` is judged, where the parts `named` are asked for."""
    many = _from(content, options.by_parts)
    return parts([platform for _, platform in found], named, many, MANY if options.certified else CROWD)


def _features(platforms: Sequence[Platform]) -> Mapping[str, frozenset[str]]:
    """What each Linux kernel has, whatever unknown facts are."""
    names = {kernel.name for platform in platforms for kernel in platform.kernels.values() if kernel.linux}
    return {
        name: frozenset.intersection(*(p.kernels[name].features for p in platforms if name in p.kernels))
        for name in sorted(names)
    }


def _from(content: dict[str, Any], many: int | None) -> int | None:
    """The masters from which on a platform is taken apart: what of the unknown facts decides is asked of few rules at
    a time."""
    if tried_apart(content):
        return 0
    return min(many, FEW) if many is not None and masters_are_open(content) else many


def _way(
    root: Node,
    facts: Assignment,
    platform: Platform,
    found: Sequence[Part],
    specs: Library,
    options: Options,
    known: Known,
) -> Way:
    """A platform all of whose shape is known, judged as the parts `found`, those that are the same in an earlier way as
    `known` from there. Raises InputError if nothing is left to judge."""
    sums, notes = hashes.of(platform, specs), Notes(options.cache)

    def judge(part: Part, alone: bool, done: frozenset[str]) -> Report | None:
        key = same_in_any_way(part, done)
        if key in known:
            return known[key]
        chosen = options if alone else replace(options, inside=True)
        report = _part(root, platform, part, specs, replace(chosen, done=done | options.done), sums, notes)
        return known.setdefault(key, report) if key else report

    report: Report | None = None
    reports: apart.Reports = ()
    if len(found) == 1:
        report = judge(found[0], True, frozenset())
        reports = () if report is None else ((found[0], report),)
    else:
        patience = PATIENCE * max(1.0, options.rlimit / RLIMIT)
        crew = apart.Crew(options.jobs, patience, options.inside, notes.keep)
        reports = apart.reports(found, options.only, judge, crew)
        known.update((key, one) for part, one in reports if not part.rest and (key := same_in_any_way(part)))
        if reports:
            report = apart.united(platform, len(found), reports, crew if options.replay else None, specs)
            report = replace(report, findings=_consequences(platform, report.findings, specs, options))
    notes.keep()
    if report is None:
        raise nothing_to_judge(platform.path, ground(found[0].platform, specs), options.only)
    met, unmet = _expected(platform, report.findings, options)
    of_part = {id(part): one for part, one in reports}
    based = [_based(part, of_part.get(id(part)), specs, options, sums) for part in found if options.certified]
    return Way(facts, platform, replace(report, met=met, unmet=unmet), tuple(based))


def _based(part: Part, report: Report | None, specs: Library, options: Options, sums: Hashes) -> Based:
    """What the proofs in the report on a part are about: the part, or, of a client alone, the part with the secure
    world veiled."""
    if part.bare is None:
        return Based(part.platform, part.alike, report)
    bare = None if report is None else judged(part.bare, specs, replace(options, replay=False), sums)
    return Based(part.bare, part.alike, bare)


def _part(
    root: Node, everything: Platform, part: Part, specs: Library, options: Options, sums: Hashes, notes: Notes
) -> Report | None:
    """The report on a part of `everything`, or on all of it, with what it takes on trust and why what is missing is
    missing. None where nothing of it is asked."""
    platform = part.platform

    def again(content: dict[str, Any]) -> Platform:
        return same_part(resolve(root, platform.path, specs, excerpt(content, platform, specs), whole=True), platform)

    report = judged(platform, specs, options, sums)
    if report is None:
        return None
    if part.bare is not None:
        report = apart.agreed(report, judged(part.bare, specs, replace(options, replay=False), sums), everything, specs)
    if not options.explained:
        return report
    whole = cache(lambda: again(dict(platform.plain)))
    report = trust.with_reliances(report, _rests(report, platform, whole, specs, notes))
    return explained.with_missing(report, root, whole, again, specs)


def _rests(
    report: Report, platform: Platform, whole: Callable[[], Platform], specs: Library, notes: Notes
) -> trust.Note:
    """What the verdicts on `platform` rest on, as it was found for the same one in an earlier run, or now."""
    if not report.reliances:
        return tuple(() for _ in report.findings)
    sums = report.hashes
    said = excerpt(dict(platform.plain), platform, specs)
    of_it = [sorted(platform.entities), sorted(platform.about or ()), sorted(platform.veiled)]
    bearing = [sums.specs, sums.tool, said, of_it, trust.follows_from(report)]
    return notes.noted(
        bearing, lambda: trust.rests(report, whole(), specs), lambda found: trust.fit(report, found)
    )


def _expected(platform: Platform, findings: Sequence[Finding], options: Options) -> tuple[int, tuple[Unmet, ...]]:
    wanted = [
        e for e in platform.expectations if not options.only or any(expectations.fits(f, e.finding) for f in findings)
    ]
    return expectations.compare(wanted, findings)


def _consequences(
    platform: Platform, findings: Sequence[Finding], specs: Library, options: Options
) -> tuple[Finding, ...]:
    def unlimited() -> TransitionSystem:
        return ground(replace(platform, limits=()), specs)

    return tuple(consequences.with_consequences(platform, findings, unlimited, options.rlimit))


def judged(platform: Platform, specs: Library, options: Options, sums: Hashes) -> Report | None:
    """What is found about a platform all of whose shape is known, its expectations apart; None where nothing is
    selected."""
    system = folded(platform, specs)
    full = cache(lambda: with_flow(system))
    wanted = tuple(p for p in system.properties if selected(p, options.only) and p.id not in options.done)
    if not wanted:
        return None
    premised = tuple(p for p in wanted if not same(p.companion, FALSE))
    memory, found, runs = _found(platform, system, full, premised, options, sums)
    judgements = {judgement.property: judgement for judgement in found}
    taken = vacuity.taken(platform, runs, judgements)
    findings = vacuity.emptied([present.finding(system, p, judgements.get(p.id)) for p in wanted], taken)
    findings, objections = confirm.proofs(system, full, findings, options.inside)
    if options.replay:
        findings, disagreements = confirm.refutations(platform, system, findings, specs)
        objections = (*objections, *disagreements)
    if objections and memory.again:
        return judged(platform, specs, replace(options, cache=memory.again), sums)
    findings = intervals.with_ranges(full, present.weakened(platform, findings), options.rlimit)
    return Report(
        platform=platform.name,
        path=platform.path,
        summary=present.summary(platform),
        findings=_consequences(platform, findings, specs, options),
        assumptions=platform.assumptions,
        reliances=platform.reliances,
        not_modelled=present.not_modelled(platform),
        unmet=(),
        met=0,
        objections=objections,
        hashes=sums,
        variables=system.variables,
        rules=system.rules,
        taken=taken,
        recalled=memory.keep(found, not objections),
    )


def _found(
    platform: Platform,
    system: TransitionSystem,
    full: Callable[[], TransitionSystem],
    wanted: Sequence[Property],
    options: Options,
    sums: Hashes,
) -> tuple[Memory, Sequence[Judgement], Mapping[str, Trace]]:
    """Judgements on `wanted` and on the handoffs that no run takes that is at hand, what earlier runs know of them, and
    those runs. Where a part of a platform has few states, these are looked at, unless several engines are
    wanted: that is done sooner than remembered."""
    if platform.about is not None and not (options.portfolio or options.certified):
        asked = (*wanted, *vacuity.questions(platform, system, {}))
        found = judged_by_states(system, asked)
        if found is not None:
            return remembered(None, system, asked, ()), found, {}
    runs = vacuity.runs(platform, system)
    asked = (*wanted, *vacuity.questions(platform, system, runs))
    memory = remembered(options.cache, system, asked, (options.rlimit, sums.specs, sums.tool, sums.z3))
    how: dict[str, Any] = {"inside": options.inside, "jobs": options.jobs, "portfolio": options.portfolio}
    solved = memory.with_rest(lambda rest: judge_together(full(), rest, options.rlimit, shelf=memory.shelf, **how))
    return memory, solved, runs


def check_many(paths: Sequence[str], options: Options, jobs: int) -> Generator[Report | InputError, None, None]:
    """What `check` returns or raises for each of `paths`, in order, `jobs` of them at a time, each in a process of its
    own. One whose process dies is checked once more, from here."""
    _load(paths)
    works = [partial(_checked_alone, path, replace(options, inside=True)) for path in paths]
    found: dict[int, Report | InputError] = {}
    said = answers(works, PATIENCE * max(1.0, options.rlimit / RLIMIT), at_once=jobs)
    with contextlib.closing(said):
        for number in range(len(paths)):
            while number not in found:
                done, one = next(said)
                found[done] = next(_checked_alone(paths[done], options)) if isinstance(one, Died) else one
            yield found.pop(number)


def _load(paths: Sequence[str]) -> None:
    """Loads, by the first file that can be used, what every check needs, so that processes find it loaded."""
    for path in paths:
        with contextlib.suppress(InputError):
            ground(read_platforms(path, library())[0][1], library())
            return


def _checked_alone(path: str, options: Options) -> Iterator[Report | InputError]:
    try:
        yield check(path, options)
    except InputError as error:
        yield error


def read_platforms(path: str, specs: Library) -> tuple[tuple[Assignment, Platform], ...]:
    """The platforms that the file `path` describes: one, or one for each way in which the unknown facts that
    change its shape may be. Raises InputError with everything that is wrong."""
    return platforms_in(load(path), path, specs)


def platforms_in(root: Node, path: str, specs: Library) -> tuple[tuple[Assignment, Platform], ...]:
    """As `read_platforms`, from the tree `root` of the file `path`."""
    wrong = excess(root) or validate(root, "platform")
    if wrong:
        raise InputError(wrong)
    content: dict[str, Any] = plain(root)  # type: ignore[assignment]
    return tuple((facts, resolve(root, path, specs, filled)) for facts, filled in variants(content, root))


def selected(prop: Property, only: tuple[str, ...]) -> bool:
    """Whether `prop` fits one of the patterns CODE[/instance][@handoff]; all do where there are none."""
    return not only or any(expectations.names(pattern, prop) for pattern in only)


def nothing_to_judge(path: str, system: TransitionSystem, only: tuple[str, ...]) -> InputError:
    """The complaint that no property is left to judge, and which there would be."""
    known = ", ".join(p.id for p in system.properties[:12])
    what = (
        f"no property fits --only {' '.join(only)}" if only else "the file describes nothing that a property is about"
    )
    help_text = (
        f"there are: {known}" if known else "describe a secure world, an SMMU with devices, or a duty, and a handoff"
    )
    return InputError([Diagnostic("KX024", what, Span(path), (), help_text)])
