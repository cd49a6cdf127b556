"""Certificates changed at random: what is accepted all the same is true, and nothing else happens than that."""

from __future__ import annotations

import os
import re
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kexecspec.certificate.examine import examine
from kexecspec.certificate.invariants_text import read_invariants
from kexecspec.certificate.symbols import named, plain
from kexecspec.certificate.verify import answers, conclusion
from kexecspec.diagnostics import InputError
from kexecspec.explore import Sweep
from kexecspec.ground.ground import ground
from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.nodes import FALSE
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import State
from kexecspec.library import library
from kexecspec.platform.ways import platforms_in
from kexecspec.solve.solvers import solver
from kexecspec.solve.speak import Solver
from kexecspec.source import load
from tests.certificate.folders import AFTER, Cert, made
from tests.goldens import ROOT

COUNT = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 40
WORDS = re.compile(r"\|[^|\n]*\||[A-Za-z0-9_'\"./:=<>+*-]+|\s+|.", re.DOTALL)
SPICE = ("", " ", "\n", "(", ")", "true", "false", "not", "and", "or", "0", "1", "(assert false)", "|v phase|", "é")


@cache
def truth() -> tuple[TransitionSystem, tuple[State, ...]]:
    """The system, and its states as far as one cares to look."""
    ((_, platform),) = platforms_in(load(str(ROOT / AFTER)), AFTER, library())
    system = ground(platform, library())
    sweep = Sweep(system, 400)
    sweep.seek(FALSE)
    return system, tuple(dict(zip(system.variables, row, strict=True)) for row in sweep.origins)


@cache
def z3() -> Solver:
    return solver("z3")


@st.composite
def changed(draw: st.DrawFn) -> tuple[Cert, bool]:
    """A certificate with one to three words of one file replaced, doubled, moved or lost; and whether it is signed."""
    cert = Cert()
    name = draw(st.sampled_from([*dict(made(AFTER)), *["invariants.smt2"] * 8]))
    words = WORDS.findall(cert.files[name])
    for _ in range(draw(st.integers(1, 3))):
        place, other = (draw(st.integers(0, len(words) - 1)) for _ in "ab")
        match draw(st.integers(0, 3)):
            case 0:
                words[place] = draw(st.sampled_from(SPICE))
            case 1:
                words[place] = words[other]
            case 2:
                words[place], words[other] = words[other], words[place]
            case _:
                words[place] += words[other]
    cert.files[name] = "".join(words)
    signed = draw(st.booleans()) and name != "manifest.json"
    return cert.signed() if signed else cert, signed


@settings(max_examples=COUNT, suppress_health_check=list(HealthCheck))
@given(changed())
def test_what_is_accepted_is_true(case: tuple[Cert, bool]) -> None:
    cert, signed = case
    with tempfile.TemporaryDirectory() as folder:
        try:
            examined = examine(cert.write(Path(folder)))
        except InputError:
            return
        end = conclusion(examined, tuple(answers(examined, [z3()], 30)))
    if end.verdict not in ("VERIFIED", "VERIFIED IN PART"):
        assert end.rejections or end.undecided
        return
    altered = {name for name, text in cert.files.items() if dict(made(AFTER)).get(name) != text}
    assert altered <= ({"manifest.json", "invariants.smt2", "platform.yaml"} if signed else {"manifest.json"})
    system, states = truth()
    for invariant in read_invariants(cert.files["invariants.smt2"], system):
        assert all(evaluate(invariant.holds, state) for state in states)
    holds = {plain(prop.id): prop.holds for prop in system.properties}
    assert all(evaluate(holds[name], state) for name in end.proved for state in states)


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_names_are_written_one_to_one(name: str) -> None:
    written = plain(name)
    assert written.isascii() and named(written) == name
    assert not set(written) & set("|\\'\"\n")
