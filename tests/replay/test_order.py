"""The shutdown order that a trace needs, where links leave a choice."""

from __future__ import annotations

from kexecspec.replay.order import shutdown_order
from tests.replay.stories import story


def order_of(name: str, *rules: str) -> tuple[str, ...]:
    told = story(name)
    by_name = {rule.name: rule for rule in told.system.rules}
    return shutdown_order(told.platform, [by_name[rule] for rule in rules])


def test_what_the_trace_names_comes_as_it_names_it() -> None:
    rules = [rule.name for rule in story("ls1028a-reboot-f/smmu-v3-v6.1.7").system.rules if ".shutdown." in rule.name]
    smmu = next(rule for rule in rules if rule.startswith("smmu."))

    assert order_of("ls1028a-reboot-f/smmu-v3-v6.1.7", smmu)[0] == "smmu"


def test_consumers_still_come_before_their_suppliers() -> None:
    order = order_of("tee-bnxt-fourth-kexec/after", "optee.shutdown.disable_shm_cache.drains")

    assert order.index("bnxt") < order.index("tee")


def test_every_walker_has_its_turn_once() -> None:
    told = story("whole-platform/6.12")
    order = shutdown_order(told.platform, ())

    assert len(order) == len(set(order)) == len(told.platform.of_kind("walker"))
