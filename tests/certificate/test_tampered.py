"""Certificates that were tampered with: each is refused, by the name of what is wrong."""

# ruff: noqa: E501  (a table of cases reads better unwrapped)

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from kexecspec.certificate import derive, examine
from kexecspec.certificate.invariants_text import read_invariants
from kexecspec.diagnostics import InputError
from kexecspec.ground.ground import ground
from kexecspec.ir.nodes import FALSE, Const, Eq, Or, Ref
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.library import library
from kexecspec.platform.ways import platforms_in
from kexecspec.source import load
from tests.certificate.folders import AFTER, BEFORE, Cert, made, verified
from tests.goldens import ROOT

SAFETY = "obligations/safety/KX102-bnxt-kexec.smt2"
OTHER = "obligations/safety/KX103-bnxt-kexec.smt2"
OBLIGATIONS = ("obligations/initial.smt2", "obligations/consecution.smt2", "obligations/ranges.smt2", SAFETY)
Change = Callable[[Cert], object]


@cache
def system() -> TransitionSystem:
    ((_, platform),) = platforms_in(load(str(ROOT / AFTER)), AFTER, library())
    return ground(platform, library())


def assert_false(name: str, before: str | None = None) -> Change:
    def change(cert: Cert) -> None:
        if before is None:
            cert.files[name] += "(assert false)\n"
        else:
            cert.replace(name, before, "(assert false)\n" + before)

    return change


def swap(cert: Cert) -> None:
    cert.files[SAFETY], cert.files[OTHER] = cert.files[OTHER], cert.files[SAFETY]


def said(change: Callable[[dict[str, object]], object], name: str) -> Change:
    """A change of what the manifest says of one property."""

    def changed(cert: Cert) -> None:
        content, claim = cert.claim(name)
        change(claim)
        cert.say(content)

    return changed


def told(change: Callable[..., object]) -> Change:
    """A change of the manifest as a whole."""

    def changed(cert: Cert) -> None:
        content = cert.manifest
        change(content)
        cert.say(content)

    return changed


def forget(name: str) -> Change:
    return lambda cert: cert.files.pop(name)


def edit(name: str, old: str, new: str) -> Change:
    return lambda cert: cert.replace(name, old, new)


def run_of(change: Callable[[list[str]], object]) -> Change:
    return said(lambda claim: change(claim["run"]["rules"]), "KX102/bnxt")  # type: ignore[index]


LINE = "(define-fun |12 bnxt.fw.left stays| () Bool (not |v bnxt.fw.left|))\n"
INV = "invariants.smt2"

REJECTED: dict[str, tuple[Change, str]] = {
    "a line of the invariants lost": (edit(INV, LINE, ""), f"{INV}:13: an invariant is called |12 NAME| here"),
    "an invariant altered now but not later": (edit(INV, "(not |v bnxt.fw.left|))", "(or |v bnxt.fw.left| true))"), f"{INV}:44: this is not how"),
    "an invariant altered later but not now": (edit(INV, "(not |v bnxt.fw.left'|))", "true)"), f"{INV}:"),
    "an invariant left out of the conjunction": (edit(INV, "  |12 bnxt.fw.left stays|\n", ""), f"{INV}:"),
    "a conjunction that is false": (edit(INV, "(define-fun |invariants| () Bool (and", "(define-fun |invariants| () Bool (and false"), f"{INV}:"),
    "an invariant about the step": (edit(INV, "(not |v bnxt.fw.left|))", "(= |fired| 0))"), f"{INV}:13: '|fired|': neither a variable now nor a label"),
    "an invariant about the state after": (edit(INV, "(not |v bnxt.fw.left|))", "(not |v bnxt.fw.left'|))"), f"{INV}:13: '|v bnxt.fw.left'|'"),
    "an undeclared variable": (edit(INV, "|v bnxt.fw.left|", "|v bnxt.fw.lost|"), f"{INV}:"),
    "an undeclared label": (edit(INV, "|label boot|", "|label bot|"), f"{INV}:2: '|label bot|' is not declared"),
    "a number as an invariant": (edit(INV, "(not |v bnxt.fw.left|))", "|v tee.stale_bytes|)"), f"{INV}:13: the term is no truth value"),
    "a label added to a number": (edit(INV, "(= |v tee.stale_bytes| 0)", "(= (+ |label boot| 1) 0)"), f"{INV}:"),
    "a sum of one": (edit(INV, "(not |v bnxt.fw.left|))", "(and true))"), f"{INV}:13: 'and' is no operator that may stand here with 1 terms"),
    "a quantifier": (edit(INV, "(not |v bnxt.fw.left|))", "(forall ((x Int)) (= x x)))"), f"{INV}:13: "),
    "a let": (edit(INV, "(not |v bnxt.fw.left|))", "(let ((x true)) x))"), f"{INV}:13: "),
    "an option among the invariants": (edit(INV, LINE, "(set-option :timeout 1)\n" + LINE), f"{INV}:13: "),
    "a declaration among the invariants": (edit(INV, LINE, "(declare-const x Bool)\n" + LINE), f"{INV}:13: only"),
    "a definition that redefines": (edit(INV, LINE, "(define-fun |step| () Bool false)\n" + LINE), f"{INV}:13: an invariant is called |12 NAME|"),
    "a comment among the invariants": (edit(INV, LINE, "; nothing\n" + LINE), f"{INV}:13: this is not how"),
    "a bracket that is never closed": (edit(INV, LINE, "(" + LINE), f"{INV}:13: a bracket is never closed"),
    "invariants without end": (edit(INV, "(not |v bnxt.fw.left|))", "(not " * 9999 + "true" + ")" * 10000), f"{INV}:13: nested deeper than"),
    "no invariants": (lambda cert: cert.files.update({INV: ""}), f"{INV}:1: |invariants| is not defined"),
    "another alphabet": (edit(INV, "; Together", "; T\N{CYRILLIC SMALL LETTER O}gether"), f"{INV}: it is not ASCII"),
    "obligations swapped": (swap, f"{SAFETY}:1: this is not what"),
    "an obligation lost": (forget(SAFETY), f"{SAFETY}: it is missing"),
    "the consecution lost": (forget("obligations/consecution.smt2"), "obligations/consecution.smt2: it is missing"),
    "the system lost": (forget("system.smt2"), "system.smt2: it is missing"),
    "false among the declarations": (assert_false("system.smt2"), "system.smt2:"),
    "false among the invariants": (assert_false(INV), f"{INV}:"),
    **{f"false in {name}": (assert_false(name, "(check-sat)"), f"{name}:") for name in OBLIGATIONS},
    "false after the question": (assert_false(SAFETY), f"{SAFETY}:6: "),
    "a question asked of nothing": (edit(SAFETY, "(check-sat)", "(reset)\n(assert false)\n(check-sat)"), f"{SAFETY}:5"),
    "the property turned round": (edit(SAFETY, "(assert (not (not", "(assert (not (or true"), f"{SAFETY}:4: this is not what"),
    "the property left out": (edit(SAFETY, "(assert |invariants|)", "(assert (and |invariants| false))"), f"{SAFETY}:3"),
    "a narrower domain": (edit("system.smt2", "(<= 0 |v tee.stale_bytes|", "(<= 1 |v tee.stale_bytes|"), "system.smt2:"),
    "a guard that never holds": (edit("system.smt2", "|guard up| () Bool ", "|guard up| () Bool (and false) ; "), "system.smt2:"),
    "a rule that never fires": (edit("system.smt2", "(<= 0 |fired|)", "(<= 1 |fired|)"), "system.smt2:"),
    "an effect left out": (edit("system.smt2", "|after bnxt.fw.left| () Bool", "|after bnxt.fw.left| () Bool |v bnxt.fw.left|) ; "), "system.smt2:"),
    "a platform that is safer": (edit("platform.yaml", 'version: "5.14"', 'version: "6.12"'), "platform.yaml: it is not the platform that the manifest names"),
    "the platform of another story": (lambda cert: cert.files.update({"platform.yaml": dict(made(BEFORE))["platform.yaml"]}), "platform.yaml: it is not the platform"),
    "another name": (told(lambda m: m["platform"].update(name="mine")), "platform.yaml: it is called 'ns3-bnxt-after', the manifest says 'mine'"),
    "other specifications": (told(lambda m: m["specs"].update(sha256="0" * 64)), "specs: the certificate was made from other specifications"),
    "proved, says the manifest": (said(lambda c: c.update(verdict="PROVED", run={"start": {}, "rules": []}, obligation="obligations/safety/KX101-drain-kexec.smt2"), "KX101/drain"), "manifest.json: KX101/drain@kexec is no proof"),
    "not judged, says the manifest": (said(lambda c: (c.update(verdict="NOT_JUDGED"), c.pop("run"), c.pop("obligation")), "KX102/bnxt"), "manifest.json: KX102/bnxt@kexec is to be judged"),
    "a claim without its obligation's name": (said(lambda c: c.pop("obligation"), "KX102/bnxt"), "manifest.json: KX102/bnxt@kexec is PROVED with another obligation"),
    "a claim with another's obligation": (said(lambda c: c.update(obligation=OTHER), "KX102/bnxt"), "manifest.json: KX102/bnxt@kexec is PROVED with another obligation"),
    "an obligation of nothing that is claimed": (said(lambda c: (c.update(verdict="UNKNOWN"), c.pop("run"), c.pop("obligation")), "KX102/bnxt"), f"{SAFETY}: nothing that is claimed needs it"),
    "a run of what is not proved": (said(lambda c: c.update(verdict="UNKNOWN"), "KX102/bnxt"), "manifest.json: KX102/bnxt@kexec is UNKNOWN with another obligation or run"),
    "a property that is not listed": (told(lambda m: m["systems"][0]["properties"].pop(0)), "manifest.json: the property KX101/drain@kexec is not listed"),
    "a property listed twice": (told(lambda m: m["systems"][0]["properties"].append(m["systems"][0]["properties"][0])), "manifest.json: KX101/drain@kexec stands twice"),
    "a property that does not exist": (told(lambda m: m["systems"][0]["properties"].append({"property": "KX999/x@any", "verdict": "UNKNOWN"})), "manifest.json: the platform has no property KX999/x@any"),
    "a run that lacks a step": (run_of(lambda rules: rules.pop(3)), "the run of KX102/bnxt@kexec: step 4: "),
    "a run that ends too soon": (run_of(lambda rules: rules.pop()), "the run of KX102/bnxt@kexec: it does not end where the premise holds"),
    "a run with a rule of its own": (run_of(lambda rules: rules.append("win")), "the run of KX102/bnxt@kexec: step 8: no rule is called win"),
    "a run in another order": (run_of(lambda rules: rules.reverse()), "the run of KX102/bnxt@kexec: step 1: up may not fire here"),
    "a run that begins with more": (said(lambda c: c["run"]["start"].update(x=1), "KX102/bnxt"), "the run of KX102/bnxt@kexec: its start gives values to other facts"),
    "a handoff that is not listed": (told(lambda m: m["systems"][0]["handoffs"].pop()), "manifest.json: its handoffs are not those of the platform"),
    "a handoff that the platform has not": (told(lambda m: m["systems"][0]["handoffs"][0].update(handoff="prod -crash-> prod")), "manifest.json: its handoffs are not those of the platform"),
    "a handoff's run that ends too soon": (told(lambda m: m["systems"][0]["handoffs"][0]["run"]["rules"].pop()), "the run of the handoff prod -kexec-> prod: it does not end where"),
    "a handoff that is said not to be taken": (told(lambda m: m["systems"][0]["handoffs"][0].update(verdict="UNKNOWN")), "manifest.json: the handoff prod -kexec-> prod is UNKNOWN with a run"),
    "one system too many": (told(lambda m: m["systems"].append(m["systems"][0])), "manifest.json: it has 2 systems, the platform gives rise to 1"),
    "another folder": (told(lambda m: m["systems"][0].update(folder="1/")), "manifest.json: system 1 has the folder '1/'"),
    "facts that nobody left open": (told(lambda m: m["systems"][0]["facts"].update(x=True)), "manifest.json: system 1 fills in unknown facts in another way"),
    "a stranger that is listed": (lambda cert: cert.files.update({"obligations/more.smt2": "(check-sat)\n"}), "obligations/more.smt2: nothing that is claimed needs it"),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_what_was_tampered_with_and_signed_anew_is_rejected_by_name(name: str, tmp_path: Path) -> None:
    change, message = REJECTED[name]
    cert = Cert()
    change(cert)
    examined, end = verified(cert.signed().write(tmp_path))
    assert end.verdict == "REJECTED" and end.proved == ()
    assert any(message in objection for objection in examined.rejections), examined.rejections


@pytest.mark.parametrize("name", [n for n in REJECTED if n.startswith(("an invariant", "false", "a guard", "obligations"))])
def test_what_was_tampered_with_is_rejected_by_its_sum(name: str, tmp_path: Path) -> None:
    cert = Cert()
    REJECTED[name][0](cert)
    touched = [n for n, text in made(AFTER) if cert.files.get(n) != text]
    examined, end = verified(cert.write(tmp_path))
    assert end.verdict == "REJECTED"
    assert [o.split(":")[0] for o in examined.rejections] == touched


def with_invariants(change: Callable[[tuple[Invariant, ...]], tuple[Invariant, ...]]) -> Cert:
    """A certificate whose invariants were changed, and everything that follows from them made to fit."""
    cert = Cert()
    before = read_invariants(cert.files[INV], system())
    claimed = [p for p in system().properties if any(c.get("run") and c["property"] == p.id for c in cert.manifest["systems"][0]["properties"])]
    cert.files.update(derive.texts(system(), change(before), claimed))
    return cert.signed()


def weakened(one: Invariant) -> Invariant:
    if one.name != "bnxt.fw.left stays":
        return one
    return replace(one, holds=Or((one.holds, Eq(Ref("phase"), Const("down")))))


PROOFS: dict[str, tuple[Callable[[tuple[Invariant, ...]], tuple[Invariant, ...]], str]] = {
    "none at all": (lambda found: (), "obligations/safety/"),
    "one of them dropped": (lambda found: tuple(i for i in found if i.name != "bnxt.fw.left stays"), "obligations/"),
    "all but one dropped": (lambda found: found[-1:], "obligations/consecution.smt2: it does not hold, says z3: sat"),
    "one of them weakened": (lambda found: tuple(map(weakened, found)), "obligations/consecution.smt2: it does not hold"),
    "one that is false": (lambda found: (*found, Invariant("mine", FALSE)), "obligations/initial.smt2: it does not hold"),
    "one that holds at first only": (lambda found: (*found, Invariant("mine", Eq(Ref("phase"), Const("boot")))), "obligations/consecution.smt2: it does not hold"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_that_fails_is_rejected_by_the_obligation_that_fails(name: str, tmp_path: Path) -> None:
    change, message = PROOFS[name]
    examined, end = verified(with_invariants(change).write(tmp_path))
    assert examined.rejections == (), "nothing but the solver can tell"
    assert end.verdict == "REJECTED" and any(message in objection for objection in end.rejections), end.rejections


def test_other_invariants_that_prove_the_same_are_as_good(tmp_path: Path) -> None:
    _, end = verified(with_invariants(lambda found: found[::-1]).write(tmp_path))
    assert end.verdict == "VERIFIED" and len(end.proved) == 6


def test_a_certificate_that_claims_less_is_not_verified_as_a_whole(tmp_path: Path) -> None:
    cert = Cert()
    REJECTED["an obligation of nothing that is claimed"][0](cert)
    del cert.files[SAFETY]
    _, end = verified(cert.signed().write(tmp_path))
    assert end.verdict == "VERIFIED IN PART" and end.unproved == (("KX102/bnxt@kexec", "UNKNOWN"),)


def test_another_build_of_the_tool_is_only_told(tmp_path: Path) -> None:
    cert = Cert()
    told(lambda m: m["tool"].update(sha256="0" * 64))(cert)
    examined, end = verified(cert.write(tmp_path))
    assert end.verdict == "VERIFIED" and not examined.same_tool


UNREADABLE: dict[str, tuple[Change, str, str]] = {
    "no manifest": (forget("manifest.json"), "KX028", "there is no manifest.json"),
    "a manifest that is empty": (lambda c: c.files.update({"manifest.json": ""}), "KX016", "empty"),
    "a manifest of another form": (told(lambda m: m.update(schema="kexecspec/certificate/2")), "KX021", "kexecspec/certificate/2"),
    "a manifest that is a list": (lambda c: c.say([]), "KX021", "kexecspec/certificate/1"),
    "a key too many": (told(lambda m: m.update(more=1)), "KX003", "more"),
    "a key too few": (told(lambda m: m.pop("specs")), "KX008", "specs"),
    "a verdict of its own": (said(lambda c: c.update(verdict="TRUE"), "KX102/bnxt"), "KX002", "TRUE"),
    "a proof without a run": (said(lambda c: c.pop("run"), "KX102/bnxt"), "KX008", "run"),
    "a handoff without a run": (told(lambda m: m["systems"][0]["handoffs"][0].pop("run")), "KX008", "run"),
    "a path out of the folder": (told(lambda m: m["files"][0].update(path="../x")), "KX009", "../x"),
    "a path from the root": (told(lambda m: m["files"][0].update(path="/etc/passwd")), "KX009", "/etc/passwd"),
    "a key twice": (edit("manifest.json", '"z3":', '"z3": "1",\n "z3":'), "KX005", "z3"),
    "YAML that is no JSON": (edit("manifest.json", '"z3":', "z3:"), "KX028", "not JSON as kexecspec writes it"),
    "another layout": (edit("manifest.json", '"z3": ', '"z3":  '), "KX028", "not JSON as kexecspec writes it"),
    "a manifest without end": (edit("manifest.json", '"start": {}', '"start": ' + "[" * 5000), "KX018", "nested deeper"),
    "a manifest that is huge": (lambda c: c.files.update({"manifest.json": " " * (5 << 20)}), "KX018", "too large"),
    "a file that is huge": (lambda c: c.files.update({"system.smt2": " " * (5 << 20)}), "KX018", "'system.smt2' is too large"),
    "folders without end": (lambda c: c.files.update({"a/b/c/d/e/f": ""}), "KX018", "nested deeper"),
    "a platform that extends": (edit("platform.yaml", "schema:", 'extends: "/etc/passwd"\nschema:'), "KX019", "extends nothing"),
    "a platform that is none": (lambda c: c.files.update({"platform.yaml": "a: 1\n"}), "KX003", "unknown key 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_certificate_is_refused(name: str, tmp_path: Path) -> None:
    change, code, message = UNREADABLE[name]
    cert = Cert()
    change(cert)
    if "manifest" not in name and "manifest.json" in cert.files and "platform" in name:
        cert.signed()
    with pytest.raises(InputError) as caught:
        examine.examine(cert.write(tmp_path))
    assert any(d.code == code and message in d.message for d in caught.value.diagnostics), caught.value.diagnostics


def test_nothing_in_the_folder_is_followed(tmp_path: Path) -> None:
    places = {
        "a file": lambda folder: (folder / "system.smt2").unlink() or (folder / "system.smt2").symlink_to("/etc/passwd"),
        "a folder": lambda folder: (folder / "more").symlink_to("/etc"),
        "the manifest": lambda folder: (folder / "manifest.json").rename(folder / "m") and (folder / "manifest.json").symlink_to("m"),
        "a pipe": lambda folder: os.mkfifo(folder / "pipe"),
    }  # fmt: skip
    for name, change in places.items():
        folder = tmp_path / name
        Cert().write(folder)
        change(folder)
        with pytest.raises(InputError, match="nothing in a certificate is followed"):
            examine.examine(str(folder))


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, code in ((tmp_path / "none", "KX013"), (tmp_path / "file", "KX014"), ("a\0b", "KX013")):
        with pytest.raises(InputError) as caught:
            examine.examine(str(path))
        assert caught.value.diagnostics[0].code == code


def test_a_file_that_nobody_lists_is_named(tmp_path: Path) -> None:
    folder = Cert().write(tmp_path)
    (tmp_path / "evil\x1b[2J.smt2").write_text("(assert false)")
    examined = examine.examine(folder)
    assert examined.rejections == ("evil\x1b[2J.smt2: the manifest does not list it",)


def test_a_file_that_is_listed_twice_is_named(tmp_path: Path) -> None:
    cert = Cert()
    told(lambda m: m["files"].append(m["files"][0]))(cert)
    assert examine.examine(cert.write(tmp_path)).rejections == ("platform.yaml: it is listed twice",)


def test_the_platform_that_it_should_be_about(tmp_path: Path) -> None:
    folder = Cert().write(tmp_path)
    assert examine.examine(folder, str(ROOT / AFTER)).rejections == ()
    other = examine.examine(folder, str(ROOT / BEFORE)).rejections
    assert len(other) == 1 and other[0].startswith("platform.yaml: it is another platform than ")
