"""Mutants: a conjunct of a guard, a conjunct of a turn, or an effect is dropped from one rule of a story's system.

One that makes no difference in any of the first STATES states of a story is no mutant of it: its rule never fires
there, or what was dropped follows from the rest. Of the others, a mutant is noticed when a random walk of the
executable model does something that no rule accounts for any more, when the model cannot perform a random run of the
rules any more, when a verdict, number of handoffs or number of steps differs from the story's, or when the model no
longer confirms a refutation. `python -m tests.mutants` runs all and names the survivors.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kexecspec import confirm, present
from kexecspec.check import read_platforms
from kexecspec.explore import Sweep
from kexecspec.findings import Finding
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import FALSE, And, Expr, conjoin, same, text
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.verdict import Counterexample
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.replay.replay import step_through
from kexecspec.replay.walk import walk
from kexecspec.solve.judge import judge
from tests.goldens import ROOT
from tests.runs import run

STORIES = (
    "tee-bnxt-fourth-kexec/before", "tee-bnxt-fourth-kexec/after", "pool-alloc-leak/before", "shm-flags/amd-tee",
    "optee-shm-cache/kdump-oops", "optee-shm-cache/kdump-drain-at-probe", "optee-shm-cache/kdump-refuse",
    "optee-shm-cache/clean-kexec-suspended", "optee-shm-cache/shutdown-waits", "stale-thread/resumed",
    "stale-thread/lock-held", "ftpm/tee-bus-6.12", "ffa/overlap-4.9", "ls1028a-reboot-f/v6.1.0",
    "ls1028a-reboot-f/v6.1.0-enetc-shutdown", "ls1028a-reboot-f/smmu-v3-v6.1.7",
    "kdump-fault-storm/smmu-v2-v6.1-window", "kdump-fault-storm/smmu-v3", "smmu-shutdown-modes/v2-bypass-linux-running",
    "smmu-shutdown-modes/v2-abort-unaware-running", "smmu-shutdown-modes/v3-gbpa-abort-unaware-quiesced",
    "smmu-shutdown-modes/v2-leave-unaware-quiesced",
)  # fmt: skip
WALKS, RUNS, STEPS = 5, 8, 80
STATES = 3000
Signature = Mapping[str, tuple[object, ...]]


@dataclass(frozen=True)
class Mutant:
    """What was dropped, by the rule's kind and the words of what is missing; and the system without it."""

    kind: str
    system: TransitionSystem


def mutants(system: TransitionSystem, names: tuple[str, ...]) -> Iterator[Mutant]:
    """Every mutant of `system` that makes a difference in a state it reaches; `names` are the entities whose names
    are left out of a mutant's kind."""
    sweep = Sweep(system, STATES)
    sweep.seek(FALSE)
    rows = tuple(sweep.origins)
    for number, rule in enumerate(system.rules):
        for what, mutated in _of(rule):
            if not _same(system, rule, mutated, rows):
                rules = (*system.rules[:number], mutated, *system.rules[number + 1 :])
                yield Mutant(_kind(f"{rule.name}: {what}", names), replace(system, rules=rules))


def _same(system: TransitionSystem, rule: Rule, mutated: Rule, rows: tuple[Row, ...]) -> bool:
    """Whether both rules do the same in all of `rows`."""
    pair = moves_of(replace(system, rules=(rule, mutated))).all
    return all(pair[0].after(row) == pair[1].after(row) for row in rows)


def signature(platform: Platform, system: TransitionSystem) -> Signature:
    """What the tool says about `system`: per finding its verdict, handoffs, steps and replay."""
    wanted = tuple(p for p in system.properties if not same(p.companion, FALSE))
    judged = {j.property: j for j in judge(system, wanted)}
    findings: list[Finding] = [present.finding(system, p, judged[p.id]) for p in wanted]
    findings, _ = confirm.refutations(platform, system, findings)
    return {f.property.id: _said(f) for f in findings}


def noticed(platform: Platform, mutant: Mutant, original: Signature) -> bool:
    """Whether the tool tells `mutant` from the story it was made from."""
    try:
        return (
            _walked_off(platform, mutant.system)
            or parted(platform, mutant.system)
            or signature(platform, mutant.system) != original
        )
    except Exception:  # a tool that stops with a complaint has noticed
        return True


def story(name: str) -> tuple[Platform, TransitionSystem]:
    """The platform and the system of a story."""
    specs = library()
    ((_, platform),) = read_platforms(f"examples/{name}.yaml", specs)
    return platform, ground(platform, specs)


def main(stories: tuple[str, ...] = STORIES) -> None:
    """Runs all mutants of `stories`; a kind of mutant counts as noticed if one of its kind is."""
    os.chdir(ROOT)
    found: dict[str, bool] = {}
    for name in stories:
        platform, system = story(name)
        original, seen = signature(platform, system), 0
        for mutant in mutants(system, tuple(platform.entities)):
            if not found.get(mutant.kind):
                found[mutant.kind] = noticed(platform, mutant, original)
                seen += 1
        print(f"{name}: {seen} mutants run, {sum(found.values())} of {len(found)} kinds noticed so far", flush=True)
    print("\n".join(f"survives: {kind}" for kind, caught in sorted(found.items()) if not caught))
    print(f"{sum(found.values())} of {len(found)} kinds of mutants noticed")


def _walked_off(platform: Platform, system: TransitionSystem) -> bool:
    return any(walk(platform, system, library(), seed, STEPS).objection for seed in range(WALKS))


def parted(platform: Platform, system: TransitionSystem) -> bool:
    """Whether the machine cannot perform one of RUNS random runs of `system`."""
    return any(step_through(platform, system, run(system, seed, STEPS // 2))[2] for seed in range(RUNS))


def _of(rule: Rule) -> Iterator[tuple[str, Rule]]:
    parts = rule.guard.terms if isinstance(rule.guard, And) else (rule.guard,)
    for part in parts:
        yield f"guard without {text(part)}", replace(rule, guard=_without(parts, part))
    for part in rule.order:
        yield f"turn without {text(part)}", replace(rule, order=tuple(p for p in rule.order if p is not part))
    for name in rule.effect:
        yield f"no effect on {name}", replace(rule, effect={n: e for n, e in rule.effect.items() if n != name})


def _without(parts: tuple[Expr, ...], part: Expr) -> Expr:
    return conjoin(p for p in parts if p is not part)


def _said(found: Finding) -> tuple[object, ...]:
    steps = len(found.evidence.trace.steps) if isinstance(found.evidence, Counterexample) else None
    return (found.verdict, found.handoffs, steps, found.vacuous, found.replay.outcome if found.replay else None)


def _kind(what: str, names: tuple[str, ...]) -> str:
    for name in sorted(names, key=len, reverse=True):
        what = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "X", what)
    return what


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or STORIES)
