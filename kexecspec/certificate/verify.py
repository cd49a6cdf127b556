"""Asking solvers about a certificate's obligations, and what follows from their answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kexecspec.certificate import derive
from kexecspec.certificate.examine import Examined, Obligations
from kexecspec.certificate.manifest import Part
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
    untaken = tuple(_untaken(examined))
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
    """The properties proved in every way that has what they are about, and the others with what is said of them."""
    said: dict[str, dict[int, list[str]]] = {}
    for part, way, names in _parts(examined):
        for claim in part.claims:
            if claim.verdict != "NOT_JUDGED":
                for name in names.get(claim.property, (claim.property,)):
                    said.setdefault(name, {}).setdefault(way, []).append(claim.verdict)
    worst = {name: _worst(map(_best, ways.values())) for name, ways in said.items()}
    proved = tuple(name for name, word in worst.items() if word == "PROVED")
    return proved, tuple((name, word) for name, word in worst.items() if word != "PROVED")


def _untaken(examined: Examined) -> Iterator[tuple[str, str]]:
    """The handoffs that some way has no run for, in none of its systems."""
    said: dict[tuple[str, int], list[str]] = {}
    for part, way, _ in _parts(examined):
        for one in part.handoffs:
            said.setdefault((one.name, way), []).append(one.verdict)
    wanting = ((name, _best(words)) for (name, _), words in said.items())
    yield from dict.fromkeys((name, word) for name, word in wanting if word != "PROVED")


def _parts(examined: Examined) -> Iterator[tuple[Part, int, Mapping[str, tuple[str, ...]]]]:
    """The systems of a certificate, the way that each belongs to, and the properties for which its own stand."""
    known = zip(examined.bases, examined.stands_for, strict=True)
    for number, part in enumerate(examined.manifest.parts):
        base, names = next(known, (None, {}))
        yield part, number if base is None else base.way, names


def _best(words: Sequence[str]) -> str:
    """What several systems of one way come to: a proof in one of them is one."""
    return "PROVED" if "PROVED" in words else next((word for word in words if word != "NOT_ASKED"), words[0])


def _worst(words: Iterable[str]) -> str:
    return next((word for word in words if word != "PROVED"), "PROVED")
