"""What is found about a platform all of whose shape is known: verdicts, proofs and runs confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from kexecspec import concrete, confirm, consequences, expectations, intervals, present, vacuity
from kexecspec.cache.memory import Memory, remembered
from kexecspec.findings import Finding, Hashes, Report
from kexecspec.ground.ground import folded, ground, with_flow
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Judgement
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.platform.facts import Platform
from kexecspec.solve.few import judged_by_states
from kexecspec.solve.together import judge_together


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
    findings = intervals.with_ranges(full, concrete.weakened(platform, findings, full, options.rlimit), options.rlimit)
    return Report(
        platform=platform.name,
        path=platform.path,
        summary=present.summary(platform),
        findings=with_consequences(platform, findings, specs, options),
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
    those runs. Where a part of a platform has few states, these are looked at, unless several engines or
    invariants are wanted: that is done sooner than remembered."""
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


def selected(prop: Property, only: tuple[str, ...]) -> bool:
    """Whether `prop` fits one of the patterns CODE[/instance][@handoff]; all do where there are none."""
    return not only or any(expectations.names(pattern, prop) for pattern in only)


def with_consequences(
    platform: Platform, findings: Sequence[Finding], specs: Library, options: Options
) -> tuple[Finding, ...]:
    """The findings, each with what it turns into after how many handoffs."""

    def unlimited() -> TransitionSystem:
        return ground(replace(platform, limits=()), specs)

    return tuple(consequences.with_consequences(platform, findings, unlimited, options.rlimit))
