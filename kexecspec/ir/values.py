"""Sorts and values of the transition systems: booleans, enumerations and bounded integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Value = bool | int | str
State = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class BoolSort:
    """The two truth values."""


@dataclass(frozen=True, slots=True)
class EnumSort:
    """Finitely many labels, in the order they were declared."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IntSort:
    """The integers from `low` to `high`, both included."""

    low: int
    high: int


Sort = BoolSort | EnumSort | IntSort
BOOL = BoolSort()


def contains(sort: Sort, value: Value) -> bool:
    """Whether `value` is a member of `sort`; a bool is never an int here."""
    match sort:
        case BoolSort():
            return isinstance(value, bool)
        case EnumSort(labels):
            return isinstance(value, str) and value in labels
        case IntSort(low, high):
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def members(sort: Sort) -> Iterator[Value]:
    """All values of `sort`, in a fixed order. Meant for small sorts: unknown facts, not counters."""
    match sort:
        case BoolSort():
            yield from (False, True)
        case EnumSort(labels):
            yield from labels
        case IntSort(low, high):
            yield from range(low, high + 1)


def describe(sort: Sort) -> str:
    """The sort as it is written in the specifications: `bool`, `int 0..4`, `enum a b c`."""
    match sort:
        case BoolSort():
            return "bool"
        case EnumSort(labels):
            return "enum " + " ".join(labels)
        case IntSort(low, high):
            return f"int {low}..{high}"
