"""Which solver a name means."""

from __future__ import annotations

import shlex
import shutil
from pathlib import PurePath

from kexecspec.solve.speak import SAT, UNKNOWN, UNSAT, Command, Said, Solver
from kexecspec.solve.workers import WHEELS, Worker, missing, release


class NoSolver(Exception):
    """There is no such solver; the message says what would help."""


def solver(name: str) -> Solver:
    """`z3` and `cvc5` from their wheels, anything else as a command with its arguments. Raises NoSolver."""
    if name in WHEELS:
        remedy = missing(name)
        if remedy is not None:
            raise NoSolver(f"{name} is not installed: {remedy}")
        return Worker(name)
    try:
        words = tuple(shlex.split(name))
    except ValueError as error:
        raise NoSolver(f"no command: {error}") from None
    if not words:
        raise NoSolver(f"write {', '.join(WHEELS)}, or a command that reads SMT-LIB from its standard input")
    if shutil.which(words[0]) is None:
        raise NoSolver(f"there is no command {words[0]}")
    return Command(name, words)


def title(name: str) -> str:
    """A solver's name as reports show it: with its release where that is known, a command without its folder."""
    if name in WHEELS:
        return f"{name} {release(name)}"
    program, *arguments = shlex.split(name)
    return shlex.join([PurePath(program).name, *arguments])


def trial(asked: Solver, system: str, seconds: float) -> Said:
    """Whether a solver can tell two questions apart whose answers are known: that `system` (the text of a system
    that has a first state) has one is `sat`, that something false is true is `unsat`. An `unsat` if it can."""
    for question, answer in (("|initial|", SAT), ("(and |initial| (not |initial|))", UNSAT)):
        said = asked.ask(f"{system}(assert {question})\n(check-sat)\n", seconds)
        if said.word == UNKNOWN:
            return said
        if said.word != answer:
            return Said(UNKNOWN, f"it says {said.word} of something that is {answer}")
    return Said(UNSAT)
