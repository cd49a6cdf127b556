"""Answers of the user (`--set KEY=VALUE`) over what was imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.importers.board import Board
from kexecspec.importers.compose.parts import put
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.devicetree.memory import joined
from kexecspec.importers.facts import Fact, Place
from kexecspec.quantities import parse_range
from kexecspec.source import parse, plain

ORIGIN = "--set"
NAMED = ("interrupt_controllers", "smmus", "devices", "drivers", "kernels")
RAM, VERSION = "memory.ram", "kernels.linux.version"
"""Answers on which more depends than the fact itself."""
STANDING_IN = ("dma", "quiesced_by")
"""Facts that were open because the driver was not known."""
Answer = tuple[str, Any]


def read_answers(given: Sequence[str]) -> tuple[Answer, ...]:
    """Each KEY=VALUE as a key and a value in YAML. Raises InputError."""
    return tuple(_answer(text) for text in given)


def _answer(text: str) -> Answer:
    key, equals, value = text.partition("=")
    if not equals or not key.strip(".") or ".." in key:
        raise _wrong(text, "an answer is KEY=VALUE, such as memory.dma_limit=4GiB")
    content: Any = plain(parse(f"value: {value}", f"{ORIGIN} {key}"))
    if not isinstance(content, dict) or list(content) != ["value"]:
        raise _wrong(text, "the value is one line of YAML")
    return key, content["value"]


def with_ram(board: Board, answers: Sequence[Answer]) -> Board:
    """The board with RAM as the user says, if so; what is set aside in it is then known, too."""
    for key, value in answers:
        if key == RAM:
            texts = value if isinstance(value, list) else [value]
            try:
                banks = joined([parse_range(str(text)) for text in texts])
            except ValueError as error:
                raise _wrong(f"{key}={value}", str(error)) from None
            board = replace(board, ram=Fact(banks, (Place(ORIGIN),)))
    return board


def with_version(setting: Setting, answers: Sequence[Answer]) -> Setting:
    """The setting with the kernel's version as the user says, if so; the crash kernel is of the same."""
    said = [str(value) for key, value in answers if key == VERSION]
    return replace(setting, version=Fact(said[-1], (Place(ORIGIN),))) if said else setting


def answered(content: Mapping[str, Any], answers: Sequence[Answer]) -> dict[str, Any]:
    """`content` with each answer in its place, and `from` saying so. null takes a fact away."""
    made = {key: _copied(value) for key, value in content.items()}
    for key, value in answers:
        if key not in (RAM, VERSION):
            _set(made, key, value)
    return made


def _set(content: dict[str, Any], key: str, value: Any) -> None:
    section, _, rest = key.partition(".")
    if not rest:
        content[section] = value
        return
    part = content.setdefault(section, {})
    if section in NAMED and isinstance(part, dict):
        name = max((n for n in part if rest.startswith(f"{n}.")), key=len, default=rest.partition(".")[0])
        part, rest = part.setdefault(name, {}), rest[len(name) + 1 :]
    if not rest or not isinstance(part, dict):
        raise _wrong(f"{key}={value}", "it names a part, and a fact of it is set, such as devices.NAME.driver")
    if section not in (*NAMED, "memory", "secure_world"):
        put(part, rest, value)
        return
    stale = STANDING_IN if rest == "driver" and section == "devices" else ()
    for fact in (rest, *(name for name in stale if part.get(name) == "unknown")):
        _forget(part, fact)
    if value is not None:
        try:
            put(part, rest, value)
        except (AttributeError, TypeError):
            raise _wrong(f"{key}={value}", "a fact on the way to it is no table") from None
        part.setdefault("from", {})[rest] = ORIGIN


def _forget(part: dict[str, Any], fact: str) -> None:
    """Takes a fact away with what is said of it."""
    confidence, origins = part.get("confidence", {}), part.get("from", {})
    for table, key in ((confidence, fact), (origins, fact)):
        table.pop(key, None)
    if "." not in fact:
        part.pop(fact, None)
    for name, table in (("confidence", confidence), ("from", origins)):
        if name in part and not table:
            del part[name]


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def _wrong(text: str, says: str) -> InputError:
    return InputError([Diagnostic("KX033", f"{quote(text)}: {says}", Span(ORIGIN))])
