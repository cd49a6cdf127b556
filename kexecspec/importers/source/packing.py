"""Drivers as JSON, and back: a dataclass is the list of its fields, and what these are its type says."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from kexecspec.importers.source.values import DriverRead

Maker = Callable[[Any], Any]


def packed_drivers(drivers: tuple[DriverRead, ...]) -> str:
    """The drivers as text that `unpacked_drivers` reads."""
    return json.dumps(drivers, default=_fields, separators=(",", ":"))


def unpacked_drivers(text: str | bytes) -> tuple[DriverRead, ...]:
    """The drivers that `packed_drivers` wrote. Raises ValueError for anything else."""
    try:
        return tuple(map(_maker(DriverRead), json.loads(text)))
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"no drivers: {error}") from None


def _fields(value: Any) -> list[Any]:
    kind: Any = type(value)
    return [getattr(value, name) for name in _names(kind)]


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _maker(hint: Any) -> Maker:
    """What makes a value of a type out of JSON. Only those that the values have are known."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is tuple:
        one = _maker(inside[0])
        return tuple if one is _same else lambda given: tuple(map(one, given))
    if origin in (types.UnionType, None) and not dataclasses.is_dataclass(hint):
        return _same
    kind = origin or hint
    return _of_class(kind) if dataclasses.is_dataclass(kind) and isinstance(kind, type) else _same


def _of_class(kind: type) -> Maker:
    hints: Mapping[str, Any] = get_type_hints(kind)
    makers = [_same if isinstance(hints[name], TypeVar) else _maker(hints[name]) for name in _names(kind)]
    wanted = len(makers)
    if all(one is _same for one in makers):
        return lambda given: kind(*_all(given, wanted))
    pairs = tuple((number, one) for number, one in enumerate(makers) if one is not _same)

    def make(given: Any) -> Any:
        fields = _all(given, wanted)
        for number, one in pairs:
            fields[number] = one(fields[number])
        return kind(*fields)

    return make


def _all(given: Any, wanted: int) -> list[Any]:
    if not isinstance(given, list) or len(given) != wanted:
        raise ValueError("fields are missing")
    return given


def _same(value: Any) -> Any:
    return value
