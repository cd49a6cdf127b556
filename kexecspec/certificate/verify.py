"""Asking solvers about a certificate's obligations, and what follows from their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kexecspec.certificate import derive
from kexecspec.certificate.examine import Examined, Obligations
from kexecspec.solve.solvers import trial
from kexecspec.solve.speak import SAT, UNKNOWN, UNSAT, Said, Solver

VERIFIED, PARTLY, REJECTED, UNDECIDED = "VERIFIED", "VERIFIED IN PART", "REJECTED", "UNDECIDED"


@dataclass(frozen=True)
class Answer:
    """What one solver said of one obligation; `size` is the bytes that it read."""

    solver: str
    obligation: str
    said: Said
    size: int

    @property
    def group(self) -> str:
        """The obligation's kind, with the folder of its system."""
        folder, inner = self.obligation.split("obligations/", 1)
        return folder + derive.group("obligations/" + inner)


@dataclass(frozen=True)
class Conclusion:
    """What an examined certificate and the answers come to. `verdict` is one of the four words of this module."""

    verdict: str
    proved: tuple[str, ...]
    unproved: tuple[tuple[str, str], ...]
    untaken: tuple[tuple[str, str], ...]
    rejections: tuple[str, ...]
    undecided: tuple[str, ...]


def answers(examined: Examined, solvers: Sequence[Solver], seconds: float) -> Iterator[Answer]:
    """Every solver's answers, solver by solver; none where the certificate is rejected already.

    A solver that fails its trial is asked nothing else: its answer to everything is unknown.
    """
    if examined.rejections:
        return
    for solver in solvers:
        try:
            for system in examined.systems:
                yield from _about(system, solver, seconds)
        finally:
            solver.close()


def _about(system: Obligations, solver: Solver, seconds: float) -> Iterator[Answer]:
    able = trial(solver, system.prelude, seconds)
    for path, text in system.each.items():
        script = system.prelude + text
        said = able if able.word != UNSAT else solver.ask(script, seconds)
        yield Answer(solver.name, path, said, len(script))


def conclusion(examined: Examined, given: Sequence[Answer]) -> Conclusion:
    """The verdict: every obligation unsat, says every solver, and nothing else is wrong."""
    proved, unproved = _claims(examined)
    handoffs = (one for part in examined.manifest.parts for one in part.handoffs)
    untaken = tuple(dict.fromkeys((one.name, one.verdict) for one in handoffs if one.run is None))
    if examined.rejections:
        return Conclusion(REJECTED, (), unproved, untaken, examined.rejections, ())
    refused = tuple(_refused(given))
    undecided = tuple(f"{a.obligation}: {a.solver}: {a.said.why}" for a in given if a.said.word == UNKNOWN)
    if refused:
        return Conclusion(REJECTED, (), unproved, untaken, refused, undecided)
    if undecided or not given:
        return Conclusion(UNDECIDED, (), unproved, untaken, (), undecided or ("no solver was asked",))
    wanting = bool(untaken) or any(examined.severities[name] == "error" for name, _ in unproved)
    return Conclusion(PARTLY if wanting else VERIFIED, proved, unproved, untaken, (), ())


def _refused(given: Sequence[Answer]) -> Iterator[str]:
    by_path: dict[str, dict[str, str]] = {}
    for answer in given:
        by_path.setdefault(answer.obligation, {})[answer.solver] = answer.said.word
    for path, words in by_path.items():
        against = [name for name, word in words.items() if word == SAT]
        agreeing = [name for name, word in words.items() if word == UNSAT]
        if against and agreeing:
            yield f"{path}: solvers disagree: sat says {', '.join(against)}, unsat says {', '.join(agreeing)}"
        elif against:
            yield f"{path}: it does not hold, says {', '.join(against)}: sat"


def _claims(examined: Examined) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The properties proved in every system that has what they are about, and the others with what is said of them."""
    said: dict[str, list[str]] = {}
    for part in examined.manifest.parts:
        for claim in part.claims:
            if claim.verdict != "NOT_JUDGED":
                said.setdefault(claim.property, []).append(claim.verdict)
    worst = {name: next((word for word in words if word != "PROVED"), "PROVED") for name, words in said.items()}
    proved = tuple(name for name, word in worst.items() if word == "PROVED")
    return proved, tuple((name, word) for name, word in worst.items() if word != "PROVED")
