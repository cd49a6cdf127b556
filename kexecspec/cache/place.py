"""Where judgements are kept, and whether that is a place nobody else can write to."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "KEXECSPEC_CACHE"
OFF = "off"
LIMIT = 256 << 20


class Unusable(Exception):
    """Nothing can be kept, or read, there; the message says why and is fit to be shown."""


@dataclass(frozen=True)
class Cache:
    """A folder for at most `limit` bytes of judgements. `afresh`: what lies there is replaced, and not read."""

    folder: Path
    limit: int = LIMIT
    afresh: bool = False


def usual(environment: Mapping[str, str]) -> Cache | None:
    """The folder that KEXECSPEC_CACHE names, none where it is `off`; where it is not set, the one in the user's cache
    folder, if there is a user with a home."""
    said = environment.get(VARIABLE, "")
    if said:
        return None if said.lower() == OFF else Cache(Path(said))
    home, own = environment.get("HOME", ""), environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(own):
        return Cache(Path(own) / "kexecspec")
    return Cache(Path(home) / ".cache" / "kexecspec") if os.path.isabs(home) and os.path.isdir(home) else None


def ready(folder: Path) -> None:
    """Makes `folder`, for its owner alone, where it is not there. Raises Unusable, also where others may write there:
    whoever can plant an entry could have a wrong number of handoffs shown."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise Unusable(f"{folder}: {error.strerror or error}") from None
    _check_own(folder, found)
    if os.name == "posix" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unusable(f"{folder}: others may write there (mode {stat.S_IMODE(found.st_mode):o}, wanted is 700)")


def check_file(path: Path) -> None:
    """Raises Unusable where `path` is there and is no ordinary file of this user."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror or error}") from None
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path}: it is no ordinary file")
    _check_own(path, found)


def _check_own(path: Path, found: os.stat_result) -> None:
    if os.name == "posix" and found.st_uid != os.geteuid():
        raise Unusable(f"{path}: it belongs to another user")
