"""The straight path: a file becomes a platform, a system, verdicts, confirmed findings and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from kexecspec import apart, expectations, explained, hashes, trust
from kexecspec.cache.notes import Notes
from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.findings import Finding, Hashes, Report, Unmet
from kexecspec.ground.ground import ground
from kexecspec.ground.site_parts import too_wide, wider
from kexecspec.ir.system import TransitionSystem
from kexecspec.judged import judged, with_consequences
from kexecspec.library import Library, library
from kexecspec.merge import merged
from kexecspec.options import Options
from kexecspec.platform.apart_facts import Groups, masters_are_open
from kexecspec.platform.excerpt import Excerpts
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import CROWD, FEW, MANY, Part, parts, same_in_any_way, same_part
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import Assignment, tried_apart
from kexecspec.platform.ways import Ways, platforms_in, platforms_of
from kexecspec.source import Node, Plain, load, plain
from kexecspec.waivers import read as waivers


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


def checked_tree(root: Node, path: str, options: Options, fit: bool = False) -> Checked:
    """As `checked`, for the tree `root` of the file `path`, which may be known to be `fit`."""
    read = platforms_of if fit else platforms_in
    found = read(root, path, options.library or library())
    return checked_platforms(root, found, options, {} if len(found) > 1 else None)


def checked_platforms(
    root: Node, found: Ways, options: Options, known: Known | None
) -> Checked:
    """As `checked`, for the ways of one platform that were read from the tree `root`. Parts that are `known` from other
    ways, of this call or an earlier one with the same tree and options, are not judged again; None where there is no
    other."""
    specs = options.library or library()
    content: dict[str, Any] = plain(root)  # type: ignore[assignment]
    waived = waivers.of_platform(root, specs)
    named = frozenset(map(expectations.part_of, options.only))
    each = taken_apart(found, content, named, options)
    ways = [
        _way(root, facts, platform, those, specs, options, known)
        for (facts, platform), those in zip(found, each, strict=True)
    ]
    report = merged([(way.facts, way.report) for way in ways], Groups(content).bears)
    report = replace(report, waivers=waived, features=_features([platform for _, platform in found]))
    return Checked(content, tuple(ways), report, named)


def taken_apart(
    found: Ways, content: dict[str, Any], named: frozenset[str], options: Options
) -> tuple[tuple[Part, ...], ...]:
    """The parts as which each way of a platform file's `content` is judged, where the parts `named` are asked for.
    Raises InputError where a rule of others looks at more than one, and there are too many ways to judge the whole."""
    platforms = [platform for _, platform in found]
    each = parts(platforms, named, _from(content, options.apart), MANY if options.certified else CROWD)
    specs = options.library or library()
    found_wider = (wider(platform, those, specs) for platform, those in zip(platforms, each, strict=True))
    rule = next((one for one in found_wider if one is not None), None)
    if rule is not None and tried_apart(content):
        raise too_wide(rule, platforms[0], specs)
    return each if rule is None else parts(platforms, many=None)


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
    known: Known | None,
) -> Way:
    """A platform all of whose shape is known, judged as the parts `found`, those that are the same in an earlier way as
    `known` from there, if any is. Raises InputError if nothing is left to judge."""
    sums, notes, excerpts = hashes.of(platform, specs), Notes(options.cache), Excerpts(platform.plain, specs)

    earlier = {} if known is None else known

    def key_of(part: Part, done: frozenset[str] = frozenset()) -> str:
        return "" if known is None else same_in_any_way(part, done)

    def judge(part: Part, alone: bool, done: frozenset[str]) -> Report | None:
        key = key_of(part, done)
        if key in earlier:
            return earlier[key]
        chosen = options if alone else replace(options, inside=True)
        chosen = replace(chosen, done=done | options.done)
        report = _part(root, platform, part, excerpts, specs, chosen, sums, notes)
        return earlier.setdefault(key, report) if key else report

    report: Report | None = None
    reports: apart.Reports = ()
    if len(found) == 1:
        report = judge(found[0], True, frozenset())
        reports = () if report is None else ((found[0], report),)
    else:
        crew = apart.Crew(options.jobs, options.patience, options.inside, notes.keep)
        reports = apart.reports(found, options.only, judge, crew)
        earlier.update((key, one) for part, one in reports if not part.rest and (key := key_of(part)))
        if reports:
            report = apart.united(platform, len(found), reports, crew if options.replay else None, specs)
            report = replace(report, findings=with_consequences(platform, report.findings, specs, options))
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
    root: Node,
    everything: Platform,
    part: Part,
    excerpts: Excerpts,
    specs: Library,
    options: Options,
    sums: Hashes,
    notes: Notes,
) -> Report | None:
    """The report on a part of `everything`, or on all of it, with what it takes on trust and why what is missing is
    missing. None where nothing of it is asked."""
    platform = part.platform

    def again(content: dict[str, Any]) -> Platform:
        return resolved(Excerpts(content, specs))

    def resolved(file: Excerpts) -> Platform:
        return same_part(resolve(root, platform.path, specs, file.of(platform), whole=True), platform)

    report = judged(platform, specs, options, sums)
    if report is None:
        return None
    if part.bare is not None:
        report = apart.agreed(report, judged(part.bare, specs, replace(options, replay=False), sums), everything, specs)
    if not options.explained:
        return report
    whole = cache(lambda: resolved(excerpts))
    report = trust.with_reliances(report, _rests(report, platform, whole, excerpts, specs, notes))
    return explained.with_missing(report, root, whole, again, specs)


def _rests(
    report: Report,
    platform: Platform,
    whole: Callable[[], Platform],
    excerpts: Excerpts,
    specs: Library,
    notes: Notes,
) -> trust.Note:
    """What the verdicts on `platform` rest on, as it was found for the same one in an earlier run, or now."""
    if not report.reliances:
        return tuple(() for _ in report.findings)

    def bearing() -> list[Any]:
        sums, said = report.hashes, excerpts.of(platform)
        of_it = [sorted(platform.entities), sorted(platform.about or ()), sorted(platform.veiled)]
        return [sums.specs, sums.tool, said, of_it, trust.follows_from(report)]

    return notes.noted(
        bearing, lambda: trust.rests(report, whole(), specs), lambda found: trust.fit(report, found)
    )


def _expected(platform: Platform, findings: Sequence[Finding], options: Options) -> tuple[int, tuple[Unmet, ...]]:
    wanted = [
        e for e in platform.expectations if not options.only or any(expectations.fits(f, e.finding) for f in findings)
    ]
    return expectations.compare(wanted, findings)


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
