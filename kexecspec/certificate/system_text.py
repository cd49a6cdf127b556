"""The whole system, unsliced, as the text of system.smt2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kexecspec.certificate.symbols import label, plain, rule, variable
from kexecspec.certificate.terms import conjunction, labels, sort_name, term, within
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Rule, TransitionSystem, Var, writers

Pen = Callable[[Expr], str]
"""Writes an expression over the state now."""

LEGEND = """\
; A transition system. SMT-LIB 2.6: integers and booleans, no quantifiers.
; |v NAME| is a state variable now, |v NAME'| the same after one step; |fired| is the number of the rule that takes it.
; domain: every value is one of its sort. initial: a first state, where what is not given may be any value of its sort.
; step: one rule fires. Its guard holds, what it writes changes, everything else stays.
"""
_HEAD = f"""\
{LEGEND}; Nothing is asserted here. See invariants.smt2 and obligations/.
(set-logic QF_LIA)
"""


def system_text(system: TransitionSystem) -> str:
    """Labels, rules and variables declared; domain, initial and step defined."""
    return _HEAD + "\n".join(system_lines(system)) + "\n"


def system_lines(system: TransitionSystem, pen: Pen = term, shared: Iterable[str] = ()) -> Iterator[str]:
    """The lines of `system_text` after its head, expressions written by `pen`; `shared` are definitions it uses."""
    yield "\n; labels of enumerations"
    for name, number in labels(system).items():
        yield f"(define-fun {label(name)} () Int {number})"
    yield "\n; rules"
    for number, one in enumerate(system.rules):
        yield f"(define-fun {rule(one.name)} () Int {number})"
    yield "(declare-const |fired| Int)"
    yield "\n; variables"
    variables = tuple(system.variables.values())
    for later in (False, True):
        for var in variables:
            yield f"(declare-const {variable(var.name, later)} {sort_name(var.sort)})"
    yield from ("", *shared)
    for later, name in ((False, "|domain|"), (True, "|domain'|")):
        yield f"(define-fun {name} () Bool {conjunction(part for var in variables for part in within(var, later))})"
    yield f"(define-fun |initial| () Bool {conjunction(part for var in variables for part in _first(var, pen))})"
    yield "\n; guards"
    for one in system.rules:
        yield f"(define-fun |guard {plain(one.name)}| () Bool {_guard(one, pen)})"
    yield "\n; what becomes of each variable"
    writing = writers(one.effect for one in system.rules)
    for var in variables:
        after = _after(var, [system.rules[place] for place in writing.get(var.name, ())], pen)
        yield f"(define-fun |after {plain(var.name)}| () {sort_name(var.sort)} {after})"
    yield f"\n(define-fun |step| () Bool {conjunction(_step(system))})"


def _first(var: Var, pen: Pen) -> Iterator[str]:
    if var.initial is None:
        yield from within(var)
    else:
        yield f"(= {variable(var.name)} {pen(var.initial)})"


def _guard(one: Rule, pen: Pen) -> str:
    return conjunction(pen(part) for part in (one.guard, *one.order))


def _after(var: Var, by: Sequence[Rule], pen: Pen) -> str:
    """What becomes of `var`, which the rules `by` write."""
    opened = "".join(f"\n  (ite (= |fired| {rule(one.name)}) {pen(one.effect[var.name])}" for one in by)
    return f"{opened} {variable(var.name)}{')' * len(by)}".lstrip(" ")


def _step(system: TransitionSystem) -> Iterator[str]:
    yield "(<= 0 |fired|)"
    yield f"(< |fired| {len(system.rules)})"
    for one in system.rules:
        yield f"(=> (= |fired| {rule(one.name)}) |guard {plain(one.name)}|)"
    for name in system.variables:
        yield f"(= {variable(name, True)} |after {plain(name)}|)"
