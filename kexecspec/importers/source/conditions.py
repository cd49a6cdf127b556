"""Whether a condition of the preprocessor holds for a configuration: yes, no, or nobody can tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Config: TypeAlias = Mapping[str, str]
"""`CONFIG_X` to its value; what is not set is not there, as in a .config file."""

_TOKEN = re.compile(r"\s*(?:(&&|\|\||[!()])|([A-Za-z_]\w*)|([0-9]\w*)|(\S))")
_WRAPS = ("defined", "IS_ENABLED", "IS_REACHABLE", "IS_BUILTIN", "IS_MODULE")
_ALWAYS: Mapping[str, bool] = {"__KERNEL__": True, "__ASSEMBLY__": False, "__ASSEMBLER__": False, "__CHECKER__": False}
_DEEPEST = 40


def config_of(text: str) -> Config:
    """The options that a .config file sets."""
    return dict(re.findall(r"^(CONFIG_\w+)=(.*?)\s*$", text, re.MULTILINE))


def options_in(conditions: Iterable[str]) -> tuple[str, ...]:
    """The configuration options that conditions name, in their order."""
    return tuple(dict.fromkeys(o for condition in conditions for o in re.findall(r"\bCONFIG_\w+", condition)))


def all_hold(conditions: Iterable[str], config: Config | None) -> bool | None:
    """Whether all conditions hold: None if that depends on an option that `config` (None: nobody gave one) does not
    decide, or on what is no option."""
    answers = [holds(condition, config) for condition in conditions]
    return False if False in answers else None if None in answers else True


def holds(condition: str, config: Config | None) -> bool | None:
    """Whether a condition holds, as far as that can be told. Sums, comparisons and versions cannot."""
    tokens = [next(part for part in found if part) for found in _TOKEN.findall(condition)]
    if not tokens or len(tokens) > 400:
        return None
    try:
        value, rest = _either(tokens, 0, config, 0)
    except (IndexError, RecursionError, ValueError):
        return None
    return value if rest == len(tokens) else None


def _either(tokens: list[str], at: int, config: Config | None, depth: int) -> tuple[bool | None, int]:
    value, at = _both(tokens, at, config, depth)
    while at < len(tokens) and tokens[at] == "||":
        other, at = _both(tokens, at + 1, config, depth)
        value = True if True in (value, other) else None if None in (value, other) else False
    return value, at


def _both(tokens: list[str], at: int, config: Config | None, depth: int) -> tuple[bool | None, int]:
    value, at = _single(tokens, at, config, depth)
    while at < len(tokens) and tokens[at] == "&&":
        other, at = _single(tokens, at + 1, config, depth)
        value = False if False in (value, other) else None if None in (value, other) else True
    return value, at


def _single(tokens: list[str], at: int, config: Config | None, depth: int) -> tuple[bool | None, int]:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    token = tokens[at]
    if token == "!":
        value, at = _single(tokens, at + 1, config, depth + 1)
        return (None if value is None else not value), at
    if token == "(":
        value, at = _either(tokens, at + 1, config, depth + 1)
        if tokens[at] != ")":
            raise ValueError("no end")
        return value, at + 1
    if token in _WRAPS:
        bare = tokens[at + 1] != "("
        name = tokens[at + 1] if bare else tokens[at + 2]
        return _option(name, token, config), at + (2 if bare else 4)
    if token.isdigit():
        return token != "0", at + 1
    if token.isidentifier():
        return _option(token, "defined", config), at + 1
    raise ValueError("no condition")


def _option(name: str, how: str, config: Config | None) -> bool | None:
    if not name.startswith("CONFIG_"):
        return _ALWAYS.get(name)
    if config is None:
        return None
    value = config.get(name)
    if name.endswith("_MODULE") and value is None:
        return config.get(name.removesuffix("_MODULE")) == "m"
    if how == "defined":
        return value not in (None, "n", "m")
    return {"IS_BUILTIN": value == "y", "IS_MODULE": value == "m"}.get(how, value in ("y", "m"))
