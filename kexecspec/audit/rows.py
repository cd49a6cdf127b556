"""What an audit says: one row for each master or TEE client of a board, and each kind of handoff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Standing = Literal["error", "note", "open", "proved", "not judged"]
STANDINGS: tuple[Standing, ...] = ("error", "open", "note", "proved", "not judged")
SAID: dict[Standing, str] = {
    "error": "it can happen, and the executable model suffered it",
    "open": "it hangs on facts that nobody could tell",
    "note": "refuted, but its DMA is asked for, and who asks is stopped first: a request in flight is left",
    "proved": "it cannot happen, over any number of handoffs",
    "not judged": "nothing is asked, or there is no answer, for the reasons below",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about one property of one master or client on one kind of handoff. `open` names the unknown facts
    that a refutation needs; `rests_on` what nobody verified of that on which the verdict rests."""

    code: str
    handoff: str
    verdict: str
    severity: str
    why: str = ""
    open: tuple[str, ...] = ()
    handoffs: int | None = None
    harm: str = ""
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: a master of a board, or a client of its TEE. `place` is its node, `driver_place` a line of
    its driver; `on_request`: its DMA comes on request of this kernel, or for users of it (who are stopped first);
    `if_offered`: it is bound only where the trusted OS offers its service. `of_firmware`: what it does is up to
    firmware of its own."""

    board: str
    model: str
    name: str
    kind: Literal["master", "client"]
    driver: str
    smmu: str
    place: str
    driver_place: str
    subsystem: str
    on_request: bool = False
    if_offered: bool = False
    of_firmware: bool = False


OFFERED = "offered"
FACTS: dict[str, str] = {
    OFFERED: "whether the trusted OS offers its service",
    "iova_hits_ram": "whether its I/O addresses, taken for physical ones, lie in RAM",
    "iova_hits_crashkernel": "whether its I/O addresses, taken for physical ones, lie in the crash kernel's memory",
    "writes": "whether it writes memory, or only reads it",
    "dma": "what kind of DMA it issues",
    "dma.kind": "what kind of DMA it issues",
    "dma.requests_by": "who asks for its DMA",
    "quiesced_by": "what stops it",
    "quiesced_by.kexec": "what stops it on kexec",
    "quiesced_by.reboot": "what stops it on reboot",
    "quiesced_by.crash": "what stops it on a crash",
    "secure_world.optee": "the release of OP-TEE",
}
"""What unknown facts are about, by their names in `open`."""
_HANDOFFS = ("kexec", "reboot", "crash")


def fact_name(name: str) -> str:
    """An unknown fact's name without the device or driver that it is of."""
    bare = name.rpartition("master.")[2]
    if bare.startswith("drivers."):
        found = [one for one in ("quiesced_by", "dma", "hooks", "calls") if f".{one}" in bare]
        return bare[bare.index(f".{found[0]}") + 1 :] if found else bare
    return bare


def said(fact: str) -> str:
    """What an unknown fact is about."""
    return FACTS.get(fact, fact)


def _of_another(fact: str, handoff: str) -> bool:
    """Whether a fact is about another kind of handoff alone."""
    last = fact.rpartition(".")[2]
    return last in _HANDOFFS and last != handoff


@dataclass(frozen=True, slots=True)
class Row:
    """A subject and a verdict. `same` is a short name of the question: rows that share it were answered once."""

    subject: Subject
    found: Verdict
    standing: Standing
    same: str


def row(subject: Subject, found: Verdict, same: str) -> Row:
    """The row of a verdict, with where it stands. What is refuted for some value of an unknown fact only, or of a
    client that may not be there, is unknown."""
    bear = tuple(fact for fact in found.open if not _of_another(fact, found.handoff))
    if found.verdict == "REFUTED" and subject.if_offered:
        bear = (OFFERED, *bear)
    rests = tuple(what.replace("driver own", f"driver {subject.driver}") for what in found.rests_on)
    said = "UNKNOWN" if bear and found.verdict == "REFUTED" else found.verdict
    found = replace(found, rests_on=rests, open=bear, verdict=said)
    return Row(subject, found, standing(subject, found), same)


def standing(subject: Subject, found: Verdict) -> Standing:
    """A refutation is an error, unless the DMA is asked for by somebody who is stopped before the jump: then all that
    can be left is what is in flight, or what goes on where nobody stops users, and that is a note."""
    match found.verdict:
        case "PROVED":
            return "proved"
        case "UNKNOWN":
            return "open"
        case "REFUTED":
            return "note" if found.severity != "error" or subject.on_request else "error"
    return "not judged"


def left_out(subject: Subject, why: str) -> Row:
    """The row of what is not judged."""
    return Row(subject, Verdict("", "", "NOT_JUDGED", "", why), "not judged", "")


def as_table(found: Row) -> dict[str, Any]:
    """A row as one flat table, as JSON and CSV have it."""
    verdict = asdict(found.found)
    return {**asdict(found.subject), **verdict, "standing": found.standing, "same": found.same}


COLUMNS: Sequence[str] = (
    "board", "model", "name", "kind", "driver", "subsystem", "smmu", "handoff", "code", "verdict", "standing", "open",
    "why", "handoffs", "harm", "place", "driver_place", "on_request",
    "if_offered", "of_firmware", "severity", "rests_on", "same",
)  # fmt: skip
"""The columns of a table of rows, in their order."""
