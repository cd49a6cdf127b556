"""What a lab machine said of itself on its console, as the copied /sys and /proc that an import reads."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

LINE = re.compile(r"^\d+\.\d+ LAB(FILE|LINK) /(\S+) ?(.*)$")


def lay_out(console: Iterable[str], into: Path) -> None:
    """Make the files and links under the folder `into`, which is written anew."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for line in console:
        found = LINE.match(line)
        if found is None:
            continue
        path, rest = into / found[2], found[3]
        path.parent.mkdir(parents=True, exist_ok=True)
        if found[1] == "FILE":
            with path.open("a", encoding="utf-8") as out:
                out.write(rest + "\n")
        elif not path.exists() and not path.is_symlink():
            path.symlink_to(os.path.relpath(into / rest.lstrip("/"), path.parent))
