"""What the kernel calls a driver: a string, a macro of its file or of a header beside it, or the module's name."""

from __future__ import annotations

import re
from pathlib import Path

from kexecspec.importers.source.records import FileRead, Struct
from kexecspec.importers.source.struct_types import DRIVERS

_MOST_HEADERS = 60
_LARGEST = 1 << 20


def driver_name(struct: Struct, file: FileRead) -> str:
    """What the kernel calls a driver, as far as its file says; else the struct's name."""
    text = name_written(struct, file)
    if text.startswith('"'):
        return "".join(re.findall(r"\"([^\"]*)\"", text))
    return Path(file.path).stem if text == "KBUILD_MODNAME" else struct.name


def name_written(struct: Struct, file: FileRead) -> str:
    """What stands for the driver's name in its struct, macros of the file replaced; empty where nothing does."""
    for path in DRIVERS[struct.type].name:
        member = struct.member(path)
        if member is not None:
            text = member.value
            for _ in range(4):
                text = file.macros.get(text, text).strip().strip("()")
            return text
    return ""


def macro_of_header(struct: Struct, file: FileRead) -> str:
    """The macro that names a driver and that its own file does not define; empty where there is none."""
    macro = name_written(struct, file)
    return macro if macro.isidentifier() and macro != "KBUILD_MODNAME" else ""


def name_in_headers(root: Path, struct: Struct, file: FileRead) -> str:
    """The name of a driver whose struct has a macro there that its own file does not define: the string that a header
    in the same folder defines it as; empty where there is none."""
    macro = macro_of_header(struct, file)
    if not macro:
        return ""
    wanted = re.compile(rf"^[ \t]*#[ \t]*define[ \t]+{macro}[ \t]+\"([^\"\n]*)\"", re.MULTILINE)
    try:
        for header in sorted((root / file.path).parent.glob("*.h"))[:_MOST_HEADERS]:
            with open(header, "rb") as stream:
                found = wanted.search(stream.read(_LARGEST).decode("utf-8", "replace"))
            if found:
                return found[1]
    except OSError:
        return ""
    return ""
