"""A Btor2 file as SMT-LIB over bit-vectors, laid out as the SMT-LIB files are: what solvers are quicker with."""

from __future__ import annotations

from collections.abc import Iterator

from tests.export.read_btor2 import Btor2

_NAMES = {"add": "bvadd", "mul": "bvmul", "and": "bvand", "or": "bvor", "not": "bvnot"}
_COMPARED = {"eq": "=", "ult": "bvult", "ulte": "bvule", "slt": "bvslt", "slte": "bvsle"}


def smtlib(read: Btor2) -> str:
    """|init|, |trans|, |domain| and |property| over `|v NAME|`, `|v NAME'|` and |fired|."""
    return "\n".join(_lines(read)) + "\n"


def _lines(read: Btor2) -> Iterator[str]:
    for number, name in read.states.items():
        for mark in ("", "'"):
            yield f"(declare-const |v {name}{mark}| {_sort(read.width[number])})"
    for number in read.inputs:
        yield f"(declare-const |fired| {_sort(read.width[number])})"
    for number, words in read.lines.items():
        yield f"(define-fun |n{number}| () {_sort(read.width[number])} {_term(read, number, words)})"
    yield _all("init", [f"(= |n{state}| |n{value}|)" for state, value in read.first.items()])
    yield _all("domain", [f"(= |n{number}| #b1)" for number in read.constraints])
    after = [f"(= |v {read.states[state]}'| |n{value}|)" for state, value in read.after.items()]
    yield _all("trans", ["|domain|", *after])
    yield f"(define-fun |property| () Bool (= |n{read.bad[0][0]}| #b0))"


def _sort(bits: int) -> str:
    return f"(_ BitVec {bits})"


def _all(name: str, parts: list[str]) -> str:
    return f"(define-fun |{name}| () Bool (and true {' '.join(parts)}))"


def _term(read: Btor2, number: int, words: list[str]) -> str:
    name, bits, args = words[0], read.width[number], [f"|n{word}|" for word in words[2:]]
    if name in _COMPARED:
        return f"(ite ({_COMPARED[name]} {' '.join(args)}) #b1 #b0)"
    match name:
        case "state":
            return f"|v {read.states[number]}|"
        case "input":
            return "|fired|"
        case "constd":
            return f"(_ bv{words[2]} {bits})"
        case "ite":
            return f"(ite (= {args[0]} #b1) {args[1]} {args[2]})"
        case "uext" | "sext":
            return f"((_ {'zero' if name == 'uext' else 'sign'}_extend {words[3]}) {args[0]})"
        case "slice":
            return f"((_ extract {words[3]} {words[4]}) {args[0]})"
        case _:
            return f"({_NAMES[name]} {' '.join(args)})"
