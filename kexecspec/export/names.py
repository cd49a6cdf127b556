"""Names in the alphabets of other tools, so that no two names ever become one and each can be read back."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLAIN = re.compile(r"[^A-Za-z0-9_.:/@<>=+,!?()\[\]-]")
_ESCAPED = re.compile(r"%([0-9a-f]{1,6})%")
_STRANGE = re.compile(r"[^A-Za-z0-9]")
_KNOWN = {"_": "__", ".": "_D", "-": "_M"}
_UNQUOTED = str.maketrans('"\\', "??")

IDENTIFIERS = (
    "A name is its original with `_` as `__`, `.` as `_D`, `-` as `_M`, anything else as `_XHEX_`; "
    "what it begins with tells"
)
"""What a file says of names that are `identifier`s."""

_WRITTEN = re.compile(r"__|_D|_M|_X([0-9a-f]{1,6})_")


def symbol(name: str) -> str:
    """`name` for formats in which a name ends at a blank or a line's end: what is not plain ASCII is `%HEX%`."""
    return _PLAIN.sub(lambda found: f"%{ord(found[0]):x}%", name)


def unsymbol(written: str) -> str:
    """The name of which `written` is the `symbol`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), written)


def identifier(kind: str, name: str) -> str:
    """`name` for languages whose names are of letters, digits and `_`: `_` is `__`, `.` is `_D`, `-` is `_M`, anything
    else `_XHEX_`. It begins with `kind` and `_`, so that it is none of the language's words."""
    return f"{kind}_" + _STRANGE.sub(lambda found: _KNOWN.get(found[0]) or f"_X{ord(found[0]):x}_", name)


def unidentifier(written: str) -> tuple[str, str]:
    """The kind and the name of which `written` is the `identifier`."""
    kind, _, name = written.partition("_")
    known = {there: here for here, there in _KNOWN.items()}
    return kind, _WRITTEN.sub(lambda found: known.get(found[0]) or chr(int(found[1], 16)), name)


def remark(text: str) -> str:
    """`text` as it may stand in a comment of any of the formats: one line of plain ASCII that ends no comment."""
    line = " ".join(text.split()).encode("ascii", "backslashreplace").decode("ascii")
    return re.sub(r"[^ -~]", "?", line).replace("*/", "* /").replace("/*", "/ *")


def remarks(*texts: str) -> Iterator[str]:
    """Each line of `texts` as a `remark`."""
    return (remark(line) for text in texts for line in text.splitlines())


def unquoted(text: str) -> str:
    """`text` as it may stand between double quotes: a `remark` without quotes and backslashes."""
    return remark(text).translate(_UNQUOTED)
