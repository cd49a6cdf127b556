"""What `check --certificate` writes, `verify-cert` finds good, with both solvers; and it is what was proved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kexecspec.certificate import derive
from kexecspec.certificate.forms import Malformed
from kexecspec.certificate.invariants_text import invariants_text, read_invariants
from kexecspec.certificate.made import certificate
from kexecspec.certificate.platform_text import platform_text
from kexecspec.certificate.terms import term
from kexecspec.check import checked
from kexecspec.confirm import conjoined
from kexecspec.explore import Sweep
from kexecspec.ground.ground import ground
from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.expr import equal, remainder
from kexecspec.ir.nodes import FALSE, Const, Ref
from kexecspec.ir.system import Invariant, Lifetime, TransitionSystem, Var
from kexecspec.ir.values import IntSort
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.ir.walk import references
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.resources import schema_path
from kexecspec.solve.aside import SolverDied
from kexecspec.source import parse, plain
from tests.certificate.folders import AFTER, BEFORE, Cert, made, verified
from tests.goldens import ROOT

SMALL = (
    AFTER,
    "examples/pool-alloc-leak/after.yaml",
    "examples/kdump-fault-storm/smmu-v3.yaml",
)
UNKNOWN = "examples/shm-flags/amd-tee.yaml"
SUMS = "examples/ftpm/after.yaml"


@pytest.mark.parametrize("story", SMALL)
def test_both_solvers_verify_what_was_proved(story: str, tmp_path: Path) -> None:
    examined, end = verified(Cert(story).write(tmp_path), "z3", "cvc5")
    assert (end.verdict, end.rejections, end.undecided, end.unproved) == ("VERIFIED", (), (), ())
    assert len(end.proved) == sum(c.run is not None for part in examined.manifest.parts for c in part.claims) > 0


def test_any_program_that_reads_smt_lib_can_check_it_without_this_tool(tmp_path: Path) -> None:
    """As README says: what the wheel of z3 installs beside Python, given the three files one after the other."""
    folder = Path(Cert().write(tmp_path))
    program = Path(sys.executable).parent / "z3"
    for obligation in sorted((folder / "obligations").rglob("*.smt2")):
        parts = (folder / "system.smt2", folder / "invariants.smt2", obligation)
        text = "".join(part.read_text() for part in parts)
        done = subprocess.run([program, "-in"], input=text, capture_output=True, text=True, check=True)
        assert done.stdout == "unsat\n", obligation


def test_a_run_begins_with_values_for_what_nobody_knows(tmp_path: Path) -> None:
    cert = Cert(UNKNOWN)
    examined, end = verified(cert.write(tmp_path / "good"))
    runs = [claim.run for part in examined.manifest.parts for claim in part.claims if claim.run is not None]
    assert end.verdict == "VERIFIED IN PART" and runs and all(run.start for run in runs)
    content = cert.manifest
    for claim in content["systems"][0]["properties"]:
        for name in claim.get("run", {"start": {}})["start"]:
            claim["run"]["start"][name] = "no such value"
    cert.say(content)
    examined, end = verified(cert.write(tmp_path / "bad"))
    assert len(examined.rejections) == len(runs)
    assert all(objection.endswith(" has no value of its sort") for objection in examined.rejections)


def test_what_is_not_read_back_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(str(ROOT / AFTER), Options(replay=False, certified=True))
    monkeypatch.setattr("kexecspec.certificate.made.platform_text", lambda content: "a: 1\n")
    with pytest.raises(ValueError, match="the platform is not read back"):
        certificate(found)
    monkeypatch.undo()
    monkeypatch.setattr("kexecspec.certificate.made.read_invariants", lambda text, system: ())
    with pytest.raises(ValueError, match="the invariants are not read back"):
        certificate(found)


def test_a_solver_that_dies_over_the_ranges_costs_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(str(ROOT / AFTER), Options(replay=False, certified=True))

    def dies(function: object, system: TransitionSystem, invariants: object) -> None:
        raise SolverDied("it was killed")

    monkeypatch.setattr("kexecspec.certificate.made.aside", dies)
    poorer = certificate(found)
    assert poorer is not None and poorer.claimed == 6


def test_a_platform_with_refuted_properties_is_verified_in_part(tmp_path: Path) -> None:
    _, end = verified(Cert(BEFORE).write(tmp_path))
    assert end.verdict == "VERIFIED IN PART" and len(end.proved) == 3
    assert dict(end.unproved).keys() == {"KX102/bnxt@kexec", "KX103/bnxt@kexec", "KX106/bnxt@any"}


def test_proofs_about_a_handoff_that_is_never_taken_are_not_claimed(tmp_path: Path) -> None:
    found = checked(str(ROOT / "tests/vacuous/limit.yaml"), Options(replay=False, certified=True))
    vacuous = {f.property.id for f in found.report.findings if f.vacuous}
    never = {one.name for one in found.report.taken if one.run is None}
    made_of_it = certificate(found)
    assert vacuous and never and made_of_it is not None
    cert = Cert()
    cert.files = dict(made_of_it.files)
    _, end = verified(cert.write(tmp_path))
    assert end.verdict == "VERIFIED IN PART" and {name for name, _ in end.untaken} == never
    assert {name for name, word in end.unproved if word == "VACUOUS"} == vacuous


def test_the_manifest_fits_its_schema() -> None:
    schema = json.loads(schema_path("certificate").read_text())
    Draft202012Validator.check_schema(schema)
    for story in (AFTER, BEFORE):
        Draft202012Validator(schema).validate(Cert(story).manifest)


def test_every_invariant_of_every_proof_is_over_the_whole_systems_variables() -> None:
    found = checked(str(ROOT / SUMS), Options(replay=False, certified=True))
    (way,) = found.ways
    system = ground(way.platform, library())
    proved = [f for f in found.report.findings if f.verdict is Verdict.PROVED and isinstance(f.evidence, Proof)]
    assert proved
    for invariant in conjoined(proved):
        assert references(invariant.holds) <= system.variables.keys()


def test_the_invariants_are_read_back_as_they_were_written_and_hold_where_one_looks() -> None:
    for story in (AFTER, BEFORE):
        (way,) = checked(str(ROOT / story), Options(replay=False, certified=True)).ways
        system = ground(way.platform, library())
        text = dict(made(story))["invariants.smt2"]
        invariants = read_invariants(text, system)
        assert len(invariants) > 3
        sweep = Sweep(system, 3000)
        sweep.seek(FALSE)
        states = [dict(zip(system.variables, row, strict=True)) for row in sweep.origins]
        assert len(states) > 20
        assert all(evaluate(one.holds, state) for one in invariants for state in states)


def test_remainders_are_read_back() -> None:
    variables = {"n": Var("n", IntSort(0, 9), Const(0), Lifetime.PLATFORM)}
    once = Invariant("by threes", equal(remainder(Ref("n"), 3), Const(0)))
    text = invariants_text((once,))

    assert "(= (mod |v n| 3) 0)" in text
    assert read_invariants(text, TransitionSystem(variables, ())) == (once,)
    for wrong in ("(mod |v n| 0)", "(mod |v n| 1)", "(mod |v n| (- 3))", "(mod |v n| |v n|)"):
        with pytest.raises(Malformed):
            read_invariants(text.replace("(mod |v n| 3)", wrong), TransitionSystem(variables, ()))


def test_the_same_check_gives_the_same_bytes() -> None:
    again = certificate(checked(str(ROOT / AFTER), Options(certified=True)))
    assert again is not None and tuple(again.files.items()) == made(AFTER)


def test_every_way_that_unknown_facts_may_be_is_a_system_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    story = (ROOT / "examples/smmu-shutdown-modes/v3-adopt-linux-quiesced.yaml").resolve()
    path.write_text(f"extends: {story}\nplatform: ways\ndevices: {{nic: {{quiesced_by: unknown}}}}\nexpect: null\n")
    found = certificate(checked(str(path), Options(certified=True)))
    assert found is not None and found.files.keys() >= {"1/system.smt2", "2/system.smt2", "platform.yaml"}
    cert = Cert()
    cert.files = dict(found.files)
    folder = cert.write(tmp_path / "cert")
    examined, end = verified(folder)
    assert end.rejections == () and end.verdict in ("VERIFIED", "VERIFIED IN PART")
    assert [dict(part.facts) for part in examined.manifest.parts] == [
        {"devices.nic.quiesced_by": "core"},
        {"devices.nic.quiesced_by": "nothing"},
    ]


def test_the_obligations_are_one_question_each_without_quantifiers() -> None:
    for name, text in made(AFTER):
        if derive.is_obligation(name):
            assert text.count("(check-sat)") == 1 and text.endswith("(check-sat)\n")
        if name.endswith(".smt2"):
            assert text.isascii() and "forall" not in text and "exists" not in text


@pytest.mark.parametrize(
    "content",
    [
        {"a": None, "b": True, "no": [1, -2, "x", {}, []], "x y": {"": "'\"\\ \x85\u2028\U0001f600 : #"}},
        {"k": [[1], [[]], {"a": [{"b": 0}]}], "e": {}, "-": "- a", "0x10": "5.10", "n": "~"},
    ],
)
def test_a_platforms_content_comes_back_from_its_text(content: object) -> None:
    text = platform_text(content)  # type: ignore[arg-type]
    assert text.isascii()
    assert plain(parse(text, "p")) == content


def test_terms_are_written_as_they_stand() -> None:
    from kexecspec.ir.nodes import And, Const, Eq, If, Less, Not, Or, Plus, Ref, Rest, Times

    a = Ref("a.b'|")
    assert term(a) == "|v a.b%27;%7c;|" and term(a, True) == "|v a.b%27;%7c;'|"
    assert term(And((Not(a), Or((a, a))))) == "(and (not |v a.b%27;%7c;|) (or |v a.b%27;%7c;| |v a.b%27;%7c;|))"
    number = Plus((Times(-2, Ref("n")), Const(-3)))
    assert term(Less(number, Const(4))) == "(< (+ (* (- 2) |v n|) (- 3)) 4)"
    assert term(Rest(Ref("n"), 3)) == "(mod |v n| 3)"
    assert term(If(Const(True), Eq(Ref("e"), Const("x y")), a)) == "(ite true (= |v e| |label x y|) |v a.b%27;%7c;|)"
