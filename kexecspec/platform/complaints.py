"""Collects everything that is wrong with a platform file, with its places, before anything is refused."""

from __future__ import annotations

from collections.abc import Sequence

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.source import Node, at, key_at


class Complaints:
    """A growing list of diagnostics about one tree; `raise_any` ends it."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._said: list[Diagnostic] = []

    def span(self, *path: str | int) -> Span:
        """Where the node at `path` stands; where it does not exist, the nearest one around it."""
        return at(self._root, path)

    def key_span(self, *path: str | int) -> Span:
        """Where the key of the node at `path` stands; an item of a list, or one that does not exist, as `span`."""
        return key_at(self._root, path)

    def say(
        self, code: str, message: str, path: Sequence[str | int], help: str | None = None, key: bool = False
    ) -> None:
        """Add a diagnostic about the node at `path`, or about its key."""
        place = key_at(self._root, tuple(path)) if key else at(self._root, tuple(path))
        self._said.append(Diagnostic(code, message, place, (), help))

    def unknown(self, what: str, name: object, allowed: Sequence[str], path: Sequence[str | int]) -> None:
        """Add the diagnostic of a name that means nothing, with what is allowed and the nearest such name."""
        self.say("KX002", f"unknown {what} {quote(name)}", path, allowed_help(str(name), allowed))

    def raise_any(self) -> None:
        """Raise InputError with everything said so far, if anything was."""
        if self._said:
            raise InputError(self._said)
