"""AIGER 1.9, binary, with the property as a bad state and every bit of every variable named.

No constraints and no states that are open at first, which some tools do not know: what is free at first comes in as an
input in the first step, and a code that is none of the variable's stands for its least value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kexecspec.export.blast import Blast
from kexecspec.export.gates import FALSE, TRUE, Bits, Gates, constant
from kexecspec.export.model import Model
from kexecspec.export.names import remark, symbol
from kexecspec.export.words import is_full, most, shape
from kexecspec.ir.system import Var
from kexecspec.ir.values import EnumSort, Sort

_HEAD = """\
Each step the rule with the number `$fired` is tried: where its guard holds, it fires, else nothing changes.
`$begun` is false in the first state only; then `first:NAME` is what NAME is. [0] is the lowest bit; %HEX% is a
character that is not plain."""


def aiger(model: Model, title: str) -> bytes:
    """The model as an AIGER file."""
    circuit = _circuit(model)
    inputs, latches, gates = circuit.inputs, circuit.latches, circuit.gates.gates
    top = circuit.gates.leaves + len(gates)
    head = f"aig {top} {len(inputs)} {len(latches)} 0 {len(gates)} 1\n"
    states = "".join(f"{after} 1\n" if first else f"{after}\n" for _, after, first in latches)
    symbols = [f"i{at} {name}" for at, name in enumerate(inputs)]
    symbols += [f"l{at} {name}" for at, (name, _, _) in enumerate(latches)]
    symbols.append(f"b0 {symbol(model.prop.id)}")
    remarks = (*title.splitlines(), *_HEAD.splitlines(), *_legend(model))
    text = "\n".join((*symbols, "c", *map(remark, remarks))) + "\n"
    return (head + states + f"{circuit.bad}\n").encode() + _deltas(circuit.gates) + text.encode()


def _deltas(made: Gates) -> bytes:
    """The gates: for each, how far its operands lie below it and each other, in groups of seven bits."""
    out = bytearray()
    for number, (right, left) in enumerate(made.gates, made.leaves + 1):
        for delta in (2 * number - right, right - left):
            while delta >= 128:
                out.append(delta & 127 | 128)
                delta >>= 7
            out.append(delta)
    return bytes(out)


def _legend(model: Model) -> Iterator[str]:
    yield f"bad {model.prop.id}: {model.prop.says}"
    for number, step in enumerate(model.steps):
        yield f"$fired {number}: {step.name}: {step.says}"
    for var in model.variables:
        if isinstance(var.sort, EnumSort):
            yield f"{var.name}: " + ", ".join(f"{at} {label}" for at, label in enumerate(var.sort.labels))


@dataclass(frozen=True)
class _Circuit:
    """Names of inputs; latches as (name, next, whether it is true at first); the bad literal."""

    inputs: tuple[str, ...]
    latches: tuple[tuple[str, int, bool], ...]
    gates: Gates
    bad: int


def _circuit(model: Model) -> _Circuit:
    """The leaves, in this order: `$fired`, first values of free variables, `$begun` where there are such, variables."""
    free = [var for var in model.variables if var.name not in model.initial]
    bits = max(0, (len(model.steps) - 1).bit_length())
    inputs = [f"$fired[{at}]" for at in range(bits)] + [f"first:{name}" for var in free for name in _bit_names(var)]
    names = [*(["$begun"] if free else []), *(name for var in model.variables for name in _bit_names(var))]
    gates = Gates(len(inputs) + len(names))
    leaves = iter(range(2, 2 * gates.leaves + 2, 2))
    fired = _taken(leaves, bits)
    given = {var.name: _clamped(gates, _taken(leaves, shape(var.sort).bits), var.sort) for var in free}
    begun = next(leaves) if free else TRUE
    kept = {var.name: _taken(leaves, shape(var.sort).bits) for var in model.variables}
    opening = Blast(model, gates, given)
    first = {name: opening.value(node, model.dag.variables[name].sort) for name, node in model.initial.items()} | given
    now = {name: _now(gates, begun, kept[name], first[name]) for name in kept}
    blast = Blast(model, gates, now)
    rows = [(TRUE, False)] if free else []
    for var, after in zip(model.variables, blast.after(fired), strict=True):
        begins = first[var.name] if _is_constant(first[var.name]) else constant(0, len(after))
        rows.extend(zip(after, map(bool, begins), strict=True))
    latches = tuple((name, after, begins) for name, (after, begins) in zip(names, rows, strict=True))
    return _Circuit(tuple(inputs), latches, gates, blast.truth(model.holds) ^ 1)


def _bit_names(var: Var) -> list[str]:
    bits, name = shape(var.sort).bits, symbol(var.name)
    return [name] if bits == 1 else [f"{name}[{at}]" for at in range(bits)]


def _taken(leaves: Iterator[int], bits: int) -> Bits:
    return tuple(next(leaves) for _ in range(bits))


def _clamped(gates: Gates, word: Bits, sort: Sort) -> Bits:
    """`word`, or the least code where it is none of `sort`."""
    if is_full(sort):
        return word
    own = shape(sort)
    low, high = (constant(end, own.bits) for end in most(sort))
    outside = gates.either(gates.less(word, low, own.signed), gates.less(high, word, own.signed))
    return gates.chosen(outside, low, word)


def _now(gates: Gates, begun: int, kept: Bits, first: Bits) -> Bits:
    """What a variable is: what it was made, in the first state what it is at first."""
    return kept if _is_constant(first) else gates.chosen(begun, kept, first)


def _is_constant(word: Bits) -> bool:
    return all(literal in (FALSE, TRUE) for literal in word)
