"""What a node of the graph may do."""

from __future__ import annotations

from enum import Enum


class Op(Enum):
    """The kinds of node: two leaves, and operations on nodes with smaller numbers."""

    CONST = "const"
    REF = "ref"
    EQUAL = "equal"
    LESS = "less"
    PLUS = "plus"
    TIMES = "times"
    NOT = "not"
    AND = "and"
    OR = "or"
    IF = "if"
