"""Which objects a makefile of the kernel's build joins to which module, and what configuration builds them."""

from __future__ import annotations

import re

_LINE = re.compile(r"^[ \t]*([\w.-]+?)-(y|m|objs|\$\((\w+)\))[ \t]*[:+]?=[ \t]*(.*)$", re.MULTILINE)
_OBJECT = re.compile(r"[\w./-]+\.o\b")
MOST = 5000


def read_makefile(text: bytes) -> dict[str, list[str]]:
    """For each object (`dwc3.o`, `core/x.o`) the module that it is joined to, empty where it stands for itself, and the
    symbol that it is built with, empty where that is always or not said."""
    plain = text.replace(b"\\\n", b" ").decode("utf-8", "replace")
    made: dict[str, list[str]] = {}
    modules: dict[str, str] = {}
    for name, _, symbol, objects in _LINE.findall(plain):
        for found in _OBJECT.findall(objects.split("#")[0])[:MOST]:
            if name == "obj":
                modules[found.removesuffix(".o")] = symbol
                made.setdefault(found, ["", symbol])
            else:
                made[found] = [name, symbol]
    for entry in made.values():
        if entry[0] in modules and not entry[1]:
            entry[1] = modules[entry[0]]
    return made
