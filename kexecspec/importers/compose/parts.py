"""Facts as a part of a platform file: values, and beside them where each was read and how far it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.importers.facts import Fact

Part = dict[str, Any]


def part(facts: Mapping[str, Fact[Any] | None]) -> Part:
    """A part with these facts by name, those that are None left out. A name with a dot lies one level deeper."""
    made: Part = {}
    said = {name: fact for name, fact in facts.items() if fact is not None}
    for name, fact in said.items():
        put(made, name, fact.value if fact.known else "unknown")
    origins = {name: origin(fact) for name, fact in said.items() if fact.places}
    doubted = {name: fact.confidence for name, fact in said.items() if fact.confidence != "read"}
    return made | ({"from": origins} if origins else {}) | ({"confidence": doubted} if doubted else {})


def put(made: Part, name: str, value: Any) -> None:
    """Sets a fact of a part; of a name with a dot the first word is a table."""
    first, dot, rest = name.partition(".")
    if dot:
        put(made.setdefault(first, {}), rest, value)
    else:
        made[name] = value


def origin(fact: Fact[Any]) -> str | list[str]:
    """The places of a fact, as `from` has them."""
    places = [str(place) for place in fact.places]
    return places[0] if len(places) == 1 else places
