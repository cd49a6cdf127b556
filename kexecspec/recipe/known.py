"""`specs/recipes` as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from kexecspec.library import Library
from kexecspec.versions import Version, parse_version


@dataclass(frozen=True)
class Advice:
    """Something to do: commands with places in braces, and what else is to be said."""

    name: str
    title: str
    commands: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Probe:
    """A function to watch; `read` has the places where it was seen, as (file, version)."""

    name: str
    needs: str
    symbol: str
    read: tuple[tuple[str, Version], ...]
    note: str
    entry: str
    exit: str

    def is_in(self, version: Version) -> bool:
        """Whether a kernel's series lies between the oldest and the newest that the function was seen in."""
        seen = [(known.major, known.minor) for _, known in self.read]
        return min(seen) <= (version.major, version.minor) <= max(seen)


@dataclass(frozen=True)
class Recipes:
    """Everything that the library knows of recipes, by the names of its entries."""

    content: Mapping[str, Mapping[str, Any]]

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """All functions to watch."""
        return tuple(_probe(str(name), entry) for name, entry in self.content["probes"].items())

    def step(self, operation: tuple[str, ...], kind: str | None, stopped: bool | None) -> Advice | None:
        """What to do for a step, given its operation, and of a handoff its kind and whether processes end before it."""
        said = operation if operation[:1] in (("kernel",), ("tee",)) else ("device", *operation[1:])
        for name, entry in self.content["steps"].items():
            does = tuple(map(str, entry["does"]))
            fits = said[: len(does)] == does and (kind is None or kind in entry.get("kinds", (kind,)))
            if fits and entry.get("user_stopped", stopped) == stopped:
                return _advice(str(name), entry)
        return None

    def is_itself(self, operation: tuple[str, ...]) -> bool:
        """Whether the board does a step without help."""
        return len(operation) > 1 and operation[1] in self.content["itself"]

    def use(self, driver: str) -> Advice:
        """What puts a master with `driver` to use."""
        fitting = (
            _advice(str(name), entry)
            for name, entry in self.content["uses"].items()
            if any(fnmatchcase(driver, pattern) for pattern in entry["drivers"])
        )
        return next(fitting)

    def modules(self, driver: str) -> tuple[str, ...]:
        """The modules of a driver."""
        return tuple(map(str, self.content["modules"].get(driver, (driver,))))

    def harm(self, kind: str) -> str:
        """How a harm shows on a board."""
        return str(self.content["harms"][kind])

    @property
    def boot(self) -> Advice:
        """What to do for a boot."""
        return _advice("boot", self.content["steps"]["boot"])

    @property
    def shortcut(self) -> Advice:
        """What shows something of a TEE client without a handoff."""
        return _advice("shortcut", self.content["shortcut"])


def recipes(library: Library) -> Recipes:
    """The recipes of the library; its files are one."""
    found: dict[str, Any] = {}
    for spec in library.all("recipes"):
        found |= {key: value for key, value in spec.content.items() if key not in ("schema", "sources")}
    return Recipes(found)


def _advice(name: str, entry: Mapping[str, Any]) -> Advice:
    note = " ".join(str(entry.get("note", "")).split())
    return Advice(name, str(entry["title"]), tuple(map(str, entry["try"])), note)


def _probe(name: str, entry: Mapping[str, Any]) -> Probe:
    return Probe(
        name, str(entry["for"]), str(entry["symbol"]), tuple(_read(entry["read"])), str(entry.get("note", "")),
        str(entry["entry"]), str(entry.get("exit", "")),
    )  # fmt: skip


def _read(places: list[str]) -> Iterator[tuple[str, Version]]:
    for place in places:
        file, _, version = place.partition("@")
        yield file, parse_version(version)
