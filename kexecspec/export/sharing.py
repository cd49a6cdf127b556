"""A graph as text: what is used more than once gets a name and is written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kexecspec.export.dag import Dag
from kexecspec.export.operators import Op

SHORT = 40
"""What is written in fewer characters is repeated."""

CHAINS = (Op.AND, Op.OR, Op.PLUS)

Form = Callable[[int, Sequence[str]], str]
"""Writes a node, given its operands; a conjunction, a disjunction or a sum may have more than two."""


@dataclass(frozen=True)
class Written:
    """`definitions` as (node, name, text), in an order in which each speaks of earlier ones only; `text` is how each
    root is written."""

    definitions: tuple[tuple[int, str, str], ...]
    text: dict[int, str]


def written(dag: Dag, roots: Iterable[int], form: Form, name: Callable[[int], str]) -> Written:
    """The text of `roots`; `name` gives the n-th definition, counted from 1, its name."""
    asked = tuple(roots)
    order = dag.reached(asked)
    uses = Counter(asked)
    for node in order:
        uses.update(dag.nodes[node].args)
    begun = _begun(dag, order, uses)
    operands: dict[int, list[str]] = {}
    texts: dict[int, str] = {}
    definitions: list[tuple[int, str, str]] = []
    for node in order:
        first, *rest = dag.nodes[node].args or (-1,)
        given = operands.pop(first) if first in operands else [texts[first]] if first >= 0 else []
        given.extend(texts[arg] for arg in rest)
        if node in begun:
            operands[node] = given
            continue
        texts[node] = text = form(node, given)
        if uses[node] > 1 and dag.nodes[node].args and len(text) > SHORT:
            texts[node] = name(len(definitions) + 1)
            definitions.append((node, texts[node], text))
    return Written(tuple(definitions), {node: texts[node] for node in asked})


def _begun(dag: Dag, order: Iterable[int], uses: Counter[int]) -> set[int]:
    """The chains that one other node goes on with, and nobody else uses."""
    found = set()
    for node in order:
        one = dag.nodes[node]
        if one.op in CHAINS and uses[one.args[0]] == 1 and dag.nodes[one.args[0]].op is one.op:
            found.add(one.args[0])
    return found
