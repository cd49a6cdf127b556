"""Random runs of the rules, the other direction of trace validation: what they allow, the machine can do."""

from __future__ import annotations

import random

from kexecspec.ir.evaluate import fire, initial_states, is_enabled
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Step, Trace

DEAD = ("oops", "oops_rpc", "oops_drain", "overwrote")


def run(system: TransitionSystem, seed: int, steps: int) -> Trace:
    """A run of at most `steps` rules, drawn with `seed`; it ends where the running kernel has died."""
    dice = random.Random(seed)
    first = dice.choice(list(initial_states(system))[:64])
    state, taken = first, list[Step]()
    while len(taken) < steps and not any(state.get(n) is True for n in state if n.split(".")[-1] in DEAD):
        enabled = [rule for rule in system.rules if is_enabled(rule, state)]
        if not enabled:
            break
        rule = dice.choice(enabled)
        state = fire(system, rule, state)
        taken.append(Step(rule.name, state))
    return Trace(first, tuple(taken))
