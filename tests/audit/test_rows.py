"""Where rows stand, and what questions are the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kexecspec.audit.questions import Question, questions, subsystem
from kexecspec.audit.rows import OFFERED, fact_name, row
from kexecspec.audit.tables import by_driver, open_facts, reasons, totals, worst
from kexecspec.library import library
from tests.audit.sample import content, sample, subject, verdict


@pytest.mark.parametrize(
    ("said", "about", "standing", "now"),
    [
        (verdict(), {}, "error", "REFUTED"),
        (verdict(), {"on_request": True}, "note", "REFUTED"),
        (verdict(severity="note"), {}, "note", "REFUTED"),
        (verdict(open=("writes",)), {}, "open", "UNKNOWN"),
        (verdict(open=("drivers.x.quiesced_by.reboot",)), {}, "error", "REFUTED"),
        (verdict(open=("drivers.x.quiesced_by.kexec",)), {}, "open", "UNKNOWN"),
        (verdict(), {"if_offered": True}, "open", "UNKNOWN"),
        (verdict("PROVED"), {"if_offered": True}, "proved", "PROVED"),
        (verdict("PROVED"), {}, "proved", "PROVED"),
        (verdict("UNKNOWN"), {}, "open", "UNKNOWN"),
        (verdict("NOT_JUDGED"), {}, "not judged", "NOT_JUDGED"),
    ],
    ids=str,
)
def test_where_a_verdict_stands(said: Any, about: dict[str, Any], standing: str, now: str) -> None:
    made = row(subject(**about), said, "1")
    assert (made.standing, made.found.verdict) == (standing, now)
    assert (OFFERED in made.found.open) == (about.get("if_offered", False) and now == "UNKNOWN")


def test_facts_lose_the_name_of_whom_they_are_of() -> None:
    names = ("master.iova_hits_ram", "devices.master.dma", "drivers.a.b.quiesced_by.kexec", "drivers.x.dma.kind")
    assert list(map(fact_name, names)) == ["iova_hits_ram", "dma", "quiesced_by.kexec", "dma.kind"]
    assert fact_name("secure_world.optee") == "secure_world.optee"


def asked(made: dict[str, Any], board: str = "a.dtb") -> list[Question]:
    return list(questions(made, board, "Model", library()))


ENETC = {"driver": "fsl_enetc", "smmu": "iommu-1", "streams": [7], "from": {"driver": ["drivers/n/e.c:3", "a.dtb:/e"]}}


def test_masters_that_differ_in_names_are_one_question() -> None:
    one = content(eth0=ENETC, eth1={**ENETC, "streams": [8], "after": ["eth0"]})
    other = copy.deepcopy(one)
    other["smmus"] = {"other": other["smmus"]["iommu-1"]}
    for device in other["devices"].values():
        device["smmu"] = "other"
    assert len({q.key for q in (*asked(one), *asked(other, "b.dtb"))}) == 1
    first = asked(one)[0]
    assert first.subject.place == "a.dtb:/e" and first.subject.driver_place == "drivers/n/e.c:3"
    assert first.subject.smmu == "iommu-1" and first.only == ("KX301",)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made["smmus"]["iommu-1"].update(variant="arm,smmu-v3"),
        lambda made: made["kernels"]["linux"].update(version="6.12.1"),
        lambda made: made["devices"]["eth0"].update(driver="dwc3"),
        lambda made: made["devices"]["eth0"].update(dma="periodic"),
        lambda made: made.update(memory={"ram": ["0x80000000 + 1GiB"]}),
        lambda made: made.update(memory={"crashkernel": "0x80000000 + 1MiB"}),
        lambda made: made["devices"]["eth0"].pop("smmu"),
    ],
)
def test_whatever_bears_on_a_verdict_makes_another_question(change: Any) -> None:
    made = content(eth0=dict(ENETC))
    before = asked(made)[0].key
    change(made)
    assert asked(made)[0].key != before


def test_a_driver_of_the_platform_goes_along_and_no_other() -> None:
    own = {"kind": "master", "bus": "platform", "dma": {"kind": "one-shot", "requests_by": "user"}}
    made = content(a={"driver": "mine", "smmu": "iommu-1"}, b={"driver": "dwc3"})
    mine = {**own, "title": "Mine", "notes": ["a"], "from": {"hooks": "drivers/usb/m.c:9"}}
    made["drivers"] = {"mine": mine, "other": own}
    first, second = asked(made)
    assert first.content["drivers"] == {"own": own} and "drivers" not in second.content
    assert first.subject.on_request and first.subject.driver_place == "drivers/usb/m.c:9"
    assert first.subject.subsystem == "usb"


def test_subsystems_are_folders() -> None:
    places = ("drivers/net/ethernet/x.c:3", "sound/soc/x.c:1", "security/keys/x.c", "")
    assert [subsystem(place) for place in places] == ["net", "sound", "security", "(no driver known)"]


def test_rows_are_counted() -> None:
    rows = sample().rows
    assert totals(rows)["KX301@kexec"] == {"error": 2, "open": 1, "note": 1, "proved": 0, "not judged": 0}
    assert totals(rows)["-"]["not judged"] == 1
    assert [g.name for g in worst(rows)][1] == "thing" and len(worst(rows)) == 2
    assert next(g for g in by_driver(rows) if g.name == "thing").handoffs == (("kexec", 1),)
    assert open_facts(rows) == (("iova_hits_ram", 1),)
    assert reasons(rows) == (("no driver binds it", 1),)


def test_memory_is_left_out_where_addresses_are_unknown() -> None:
    made = content(eth0={**ENETC, "iova": "unknown"}, edma={"driver": "fsl-edma"})
    before = [one.key for one in asked(made)]
    made["memory"] = {"ram": ["0x80000000 + 1GiB"], "from": {"ram": "a.dtb:/memory"}}
    assert [one.key for one in asked(made)] == before


@pytest.mark.parametrize(
    ("dma", "on_request", "of_firmware"),
    [
        ({"kind": "one-shot", "requests_by": "kernel"}, True, False),
        ({"kind": "one-shot", "requests_by": "outside"}, False, False),
        ({"kind": "ring", "requests_by": "user"}, True, False),
        ({"kind": "ring", "requests_by": "kernel"}, False, False),
        ({"kind": "firmware", "requests_by": "firmware"}, False, True),
        ("firmware", False, True),
        ("ring", False, False),
    ],
)
def test_who_asks_for_dma_is_told(dma: Any, on_request: bool, of_firmware: bool) -> None:
    made = content(a={"driver": "mine"})
    made["drivers"] = {"mine": {"kind": "master", "dma": dma}}
    (one,) = asked(made)
    assert (one.subject.on_request, one.subject.of_firmware) == (on_request, of_firmware)
