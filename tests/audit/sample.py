"""Boards of our own for audits, as platform files have them, and an audit with every kind of row."""

from __future__ import annotations

from typing import Any

from kexecspec.audit.audit import Audit, ordered
from kexecspec.audit.rows import Subject, Verdict, left_out, row

HOSTILE = "<script>alert('x')</script>\x1b[31m&\"\u202e"


def content(**devices: Any) -> dict[str, Any]:
    """A platform file's content with an SMMU, a kernel and these devices."""
    return {
        "schema": "kexecspec/platform/1",
        "platform": "board",
        "secure_world": {"none": True},
        "smmus": {"iommu-1": {"variant": "arm,mmu-500", "coherent": True, "from": {"variant": "b.dtb:/iommu"}}},
        "devices": devices,
        "kernels": {"linux": {"version": "6.1.192"}, "kdump": {"version": "6.1.192", "kdump": True}},
        "handoffs": ["linux -kexec-> linux", "linux -crash-> kdump", "linux -reboot-> linux"],
    }


def subject(board: str = "a.dtb", name: str = "dma-1", driver: str = "thing", **more: Any) -> Subject:
    """A master."""
    usual: dict[str, Any] = {
        "model": "Board", "kind": "master", "smmu": "iommu-1", "place": f"{board}:/soc/dma@1",
        "driver_place": "drivers/net/thing.c:12", "subsystem": "net",
    }  # fmt: skip
    return Subject(board=board, name=name, driver=driver, **{**usual, **more})


def verdict(said: str = "REFUTED", handoff: str = "kexec", **more: Any) -> Verdict:
    """What is said of a master."""
    return Verdict("KX301", handoff, said, **{"severity": "error", "why": "because", **more})


def sample() -> Audit:
    """One row of each standing, hostile names among them."""
    hostile = subject(f"{HOSTILE}.dtb", f"=1+{HOSTILE}", HOSTILE, model=HOSTILE, driver_place=f"{HOSTILE}.c:1")
    rows = [
        row(hostile, verdict(why=HOSTILE, handoffs=1, harm="CORRUPTION"), "1111"),
        row(subject(), verdict(), "2222"),
        row(subject(), verdict("PROVED", "crash"), "2222"),
        row(subject(name="gpu", driver="gpu"), verdict(open=("iova_hits_ram",)), "3333"),
        row(subject(name="mmc", driver="mmc", on_request=True), verdict(), "4444"),
        left_out(subject(name="cpu", driver="", driver_place=""), "no driver binds it"),
    ]
    return Audit("6.1.192", "t" * 64, "m" * 64, 2, 1, 4, 5, 4, ordered(rows), ("a note",))
