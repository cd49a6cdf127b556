"""Which unknown facts of a platform file bear on a part of their own, so that each way that one may be need not be
tried with each way of the others.

What is true of a master depends on its own facts, its driver's, its SMMU's, the kernels' and the handoffs', and on who
is ordered before or after it (surroundings.py); what is true of the secure world on no master's facts. That holds of
platforms that are judged in parts (part.py), so a platform whose unknown facts are tried apart is judged so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from kexecspec.platform.loose import table, tables
from kexecspec.tree import Path

OF_MASTERS = ("dma", "quiesced_by", "domain", "running", "msi", "behind_port", "bus", "task_dma")
"""Facts of a device, or of its driver, that only the device's own rules look at."""
SECURE = "secure_world"
OF_CLIENTS = ("drivers.*.calls", "drivers.*.service.*")


class Groups:
    """Looks at one platform file's content."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._above: dict[str, str] = {}
        open_ = {name for name, entry in tables(content, "drivers") if any(map(_is_open, map(entry.get, OF_MASTERS)))}
        for name, entry in tables(content, "devices"):
            if entry.get("driver") in open_:
                self._join(f"devices.{name}", f"drivers.{entry['driver']}")
            near = [*_names(entry.get("after")), *_names(entry.get("before")), *_names([entry.get("parent")])]
            for other in (*near, *(["order"] if "order" in entry else [])):
                if other not in table(content, "smmus"):
                    self._join(f"devices.{name}", f"devices.{other}")

    def of(self, fact: Path) -> str:
        """The group of an unknown fact; "" for one that bears on everything."""
        section, name, key = (*map(str, fact), "", "")[:3]
        if section in ("devices", "drivers") and key in OF_MASTERS:
            return self._root(f"{section}.{name}")
        dotted = ".".join(map(str, fact))
        return SECURE if section == SECURE or any(fnmatchcase(dotted, one) for one in OF_CLIENTS) else ""

    def of_part(self, name: str) -> str:
        """The group that facts about the device called `name` are in."""
        return self._root(f"devices.{name}")

    def bears(self, fact: str, part: str) -> bool:
        """Whether the unknown fact `fact`, written with dots, may bear on the part called `part`."""
        group = self.of(tuple(fact.split(".", 2)))
        return group in ("", SECURE, self.of_part(part))

    def _root(self, name: str) -> str:
        while self._above.get(name, name) != name:
            name = self._above[name]
        return name

    def _join(self, one: str, other: str) -> None:
        self._above[self._root(other)] = self._root(one)


def masters_are_open(content: Mapping[str, Any]) -> bool:
    """Whether a fact about a device or a driver is unknown."""
    return any(_says_unknown(entry) for section in ("devices", "drivers") for _, entry in tables(content, section))


def grouped(groups: Groups, facts: Iterable[Path]) -> dict[str, list[Path]]:
    """`facts` by their groups, in the order of the file; those that bear on everything under ""."""
    found: dict[str, list[Path]] = {"": []}
    for fact in facts:
        found.setdefault(groups.of(fact), []).append(fact)
    return found


def _names(given: object) -> list[str]:
    return [str(name) for name in given if name is not None] if isinstance(given, list) else []


def _is_open(fact: object) -> bool:
    return fact == "unknown" or isinstance(fact, dict) and any(map(_is_open, fact.values()))


def _says_unknown(entry: Mapping[str, Any]) -> bool:
    return any(_is_open(value) for key, value in entry.items() if key not in ("from", "confidence"))
