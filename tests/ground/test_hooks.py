"""From hooks to rules: drivers that do nothing, fail, wait for another or do a thing twice; and hooks that are open."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kexecspec.explore import Sweep
from kexecspec.ground.ground import ground, loosened
from kexecspec.ground.names import World
from kexecspec.ground.rules import OpPart, effects, walk_rules
from kexecspec.ground.walks import Turn
from kexecspec.ir.fold import fold
from kexecspec.ir.language import LanguageError
from kexecspec.ir.nodes import FALSE, TRUE
from kexecspec.ir.system import TransitionSystem
from kexecspec.library import library
from kexecspec.platform.facts import Op, Platform
from kexecspec.platform.resolve import resolve
from kexecspec.solve.facts import with_facts
from kexecspec.source import parse
from tests.steered import MEMORY, Steered, steered

WORLD = {"optee": "3.13.0", "threads": 2, "heap": {"size": 65536, "base_use": 20000}}
FFA = {**WORLD, "optee": "4.4.0", "abi": "ffa"}
RNG = {"rng": {"driver": "optee-rng"}}
SCMI = {"scmi": {"driver": "scmi-optee"}}


def booting(version: str, world: Any, devices: Any, **more: Any) -> Steered:
    return steered(content(version, world, devices, **more))


def content(version: str, world: Any, devices: Any, **more: Any) -> dict[str, Any]:
    """A platform file with one kernel that may crash into itself."""
    made = {"secure_world": world, "devices": devices, "kernels": {"p": {"version": version, "kdump": False}}}
    return made | {"handoffs": ["p -crash-> p"], **more}


def own(probe: list[Any], shutdown: list[Any]) -> dict[str, Any]:
    """A client's driver with hooks of its own."""
    return {"mine": {"extends": "generic-tee-client", "kind": "tee-client", "hooks": {
        "probe": probe, "shutdown": shutdown}}}  # fmt: skip


def test_a_driver_whose_probe_does_nothing_is_bound() -> None:
    run = booting("6.1.3", WORLD, {"it": {"driver": "mine"}}, drivers=own([], [])).starts()

    assert run["it.at"] == "bound"
    assert run.parted == ""


def test_a_probe_that_fails_closes_its_session() -> None:
    run = booting("6.1.3", WORLD, RNG)
    while not run["rng.session"]:
        run.goes_on()

    run.does("rng.probe.tee_shm_alloc_kernel_buf(entropy).fails")

    assert (run["rng.at"], run["rng.session"], run["rng.entropy.state"]) == ("failed", False, "none")
    assert run.parted == ""


def test_who_needs_what_is_not_there_is_deferred() -> None:
    run = booting("6.12", FFA, SCMI).starts().does("crash.p -crash-> p", "arm_ffa.probe.ffa_rxtx_map.refused")
    first = "optee-ffa.probe.refuse_kdump.goes_on"
    assert (run.may(first), run.may("optee-ffa.probe.deferred")) == (False, True)

    run.does("optee-ffa.probe.deferred", "scmi.probe.deferred", "up")

    assert run.parted == ""


def test_an_operation_that_is_done_twice_has_a_number() -> None:
    opens, closes = "tee_client_open_session", "tee_client_close_session"
    run = booting("6.1.3", WORLD, {"it": {"driver": "mine"}}, drivers=own([opens, closes, opens], []))

    names = [rule.name for rule in run.system.rules if rule.name.startswith("it.probe.")]

    assert {name.rpartition(".")[2] for name in names if opens in name and "opens" in name} >= {"opens#1", "opens#2"}
    assert not any("#" in name for name in names if closes in name)
    run.starts()
    assert run["it.session"] is True
    assert run.parted == ""


def test_a_rule_says_which_buffer_it_is_about() -> None:
    run = booting("6.1.3", WORLD, RNG)
    said = {rule.name: rule.says for rule in run.system.rules}

    registers = said["rng.probe.tee_shm_alloc_kernel_buf(entropy).registers"]
    assert registers == "rng probe: entropy (4KiB) is registered with the secure world"
    assert said["tee.kernel_call_returns"] == "a call of a kernel thread returns"


def test_a_duty_is_asked_of_the_handoffs_that_lead_to_its_kernel() -> None:
    kernels = {"prod": {"version": "6.12"}, "kdump": {"version": "6.12", "duties": ["rng"]}}
    handoffs = ["prod -kexec-> prod", "prod -crash-> kdump"]
    run = booting("6.12", WORLD, RNG, kernels=kernels, handoffs=handoffs)

    assert [prop.id for prop in run.system.properties if prop.code == "KX401"] == ["KX401/rng:kdump@crash"]


def test_an_operation_has_false_what_nobody_says_of_it() -> None:
    platform = resolved(content("6.1.3", WORLD, {}))
    turn = Turn("probe", Op("some", None, (("said", True),), True, 0), "off", "bound", "wait_probe_1", "some", ("p",))
    part = OpPart(world(platform), "it.probe.some", turn)

    assert (part.attribute("said"), part.attribute("unsaid")) == (TRUE, FALSE)


def test_a_hook_with_an_operation_that_nobody_describes_is_a_defect_of_specifications() -> None:
    platform = resolved(content("6.1.3", WORLD, {"it": {"driver": "mine"}}, drivers=own(["tee_client_sings"], [])))

    with pytest.raises(LanguageError, match="no component says what tee_client_sings does"):
        list(walk_rules(world(platform), platform.entities["it"]))


@pytest.mark.parametrize(
    ("target", "complaint"),
    [("tee.stale + 1", "is no variable"), ("b.state for b in tee", "tee is no group")],
)
def test_what_is_no_variable_cannot_be_changed(target: str, complaint: str) -> None:
    scope = world(resolved(content("6.1.3", WORLD, {}))).scope({})

    with pytest.raises(LanguageError, match=complaint):
        effects({target: "0"}, scope)


OPEN = {
    "the first operation is not there": content("6.12", FFA, SCMI),
    "nothing is shut down": content("5.10.19", WORLD, RNG, handoffs=["p -kexec-> p", "p -crash-> p"]),
    "a hook from end to end": content("5.14", WORLD, {"fw": {"driver": "tee_bnxt_fw"}}, handoffs=["p -kexec-> p"]),
}


@pytest.mark.parametrize("name", OPEN)
def test_with_all_facts_known_an_open_hook_does_what_the_platforms_does(name: str) -> None:
    closed, (system, facts) = ground(resolved(OPEN[name]), library()), loosened(resolved(OPEN[name], True), library())
    known = fold(with_facts(system, {fact: stated.value for fact, stated in facts.items()}))

    assert reached(known) == reached(closed)


def reached(system: TransitionSystem) -> list[tuple[Any, ...]]:
    """The states that `system` comes by, but for the numbers of positions."""
    sweep = Sweep(system, 20000)
    assert sweep.seek(FALSE) is None
    order = sorted(range(len(system.variables)), key=list(system.variables).__getitem__)
    return sorted(
        tuple(re.sub(r"_\d+$", "_n", str(row[place])) for place in order)
        for row in sweep.origins
    )  # fmt: skip


def resolved(made: dict[str, Any], whole: bool = False) -> Platform:
    return resolve(parse("{}", "hooks"), "hooks", library(), {"platform": "hooks", "memory": MEMORY, **made}, whole)


def world(platform: Platform) -> World:
    specs = library()
    components = {spec.name: {**spec.content, "path": spec.path} for spec in specs.all("components")}
    return World(platform, components, frozenset(specs.features))
