"""Files to which lines are added one by one, each on the disk before the next, by one program at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kexecspec.files import write_whole


class Busy(Exception):
    """Another program adds to the file."""


@dataclass
class Journal:
    """A file that lines are added to."""

    descriptor: int

    def add(self, line: str) -> None:
        """Adds a line of ASCII, which is on the disk when this returns. Raises OSError."""
        rest = memoryview(line.encode("ascii"))
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        os.fsync(self.descriptor)


@contextlib.contextmanager
def journal(path: Path, text: str) -> Iterator[Journal]:
    """The file `path`, which holds `text` and nothing else, open for more, and for nobody else.

    What it held before is gone only when the new content is on the disk. Raises Busy or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if path.exists():
            _locked(path, stack)
        write_whole(path, text)
        yield Journal(_locked(path, stack))


def _locked(path: Path, stack: contextlib.ExitStack) -> int:
    """A descriptor for adding to `path`, which is still that file once it is locked. Raises Busy."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    try:
        import fcntl
    except ImportError:
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy from None
    if os.fstat(descriptor).st_ino != path.stat().st_ino:
        raise Busy
    return descriptor
