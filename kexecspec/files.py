"""Files are written whole or not at all, so that an interrupted run leaves nothing half done."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 120


def plain_name(parts: tuple[str, ...], ending: str, taken: set[str]) -> str:
    """A name of the characters A-Za-z0-9._- that is, in lower case, none of `taken`; `ending` is its end."""
    stem = "-".join(_STRANGE.sub("_", part) for part in parts if part)[:_LONGEST].lstrip(".-") or "trace"
    name, number = f"{stem}{ending}", 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}{ending}", number + 1
    return name


def write_whole(path: Path, text: str | bytes) -> None:
    """Puts `text` (in UTF-8) into the file `path`, in place of what it held. On OSError it is as it was. What is there
    and no plain file, such as /dev/null, is never put aside: OSError."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    with undisturbed():
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
    with undisturbed():
        temporary = _written_beside(path, text)
        try:
            path.hardlink_to(temporary)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Within, Ctrl-C and SIGTERM wait: they would raise an exception between making a file and knowing of it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _written_beside(path: Path, text: str | bytes) -> Path:
    number, name = tempfile.mkstemp(prefix=".kexecspec-", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
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
