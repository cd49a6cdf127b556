"""`kexecspec cache`: where judgements are kept, how many there are, and how to be rid of them."""

from __future__ import annotations

import os

from kexecspec.cache import store
from kexecspec.cache.place import OFF, VARIABLE, Cache, Unusable, usual
from kexecspec.cli.console import complain, say
from kexecspec.diagnostics import escape
from kexecspec.exit_codes import PROVED, UNUSABLE


def run(what: str) -> int:
    """Says or does `what` (path, clear or verify), and returns the code."""
    cache = usual(os.environ)
    if cache is None:
        say(f"Nothing is kept: {VARIABLE} is {OFF}, or there is no home folder.")
        return PROVED
    if what == "path":
        say(escape(str(cache.folder)))
        return PROVED
    try:
        say(_done(what, cache))
    except Unusable as error:
        complain(f"error: {escape(str(error))}")
        return UNUSABLE
    return PROVED


def _done(what: str, cache: Cache) -> str:
    if what == "clear":
        return f"{escape(str(cache.folder))}: {_entries(store.clear(cache))} dropped"
    count = store.verify(cache)
    room = f"{-(-count.size // 1024)} of {cache.limit >> 10} KiB"
    dropped = f"; {count.dropped} damaged ones dropped" if count.dropped else ""
    return f"{escape(str(cache.folder))}: {_entries(count.entries)}, {room}{dropped}"


def _entries(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"
