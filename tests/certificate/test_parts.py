"""Certificates of platforms that are judged in parts: small systems, each with the parts for which it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.certificate.made import certificate
from kexecspec.check import checked
from kexecspec.findings import ids
from kexecspec.ir.verdict import Verdict
from kexecspec.options import Options
from tests.certificate.folders import Cert, verified

MASTERS = """\
schema: kexecspec/platform/1
platform: crowd
memory: {{ram: [0x8000_0000 + 2GiB], crashkernel: 0xc000_0000 + 256MiB}}
kernels: {{prod: {{version: 6.12}}}}
smmus: {{smmu: {{variant: "arm,smmu-v3"}}}}
devices:
{devices}
handoffs: [prod -systemctl kexec-> prod]
"""
CLIENTS = """\
schema: kexecspec/platform/1
platform: clients
secure_world: {{optee: 3.13.0, threads: 2, heap: {{size: 1MiB, base_use: 20000}}, supplicant: {{present: false}}}}
devices:
{devices}
kernels: {{prod: {{version: 6.12}}}}
handoffs: [prod -systemctl kexec-> prod]
"""


def _masters(open_: str = "", stopping: int = 24) -> str:
    """So many masters that stop, and one that does not; `open_` is more about the first two."""
    entry = "  d{0}: {{driver: {1}, smmu: smmu, streams: [{0}], iova: 0xffff_0000 + 64KiB{2}}}"
    drivers = ["generic-platform-shutdown"] * stopping + ["generic-platform"]
    lines = [entry.format(n, driver, open_ if n < 2 else "") for n, driver in enumerate(drivers)]
    return MASTERS.format(devices="\n".join(lines))


def _clients() -> str:
    drivers = ["generic-tee-client-shutdown"] * 24 + ["generic-tee-client"]
    return CLIENTS.format(devices="\n".join(f"  c{n}: {{driver: {driver}}}" for n, driver in enumerate(drivers)))


def _certified(text: str, folder: Path, only: tuple[str, ...]) -> tuple[Cert, frozenset[str]]:
    """A certificate, and what the check has proved that is not about nothing."""
    path = folder / "p.yaml"
    path.write_text(text)
    found = checked(str(path), Options(only=only, certified=True))
    made = certificate(found)
    assert made is not None and not found.report.objections
    cert = Cert()
    cert.files = dict(made.files)
    proved = (f for f in found.report.findings if f.verdict is Verdict.PROVED and not f.vacuous)
    return cert, frozenset(name for finding in proved for name in ids(finding))


@pytest.mark.parametrize("only", [("KX301",), ("KX301/d3",), ("KX301/d24", "KX301/d7")])
def test_what_is_proved_of_masters_is_verified_of_all_that_are_alike(only: tuple[str, ...], tmp_path: Path) -> None:
    cert, proved = _certified(_masters(), tmp_path, only)
    examined, end = verified(cert.write(tmp_path / "cert"), "z3", "cvc5")
    assert end.rejections == end.undecided == () and end.verdict == "VERIFIED IN PART"
    assert frozenset(end.proved) == proved and len(examined.systems) > 1
    assert all(len(text) < 60_000 for name, text in cert.files.items() if name.endswith("system.smt2"))


def test_clients_stand_on_a_veiled_secure_world_or_on_all_that_there_is(tmp_path: Path) -> None:
    cert, proved = _certified(_clients(), tmp_path, ("KX102",))
    _, end = verified(cert.write(tmp_path / "cert"))
    assert end.rejections == end.undecided == end.untaken == ()
    assert frozenset(end.proved) == proved and len(proved) == 24
    assert [name for name, word in end.unproved if word == "REFUTED"] == ["KX102/c24@kexec"]


def test_ways_that_are_tried_side_by_side_are_certified_part_by_part(tmp_path: Path) -> None:
    """Facts so many that only the parts are judged; a system of the whole would have no invariants."""
    open_ = ", dma: {kind: unknown}"
    cert, proved = _certified(_masters(open_, 3), tmp_path, ("KX301",))
    examined, end = verified(cert.write(tmp_path / "cert"))
    assert end.rejections == end.undecided == ()
    assert frozenset(end.proved) <= proved and "KX301/d2@kexec" in end.proved
    assert len({base.way for base in examined.bases}) > 1


def test_a_certificate_that_speaks_of_other_parts_is_rejected(tmp_path: Path) -> None:
    cert, _ = _certified(_masters(), tmp_path, ("KX301",))
    good = cert.manifest
    for place, change in (("alike", lambda said: [*said, "d24"]), ("about", lambda said: ["d24"])):
        content = cert.manifest
        content["systems"][0][place] = change(content["systems"][0][place])
        cert.say(content)
        assert "is about another part" in verified(cert.write(tmp_path / place))[1].rejections[0]
        cert.say(good)
    content = cert.manifest
    content["named"] = ["d3"]
    cert.say(content)
    assert verified(cert.write(tmp_path / "named"))[1].verdict == "REJECTED"
    content = cert.manifest
    del content["named"]
    content["systems"] = content["systems"][:1]
    cert.say(content)
    assert "gives rise to" in verified(cert.write(tmp_path / "fewer"))[1].rejections[0]
