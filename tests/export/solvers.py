"""python -m tests.export.solvers ENGINE SOLVER FILE: z3 or cvc5 about a file in SMT-LIB or Btor2.

ENGINE is `bmc` (runs of more and more steps), `induction` (the same, and whether what held for so many steps goes on to
hold, states that differ from each other), or `spacer`. Prints PROVED or REFUTED with the number of steps, or UNKNOWN.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.export.bitvectors import smtlib
from tests.export.read_btor2 import read

Ask = Callable[[str], str]
"""Sends commands of which the last may be a check-sat, and gives its answer, or nothing."""

_SYMBOL = re.compile(r"\|([^|]*)\|")
_FIXED = ("label ", "rule ")


class Unrolled:
    """A file's commands once for each step."""

    def __init__(self, text: str) -> None:
        commands = re.findall(r"^\(.*(?:\n .*)*", text, re.M)
        fixed = [one for one in commands if re.match(r"\(define-fun \|(label|rule) ", one)]
        self.fixed = "\n".join(fixed)
        self.declared = dict(re.findall(r"^\(declare-const \|v ([^|']*)\| (.*)\)$", text, re.M))
        self.tried = re.findall(r"^\(declare-const \|fired\| (.*)\)$", text, re.M)
        self.defined = "\n".join(one for one in commands if one.startswith("(define-fun") and one not in set(fixed))

    def variables(self, step: int) -> str:
        """Declarations of the state after `step` steps, and of the rule that is tried next."""
        lines = [f"(declare-const |v {name}@{step}| {sort})" for name, sort in self.declared.items()]
        lines += [f"(declare-const |fired@{step}| {sort})" for sort in self.tried]
        return "\n".join(lines)

    def definitions(self, step: int) -> str:
        """Everything that is defined, about the step from one state to the next; the next one is declared."""
        return _SYMBOL.sub(lambda found: _at(found[1], step), self.defined)

    def differ(self, one: int, other: int) -> str:
        """That two states are not the same."""
        same = " ".join(f"(= |v {name}@{one}| |v {name}@{other}|)" for name in self.declared)
        return f"(assert (not (and {same})))"


def _at(name: str, step: int) -> str:
    if name.startswith(_FIXED):
        return f"|{name}|"
    if name.startswith("v ") and name.endswith("'"):
        return f"|{name[:-1]}@{step + 1}|"
    return f"|{name}@{step}|"


def bmc(text: str, ask: Ask, most: int) -> str:
    """A run to a state in which the property fails."""
    unrolled = Unrolled(text)
    ask(f"{unrolled.fixed}\n{unrolled.variables(0)}\n")
    for step in range(most):
        ask(f"{unrolled.variables(step + 1)}\n{unrolled.definitions(step)}\n")
        if step == 0:
            ask("(assert |init@0|)")
        if _refuted(ask, step):
            return f"REFUTED {step}"
        ask(f"(assert |property@{step}|)\n(assert |trans@{step}|)")
    return "UNKNOWN"


def _refuted(ask: Ask, step: int) -> bool:
    answer = ask(f"(push 1)\n(assert (not |property@{step}|))\n(check-sat)")
    ask("(pop 1)")
    return answer == "sat"


def induction(text: str, asks: Callable[[], Ask], most: int) -> str:
    """k-induction: two conversations, one from the first states, one from any."""
    unrolled, first, any_ = Unrolled(text), asks(), asks()
    for ask in (first, any_):
        ask(f"{unrolled.fixed}\n{unrolled.variables(0)}\n")
    for step in range(most):
        for ask in (first, any_):
            ask(f"{unrolled.variables(step + 1)}\n{unrolled.definitions(step)}\n")
        if step == 0:
            first("(assert |init@0|)")
            any_("(assert |domain@0|)")
        if _refuted(first, step):
            return f"REFUTED {step}"
        if not _refuted(any_, step):
            return f"PROVED {step}"
        for ask in (first, any_):
            ask(f"(assert |property@{step}|)\n(assert |trans@{step}|)")
        for before in range(step + 1):
            any_(unrolled.differ(before, step + 1))
    return "UNKNOWN"


def spacer(text: str) -> str:
    """z3's Horn engine, asked for an invariant over the whole state."""
    import z3

    init, trans, holds = z3.parse_smt2_string(f"{text}(assert |init|)(assert |trans|)(assert |property|)")
    names = re.findall(r"^\(declare-const \|(v [^|']*)\| (.*)\)$", text, re.M)
    now, later = ([z3.Const(f"{name}{mark}", _sort(sort)) for name, sort in names] for mark in ("", "'"))
    reached = z3.Function("reached", *(one.sort() for one in now), z3.BoolSort())
    bad = z3.Function("bad", z3.BoolSort())
    engine = z3.Fixedpoint()
    engine.set(engine="spacer")
    engine.register_relation(reached, bad)
    tried = re.findall(r"^\(declare-const \|fired\| (.*)\)$", text, re.M)
    engine.declare_var(*now, *later, *(z3.Const("fired", _sort(sort)) for sort in tried))
    engine.rule(reached(*now), [init])
    engine.rule(reached(*later), [reached(*now), trans])
    engine.rule(bad(), [reached(*now), z3.Not(holds)])
    answer = engine.query(bad())
    return {"unsat": "PROVED", "sat": "REFUTED"}.get(str(answer), "UNKNOWN")


def _sort(text: str) -> Any:
    import z3

    bits = re.fullmatch(r"\(_ BitVec (\d+)\)", text)
    return z3.BitVecSort(int(bits[1])) if bits else {"Int": z3.IntSort(), "Bool": z3.BoolSort()}[text]


def z3_asks(logic: str) -> Ask:
    """A conversation with z3."""
    import z3

    context = z3.Context()
    z3.Z3_eval_smtlib2_string(context.ref(), f"(set-logic {'QF_FD' if logic == 'QF_BV' else logic})")

    def ask(commands: str) -> str:
        return str(z3.Z3_eval_smtlib2_string(context.ref(), commands)).strip()

    return ask


def cvc5_asks(logic: str) -> Ask:
    """A conversation with cvc5."""
    import cvc5

    solver = cvc5.Solver()
    solver.setOption("incremental", "true")
    solver.setLogic(logic)
    parser = cvc5.InputParser(solver)
    symbols = parser.getSymbolManager()

    def ask(commands: str) -> str:
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, commands, "conversation")
        return "".join(str(said).strip() for said in _invoked(parser, solver, symbols))

    return ask


def _invoked(parser: object, solver: object, symbols: object) -> Iterator[str]:
    while True:
        command = parser.nextCommand()  # type: ignore[attr-defined]
        if command.isNull():
            return
        yield command.invoke(solver, symbols)


def main(engine: str, solver: str, file: str, most: int = 1000) -> int:
    """Prints the answer."""
    with open(file, encoding="ascii") as opened:
        text = opened.read()
    logic = "QF_LIA" if "(define-fun" in text else "QF_BV"
    text = smtlib(read(text)) if logic == "QF_BV" else text
    asks = partial({"z3": z3_asks, "cvc5": cvc5_asks}[solver], logic)
    match engine:
        case "bmc":
            print(bmc(text, asks(), most))
        case "induction":
            print(induction(text, asks, most))
        case "spacer":
            print(spacer(text))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
