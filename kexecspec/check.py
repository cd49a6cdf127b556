"""The straight path: a file becomes a platform, a system, verdicts, confirmed findings and a report."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from kexecspec import confirm, consequences, expectations, explained, hashes, intervals, present, trust, vacuity
from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.findings import Report
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.library import Library, library
from kexecspec.merge import merged
from kexecspec.platform.bounds import excess
from kexecspec.platform.facts import Platform
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import Assignment, variants
from kexecspec.schema import validate
from kexecspec.solve.aside import PATIENCE, Died, answers
from kexecspec.solve.judge import RLIMIT
from kexecspec.solve.together import judge_together
from kexecspec.source import Node, Plain, load, plain


@dataclass(frozen=True)
class Options:
    """`only` holds patterns CODE[/instance][@handoff]; `rlimit` is the solver's budget for one obligation. `inside`:
    solve in this process, for one that is watched and killed as a whole; else in `jobs`, or as many as pay."""

    only: tuple[str, ...] = ()
    rlimit: int = RLIMIT
    replay: bool = True
    inside: bool = False
    jobs: int | None = None


@dataclass(frozen=True)
class Way:
    """The report for one way in which unknown facts that change the platform's shape may be."""

    facts: Assignment
    platform: Platform
    report: Report


@dataclass(frozen=True)
class Checked:
    """A platform file's content after `extends`, the report for each way, and the one for all of them."""

    content: Plain
    ways: tuple[Way, ...]
    report: Report


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
    specs = library()
    ways = []
    for facts, platform in platforms_in(root, path, specs):
        again = partial(resolve, root, path, specs, whole=True)
        whole = again(dict(platform.plain))
        report = trust.with_reliances(judged(platform, specs, options), whole, specs)
        report = explained.with_missing(report, root, whole, again, specs)
        ways.append(Way(facts, platform, report))
    return Checked(plain(root), tuple(ways), merged([(way.facts, way.report) for way in ways]))


def judged(platform: Platform, specs: Library, options: Options) -> Report:
    """The report on a platform all of whose shape is known. Raises InputError if nothing is left to judge."""
    system = ground(platform, specs)
    wanted = tuple(p for p in system.properties if selected(p, options.only))
    if not wanted:
        raise nothing_to_judge(platform.path, system, options.only)
    premised = tuple(p for p in wanted if not same(p.companion, FALSE))
    runs = vacuity.runs(platform, system)
    asked = (*premised, *vacuity.questions(platform, system, runs))
    found = judge_together(system, asked, options.rlimit, inside=options.inside, jobs=options.jobs)
    judgements = {judgement.property: judgement for judgement in found}
    taken = vacuity.taken(platform, runs, judgements)
    findings = vacuity.emptied([present.finding(system, p, judgements.get(p.id)) for p in wanted], taken)
    findings, objections = confirm.proofs(system, findings, options.inside)
    if options.replay:
        findings, disagreements = confirm.refutations(platform, system, findings)
        objections = (*objections, *disagreements)
    findings = intervals.with_ranges(system, present.weakened(platform, findings), options.rlimit)
    findings = consequences.with_consequences(
        platform, findings, lambda: ground(replace(platform, limits=()), specs), options.rlimit
    )
    expected = [
        e for e in platform.expectations if not options.only or any(expectations.fits(f, e.finding) for f in findings)
    ]
    met, unmet = expectations.compare(expected, findings)
    return Report(
        platform=platform.name,
        path=platform.path,
        summary=present.summary(platform),
        findings=tuple(findings),
        assumptions=platform.assumptions,
        reliances=platform.reliances,
        not_modelled=present.NOT_MODELLED,
        unmet=unmet,
        met=met,
        objections=objections,
        hashes=hashes.of(platform, specs),
        variables=system.variables,
        rules=system.rules,
        taken=taken,
    )


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
