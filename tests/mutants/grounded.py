"""Mutants: a conjunct of a guard, a conjunct of a turn, or an effect is dropped from one rule of a story's system.

One that makes no difference in any of the first STATES states of a story is no mutant of it: its rule never fires
there, or what was dropped follows from the rest. Of the others, a mutant is noticed when a random walk of the
executable model does something that no rule accounts for any more, when the model cannot perform a run of the rules
any more, when some step is out of order (`tests/turns.py`), when a verdict, number of handoffs or number of steps
differs from the story's, or when the model no longer confirms a refutation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from kexecspec import confirm, present
from kexecspec.explore import Sweep
from kexecspec.findings import Finding
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import conjoin
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.nodes import FALSE, And, Expr, same
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.text import text
from kexecspec.ir.verdict import Counterexample
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.platform.ways import read_platforms
from kexecspec.replay.replay import step_through
from kexecspec.replay.walk import walk
from kexecspec.solve.judge import judge
from tests.mutants.trial import attempt
from tests.runs import run, thorough
from tests.turns import out_of_order

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


def noticed(platform: Platform, mutant: Mutant, original: Signature) -> str:
    """What tells `mutant` from the story it was made from; empty where nothing does."""
    try:
        if walked_off(platform, mutant.system):
            return "a walk of the machine"
        if parted(platform, mutant.system):
            return "a run of the rules"
        if any(out_of_order(platform, mutant.system)):
            return "a step out of order"
        return "a verdict" if signature(platform, mutant.system) != original else ""
    except Exception as error:
        return f"a complaint of the tool: {type(error).__name__}"


def story(name: str) -> tuple[Platform, TransitionSystem]:
    """The platform and the system of a story that leaves nothing open which would change its shape."""
    (one,) = ways(name)
    return one


def ways(name: str) -> tuple[tuple[Platform, TransitionSystem], ...]:
    """The platform and the system of each way in which the unknown facts of a story may be."""
    specs = library()
    return tuple((platform, ground(platform, specs)) for _, platform in read_platforms(f"examples/{name}.yaml", specs))


def kinds_noticed(name: str, known: frozenset[str]) -> dict[str, str]:
    """The kinds of mutants of the story `name`, but for those in `known`, with what noticed one of the kind."""
    platform, system = story(name)
    original, found = signature(platform, system), dict[str, str]()
    for mutant in mutants(system, tuple(platform.entities)):
        if mutant.kind not in known and not found.get(mutant.kind):
            found[mutant.kind] = attempt(lambda mutant=mutant: noticed(platform, mutant, original))  # type: ignore[misc]
    return found


def walked_off(platform: Platform, system: TransitionSystem) -> bool:
    """Whether the machine does something on a random walk that no rule of `system` accounts for."""
    return any(walk(platform, system, library(), seed, STEPS).objection for seed in range(WALKS))


def parted(platform: Platform, system: TransitionSystem) -> bool:
    """Whether the machine cannot perform one of RUNS random runs of `system`, or one of some thorough ones."""
    drawn = (run(system, seed, STEPS // 2) for seed in range(RUNS))
    return any(step_through(platform, system, trace)[2] for trace in chain(drawn, thorough(system, RUNS, STEPS)))


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

