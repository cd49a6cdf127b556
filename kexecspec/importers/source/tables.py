"""What is declared of the kernel's own functions: specs/calls, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast

from kexecspec.importers.source.values import Stopper
from kexecspec.library import Library, library

Word = Literal["stops", "perhaps", "follows", "keeps", "writes"]
_ENDS_OF_WRITES = (
    "_write",
    "_writel",
    "_write32",
    "_wr",
    "_wr32",
    "_write_reg",
    "_reg_write",
    "_update_bits",
    "_set_bits",
    "_clr_bits",
    "_rmw",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a function does to the master, why, and where that was read. follows: the hook that it calls."""

    word: Word
    why: str
    source: str = ""
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a driver that makes one of certain calls does as a master. own: also where it has channels of an engine.
    core: who stops it on a clean handoff, its name, and the kernel feature that this needs. unless: type and member of
    a struct that the call is given, what that lacks where there is no DMA after all, and why."""

    subsystem: str
    kind: str
    writes: bool
    requests_by: str
    why: str
    own: bool = False
    core: Stopper | Literal[""] = ""
    core_name: str = ""
    feature: str = ""
    unless: tuple[str, str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """All of specs/calls. The sets name the calls that show DMA of one's own, channels of an engine, children, reboot
    notifiers and devm actions."""

    words: Mapping[str, Said]
    beginnings: Mapping[str, Said]
    kinds: Mapping[str, Kind]
    order: tuple[str, ...]
    dma: frozenset[str]
    engine: frozenset[str]
    children: frozenset[str]
    notifiers: frozenset[str]
    actions: frozenset[str]
    _asked: dict[str, Said | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def said(self, name: str) -> Said | None:
        """What is declared of the function `name`, by its name or by how that begins."""
        if name in self._asked:
            return self._asked[name]
        found = self._asked[name] = self._said(name)
        return found

    def _said(self, name: str) -> Said | None:
        found = self.words.get(name)
        if found is not None:
            return found
        for end in range(len(name), 1, -1):
            found = self.beginnings.get(name[:end])
            if found is not None:
                return found
        return self.words["writel"] if name.endswith(_ENDS_OF_WRITES) else None


def read_tables(specs: Library) -> Tables:
    """The tables of a library's specs/calls."""
    stops, keeps, kinds = (_content(specs, name) for name in ("stops", "keeps", "kinds"))
    words: dict[str, Said] = {}
    beginnings: dict[str, Said] = {}
    for entry in keeps["keeps"]:
        said = Said("keeps", str(entry["why"]))
        for name in entry["like"]:
            plain = str(name).rstrip("*")
            (beginnings if plain != name or plain.endswith("_") else words)[plain] = said
    for name in stops["writes"]["calls"]:
        words[str(name)] = Said("writes", str(stops["writes"]["why"]))
    for entry in stops["stops"]:
        said = Said(
            cast(Word, entry.get("effect", "stops")),
            str(entry["why"]),
            str(entry["source"]),
            str(entry.get("follows", "")),
        )
        words |= {str(name): said for name in entry["calls"]}
    by_call = {str(c): _kind(e) for e in reversed(kinds["kinds"]) for c in e["calls"]}
    named = {n: frozenset(map(str, kinds[n]["calls"])) for n in ("dma", "engine", "children", "notifiers", "actions")}
    order = tuple(str(e["subsystem"]) for e in kinds["kinds"])
    return Tables(words, beginnings, by_call, order, **named)


@cache
def usual_tables() -> Tables:
    """The tables that came with this installation."""
    return read_tables(library())


def _content(specs: Library, name: str) -> Mapping[str, Any]:
    spec = specs.spec("calls", name)
    if spec is None:
        raise FileNotFoundError(f"kexecspec is installed without specs/calls/{name}.yaml")
    return spec.content


def _kind(entry: Mapping[str, Any]) -> Kind:
    dma, core, unless = entry["dma"], entry.get("core", {}), entry.get("unless")
    return Kind(
        str(entry["subsystem"]), str(dma["kind"]), bool(dma["writes"]), str(dma["requests_by"]), str(entry["why"]),
        bool(entry.get("own", False)), core.get("by", ""), str(core.get("name", "")), str(core.get("feature", "")),
        None if unless is None else (unless["struct"], unless["member"], unless["lacks"], unless["why"]),
    )  # fmt: skip
