"""Names of the system as symbols of SMT-LIB, so that no two names ever become one symbol.

A variable `a.b` is `|v a.b|` now and `|v a.b'|` after a step; the label `idle` is `|label idle|`, a rule `|rule NAME|`.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^A-Za-z0-9 ._:/@<>=+*,;!?()\[\]{}#&$^~-]")
_ESCAPED = re.compile(r"%([0-9a-f]{1,6});")
_LONGEST = 2000
_SYMBOL = re.compile(r"\|(v|label) (.*)\|", re.DOTALL)


def plain(name: str) -> str:
    """`name` with every character that a quoted symbol may not hold, or that we use ourselves, as `%HEX;`."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):x};", name)


def named(written: str) -> str:
    """The name of which `written` is the `plain` form. Raises ValueError where it is of none."""
    if len(written) > _LONGEST:
        raise ValueError("the name is too long")
    name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), written)
    if plain(name) != written:
        raise ValueError("no name is written so")
    return name


def variable(name: str, later: bool = False) -> str:
    """The symbol of a state variable, now or after the step."""
    return f"|v {plain(name)}'|" if later else f"|v {plain(name)}|"


def label(name: str) -> str:
    """The symbol of an enumeration's label, a named number."""
    return f"|label {plain(name)}|"


def rule(name: str) -> str:
    """The symbol of a rule's number."""
    return f"|rule {plain(name)}|"


def meant(symbol: str) -> tuple[str, str]:
    """("v", the variable's name) or ("label", its name) for a symbol of the state now. Raises ValueError."""
    found = _SYMBOL.fullmatch(symbol)
    if found is None:
        raise ValueError("neither a variable now nor a label")
    return found[1], named(found[2])
