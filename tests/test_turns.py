"""Every step that the rules of a story allow is in order, and what is out of order is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kexecspec.ir.nodes import TRUE, Const
from kexecspec.ir.system import Rule, TransitionSystem
from tests.goldens import ROOT, STORIES
from tests.mutants.grounded import story, ways
from tests.turns import out_of_order


@pytest.mark.parametrize("name", [path.removeprefix("examples/").removesuffix(".yaml") for path in STORIES])
def test_every_step_is_in_order(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert {told for way in ways(name) for told in out_of_order(*way)} == set()


def changed(system: TransitionSystem, name: str, change: Callable[[Rule], Rule]) -> TransitionSystem:
    """`system` with one rule changed."""
    assert any(rule.name == name for rule in system.rules)
    return replace(system, rules=tuple(change(rule) if rule.name == name else rule for rule in system.rules))


@pytest.mark.parametrize(
    ("rule", "change", "told"),
    [
        ("jump.prod -kexec-> prod", lambda r: replace(r, order=()), "before optee is shut down"),
        ("jump.prod -kexec-> prod", lambda r: replace(r, effect={**r.effect, "phase": Const("up")}), "leaves phase"),
        ("tee.user_call_enters", lambda r: replace(r, guard=TRUE), "tee.user_call_enters without user space"),
        ("optee.shutdown.disable_shm_cache.drains", lambda r: replace(r, guard=TRUE, order=()), " beside "),
        ("up", lambda r: replace(r, guard=TRUE, order=()), "up does nothing"),
    ],
)
def test_what_is_out_of_order_is_told(
    rule: str, change: Callable[[Rule], Rule], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    platform, system = story("optee-shm-cache/shutdown-waits")

    assert any(told in said for said in out_of_order(platform, changed(system, rule, change), 300))
