"""Files are written whole or not at all, so that an interrupted run leaves nothing half done."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Puts `text` into the file `path`, in place of what it held. On OSError it is as it was."""
    temporary = _written_beside(path, text)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_new(path: Path, text: str) -> None:
    """Puts `text` into a file that does not exist yet. Raises FileExistsError or another OSError."""
    if path.exists() or path.is_symlink():
        raise FileExistsError(17, "it exists already", str(path))
    temporary = _written_beside(path, text)
    try:
        path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _written_beside(path: Path, text: str) -> Path:
    number, name = tempfile.mkstemp(prefix=".kexecspec-", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
