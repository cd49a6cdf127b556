"""Random runs of the rules, the other direction of trace validation: what they allow, the machine can do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from kexecspec.ir.evaluate import fire, initial_states, is_enabled
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Step, Trace

DEAD = ("oops", "oops_rpc", "oops_drain", "overwrote")


def run(system: TransitionSystem, seed: int, steps: int) -> Trace:
    """A run of at most `steps` rules, drawn with `seed`; it ends where the running kernel has died."""
    dice = random.Random(seed)
    first = dice.choice(list(islice(initial_states(system), 64)))
    state, taken = first, list[Step]()
    while len(taken) < steps and not any(state.get(n) is True for n in state if n.split(".")[-1] in DEAD):
        enabled = [rule for rule in system.rules if is_enabled(rule, state)]
        if not enabled:
            break
        rule = dice.choice(enabled)
        state = fire(system, rule, state)
        taken.append(Step(rule.name, state))
    return Trace(first, tuple(taken))


def thorough(system: TransitionSystem, runs: int, steps: int) -> Iterator[Trace]:
    """At most `runs` runs of at most `steps` rules from the first initial state, that take in each state the rule
    taken there least often so far; the last of them where a run did nothing new. They end as `run` does."""
    first, names, moves = next(iter(initial_states(system))), tuple(system.variables), moves_of(system)
    dead = [place for place, name in enumerate(names) if name.split(".")[-1] in DEAD]
    taken = Counter[tuple[Row, int]]()
    for _ in range(runs):
        row, walked, new = tuple(first[name] for name in names), list[Step](), False
        while len(walked) < steps and not any(row[place] is True for place in dead):
            ahead = [(move.number, after) for move in moves.at(row) if (after := move.after(row)) is not None]
            if not ahead:
                break
            number, after = min(ahead, key=lambda step: taken[row, step[0]])
            taken[row, number] += 1
            new = new or taken[row, number] == 1
            row = after
            walked.append(Step(system.rules[number].name, dict(zip(names, row, strict=True))))
        yield Trace(first, tuple(walked))
        if not new:
            return
