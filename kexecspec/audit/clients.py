"""TEE clients that a board may have: no device tree names those on the TEE bus, the trusted OS does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kexecspec.audit.questions import CLIENT_CODES, Question, bare, key_of, questions
from kexecspec.importers.board import Board
from kexecspec.library import Library
from kexecspec.versions import Version, parse_version


def possible(content: Mapping[str, Any], board: Board, library: Library) -> Iterator[Question]:
    """A question for each client of the TEE bus that the library knows, where the board has a trusted OS."""
    if not board.tee.known or "optee" not in content.get("secure_world", {}):
        return
    there = {str(device["driver"]) for device in content.get("devices", {}).values()}
    version = _version(content)
    every = [spec for spec in library.all("drivers") if _on_the_bus(spec.content) and _has(version, spec.content)]
    names = [spec.name for spec in every if spec.name not in there]
    devices = {name: {"driver": name, "from": {"driver": str(board.tee.places[0])}} for name in names}
    yield from _driver_itself(content, board, library)
    for one in questions({**content, "devices": devices}, board.file, board.model, library):
        yield replace(one, subject=replace(one.subject, if_offered=True))


def _on_the_bus(entry: Mapping[str, Any]) -> bool:
    named = not str(entry.get("driver", "")).startswith("generic-")
    return named and entry.get("kind") == "tee-client" and entry.get("bus") == "tee" and bool(entry.get("service"))


def _driver_itself(content: Mapping[str, Any], board: Board, library: Library) -> Iterator[Question]:
    """A question about the TEE driver: what it registers for its own calls."""
    name = "optee-ffa" if content["secure_world"].get("abi") == "ffa" else "optee"
    device = {"driver": name, "from": {"driver": str(board.tee.places[0])}}
    for one in questions({**content, "devices": {name: device}}, board.file, board.model, library):
        small = {key: value for key, value in one.content.items() if key != "devices"}
        small["secure_world"] = bare(content["secure_world"])
        yield Question(replace(one.subject, kind="client"), small, CLIENT_CODES, key_of(small, CLIENT_CODES))


def _version(content: Mapping[str, Any]) -> Version:
    return parse_version(str(next(iter(content["kernels"].values()))["version"]))


def _has(version: Version, entry: Mapping[str, Any]) -> bool:
    """Whether a kernel has a driver, by the releases that its specification names."""
    since, until = entry.get("since"), entry.get("until")
    late = until is not None and parse_version(str(until)) <= version.base
    return not late and (since is None or since == "never" or _first(str(since)) <= version.base)


def _first(text: str) -> Version:
    """The release that a text names; those before 3.0 are older than all that is described."""
    try:
        return parse_version(text)
    except ValueError:
        return parse_version("3.0")
