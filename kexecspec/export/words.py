"""Which bits a value has: just as many as its sort needs. A sort with negative numbers is in two's complement; a label
is its place among the labels of its enumeration."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.export.dag import Dag
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value


@dataclass(frozen=True, slots=True)
class Shape:
    """So many bits, the highest of which is a sign where `signed`."""

    bits: int
    signed: bool = False


def shape(sort: Sort) -> Shape:
    """The bits for every member of `sort`."""
    match sort:
        case BoolSort():
            return Shape(1)
        case EnumSort(labels):
            return Shape(max(1, (len(labels) - 1).bit_length()))
        case IntSort(low, high) if low < 0:
            return Shape(max(high.bit_length() if high > 0 else 0, (~low).bit_length()) + 1, True)
        case IntSort(_, high):
            return Shape(max(1, high.bit_length()))


def joined(one: Sort, other: Sort) -> Shape:
    """The bits for the integers of both sorts."""
    assert isinstance(one, IntSort) and isinstance(other, IntSort)
    return shape(IntSort(min(one.low, other.low), max(one.high, other.high)))


def code(value: Value, sort: Sort) -> int:
    """The bits of `value`, a member of `sort`, as a number without a sign."""
    if isinstance(sort, EnumSort):
        return sort.labels.index(str(value))
    return int(value) & ((1 << shape(sort).bits) - 1)


def most(sort: Sort) -> tuple[int, int]:
    """The least and the greatest code of a free variable, as numbers of its shape."""
    match sort:
        case BoolSort():
            return 0, 1
        case EnumSort(labels):
            return 0, len(labels) - 1
        case IntSort(low, high):
            return low, high


def is_full(sort: Sort) -> bool:
    """Whether every code of the sort's shape is one of a member."""
    low, high = most(sort)
    return high - low + 1 == 1 << shape(sort).bits


def label_sort(dag: Dag, node: int, other: int) -> EnumSort | None:
    """Of two nodes that are compared, the enumeration they are of; None where they are no labels. One is a variable."""
    sorts = [dag.nodes[one].sort for one in (node, other) if isinstance(dag.nodes[one].sort, EnumSort)]
    wide = [sort for sort in sorts if isinstance(sort, EnumSort)]
    return max(wide, key=lambda sort: len(sort.labels)) if wide else None
