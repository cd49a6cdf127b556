"""Platform files as they stand in a commit: `git:REV:path`, with what they extend in the same commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.textfile import LARGEST, decode, read_text

PREFIX = "git:"
_SECONDS = 60


def placed(name: str) -> str:
    """`name` as it is read: a file's name as it stands; `git:REV:path` with the path from the top of the repository,
    after a slash, so that what it extends is found beside it. Raises InputError for what names no file of a commit."""
    if not name.startswith(PREFIX):
        return name
    revision, colon, path = name.removeprefix(PREFIX).partition(":")
    if not colon or not path or not revision or revision.startswith("-"):
        help_ = "write git:REV:path, such as git:HEAD~1:board.yaml"
        raise _wrong(name, f"{quote(name)} names no file of a commit", help_)
    if path.startswith(("./", "../")):
        path = os.path.normpath(os.path.join(_asked(["rev-parse", "--show-prefix"], name).decode().strip(), path))
    return f"{PREFIX}{revision}:/{path.lstrip('/')}"


def text_reader() -> Callable[[str], str]:
    """What gives the text of a file, or of `git:REV:/path`. A file of a commit is asked for once."""
    known: dict[str, str] = {}

    def text_of(name: str) -> str:
        if not name.startswith(PREFIX):
            return read_text(name)
        if name not in known:
            known[name] = decode(_blob(name), name)
        return known[name]

    return text_of


def _blob(name: str) -> bytes:
    revision, _, path = name.removeprefix(PREFIX).partition(":/")
    if not path or path.startswith("../"):
        raise _wrong(name, "cannot be read: it lies outside of the repository")
    content = _asked(["cat-file", "blob", f"{revision}:{path}"], name)
    if len(content) > LARGEST:
        raise _wrong(name, f"more than {LARGEST} bytes")
    return content


def _asked(words: list[str], name: str) -> bytes:
    """What git answers in the working directory. Raises InputError about `name` where it does not."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise _wrong(name, "cannot be read: there is no git here", "install git, or name a file") from None
    except (OSError, subprocess.TimeoutExpired):
        raise _wrong(name, "cannot be read: git gave no answer") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:200] or "git refuses"
        raise _wrong(name, f"cannot be read: {said}")
    return done.stdout


def _wrong(name: str, message: str, help_: str | None = None) -> InputError:
    return InputError([Diagnostic("KX013", message, Span(name), help=help_)])
