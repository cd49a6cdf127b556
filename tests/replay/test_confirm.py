"""Traces of the rules on the machine: every harm is suffered, tampering is noticed, a false violation is harmless."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kexecspec.ir.expr import equal
from kexecspec.ir.nodes import FALSE, Const, Ref
from kexecspec.ir.trace import Step, Trace, handoffs
from kexecspec.replay.replay import confirm, step_through
from tests.replay.stories import story

HARMS = (
    ("optee-shm-cache/kdump-oops", "KX101/drain@reboot", "OOPS", "pc : tee_shm_free"),
    ("tee-bnxt-fourth-kexec/before", "KX102/bnxt@kexec", "LEAK", "left of dead kernels: 1 registration"),
    ("tee-bnxt-fourth-kexec/before", "KX103/bnxt@kexec", "EXHAUSTION", "failed with error -22"),
    ("ffa/overlap-4.9", "KX103/rtc@kexec", "EXHAUSTION", "failed with error"),
    ("stale-thread/resumed", "KX104/thread@kexec", "CORRUPTION", "was written by secure thread"),
    ("shm-flags/priv-flag-not-accepted", "KX105/optee@any", "REFUSED", "invalid shm flags"),
    ("pool-alloc-leak/before", "KX106/bnxt@any", "LEAK", "lost to bnxt"),
    ("pool-alloc-leak/half-fixed", "KX106/bnxt:freed@any", "CORRUPTION", "were freed"),
    ("ftpm/tee-bus-6.12", "KX107/ftpm@kexec", "REFUSED", "tee_client_open_session failed"),
    ("optee-shm-cache/kdump-drain-at-probe", "KX201/optee@crash", "HANG", "blocked for more than 120 seconds"),
    ("threads-lost", "KX202/threads@kexec", "EXHAUSTION", "are lost until the platform is reset"),
    ("stale-thread/lock-held", "KX203/lock@kexec", "HANG", "optee_notif_wait"),
    ("optee-shm-cache/shutdown-waits", "KX204/optee@kexec", "HANG", "optee_shutdown"),
    ("shm-flags/priv-flag-rpc-unmarked", "KX205/rpc@any", "HANG", "blocked for more than 120 seconds"),
    ("kdump-fault-storm/smmu-v2-v6.1-window", "KX301/nic@crash", "CORRUPTION", "overwritten by a transaction of nic"),
    ("kdump-fault-storm/smmu-v2", "KX302/nic@crash", "STORM", "Blocked unknown Stream ID 0x2000"),
    ("ls1028a-reboot-f/v6.1.0", "KX303/enetc@reboot-force", "OOPS", "pc : iommu_get_dma_domain"),
    ("smmu-shutdown-modes/v2-leave-linux-running", "KX304/nic@kexec", "CORRUPTION", "nic"),
    ("smmu-shutdown-modes/v2-abort-unaware-running", "KX305/nic@kexec", "REFUSED", "was blocked"),
    ("ls1028a-reboot-f/smmu-v3-v6.1.7", "KX306/enetc:task@reboot-force", "HANG", "CMD_SYNC timeout at"),
    ("ls1028a-reboot-f/v6.1.7", "KX307/enetc@reboot-force", "CORRUPTION", "was overwritten by a transaction of enetc"),
    ("optee-shm-cache/kdump-refuse-ftpm-duty", "KX401/ftpm:kdump@crash", "REFUSED", "provides ftpm"),
    ("lpi-tables/device-tree", "KX501/gic@kexec", "CORRUPTION", "memory probably corrupted"),
)


@pytest.mark.parametrize(("name", "prop", "harm", "line"), HARMS)
def test_the_machine_suffers_what_the_rules_foretell(name: str, prop: str, harm: str, line: str) -> None:
    told = story(name)

    found = confirm(told.platform, told.system, told.property(prop), told.violation(prop))

    assert (found.outcome, found.harm) == ("CONFIRMED", harm), found.why
    assert line in "\n".join((*found.log, found.why))


def test_a_state_that_the_machine_does_not_have_is_noticed_at_its_step() -> None:
    told = story("tee-bnxt-fourth-kexec/before")
    trace = told.violation("KX103/bnxt@kexec")
    steps = list(trace.steps)
    steps[3] = Step(steps[3].rule, {**steps[3].state, "bnxt.fw.state": "none"})

    found = confirm(told.platform, told.system, told.property("KX103/bnxt@kexec"), Trace(trace.initial, tuple(steps)))

    assert found.outcome == "DIVERGED"
    assert "step 4" in found.why
    assert "bnxt.fw.state is none in the trace and registered in the machine" in found.why


def test_a_handoff_too_few_is_noticed() -> None:
    told = story("tee-bnxt-fourth-kexec/before")
    trace = told.violation("KX103/bnxt@kexec")
    jumps = [number for number, step in enumerate(trace.steps) if step.rule.startswith("jump")]
    tampered = Trace(trace.initial, trace.steps[: jumps[0]] + trace.steps[jumps[1] :])

    found = confirm(told.platform, told.system, told.property("KX103/bnxt@kexec"), tampered)

    assert found.outcome == "DIVERGED"
    assert "tee.stale_bytes" in found.why


def test_a_rule_that_does_not_exist_is_noticed() -> None:
    told = story("tee-bnxt-fourth-kexec/before")
    trace = told.violation("KX103/bnxt@kexec")
    tampered = Trace(trace.initial, (Step("bnxt.sings", trace.initial), *trace.steps))

    found = confirm(told.platform, told.system, told.property("KX103/bnxt@kexec"), tampered)

    assert found.outcome == "DIVERGED"
    assert "step 1 (bnxt.sings)" in found.why


def test_a_step_that_nobody_could_take_is_noticed() -> None:
    told = story("stale-thread/lock-held")
    lonely = Step("tee.user_call_returns", told.run_to(equal(Ref("phase"), Const("up"))).last)
    trace = told.run_to(equal(Ref("phase"), Const("up")))

    tampered = Trace(trace.initial, (*trace.steps, lonely))

    found = confirm(told.platform, told.system, told.property("KX203/lock@kexec"), tampered)

    assert found.outcome == "DIVERGED"
    assert "could not be performed" in found.why


def test_a_violation_that_is_none_is_harmless() -> None:
    told = story("tee-bnxt-fourth-kexec/after")
    up = told.run_to(equal(Ref("phase"), Const("up")))
    fake = replace(told.property("KX102/bnxt@kexec"), holds=FALSE)

    found = confirm(told.platform, told.system, fake, up)

    assert (found.outcome, found.harm) == ("HARMLESS", None)
    assert "LEAK" in found.why


def test_the_fourth_kexec_is_the_fourth() -> None:
    told = story("tee-bnxt-fourth-kexec/before")
    trace = told.violation("KX103/bnxt@kexec")

    log, seen, parted = step_through(told.platform, told.system, trace)

    assert handoffs(told.system, trace) == 4
    assert parted == ""
    assert log.count("kexec_core: Starting new kernel") == 4
    assert log[-1] == "tee_bnxt_fw: probe of optee-clnt0 failed with error -22"
    assert seen["bnxt.refused"] is True


def test_stepping_ends_where_it_is_told() -> None:
    told = story("tee-bnxt-fourth-kexec/before")
    trace = told.violation("KX103/bnxt@kexec")

    log, seen, parted = step_through(told.platform, told.system, trace, 4)

    assert parted == ""
    assert {name: seen[name] for name in ("phase", "bnxt.fw.state", "bnxt.at")} == {
        "phase": "boot", "bnxt.fw.state": "registered", "bnxt.at": "bound",
    }  # fmt: skip
    assert "kexec_core: Starting new kernel" not in log
    assert step_through(told.platform, told.system, trace, 4) == (log, seen, parted)


def test_hundreds_of_handoffs_are_replayed_in_two_seconds() -> None:
    told = story("optee-shm-cache/clean-kexec-suspended")
    prop = told.property("KX103/optee@kexec")
    trace = told.violation(prop.id)
    began = time.process_time()

    found = confirm(told.platform, told.system, prop, trace)

    assert handoffs(told.system, trace) > 400
    assert found.outcome == "CONFIRMED", found.why
    assert time.process_time() - began < 2


def test_a_companion_is_reached_on_the_machine_too() -> None:
    told = story("stale-thread/conforming")
    prop = told.property("KX104/thread@kexec")
    witness = told.run_to(prop.companion)

    _, _, parted = step_through(told.platform, told.system, witness)

    assert parted == ""


def test_each_line_of_the_console_has_the_step_in_which_it_was_printed() -> None:
    told = story("tee-bnxt-fourth-kexec/before")
    trace = told.violation("KX103/bnxt@kexec")
    found = confirm(told.platform, told.system, told.property("KX103/bnxt@kexec"), trace)
    lines = [line for _, line in found.console]
    assert set(found.log) <= set(lines) and [step for step, _ in found.console] == sorted(s for s, _ in found.console)
    for number in (0, 6, 7, len(trace.steps) - 1):
        log, _, _ = step_through(told.platform, told.system, trace, number)
        assert [line for step, line in found.console if step <= number] == list(log)
    jumps = {n for n, step in enumerate(trace.steps, 1) if step.rule.startswith("jump.")}
    assert {step for step, line in found.console if line == "Bye!"} == jumps
