"""Handoffs as people write them: `prod -kexec-> prod`, `prod -reboot -f-> prod`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kexecspec.diagnostics import quote, suggest

KINDS = ("kexec", "crash", "reboot", "reboot-force")
"""The kinds of handoff. A crash runs no hook; the other three walk device_shutdown."""


@dataclass(frozen=True, slots=True)
class HandoffText:
    """A handoff as written; `user_space` is "stopped", "running", or None where the text does not say."""

    start: str
    kind: str
    end: str
    user_space: str | None = None


_SPELLINGS: dict[str, tuple[str, str | None]] = {
    "kexec": ("kexec", None),
    "kexec -e": ("kexec", "running"),
    "systemctl kexec": ("kexec", "stopped"),
    "crash": ("crash", "running"),
    "reboot": ("reboot", None),
    "reboot -f": ("reboot-force", "running"),
    "reboot --force": ("reboot-force", "running"),
    "reboot-force": ("reboot-force", "running"),
}
_ARROW = re.compile(r"(\S+)\s+-\s*(\S[^<>]*?)\s*->\s*(\S+)")
_LONGEST = 300


def parse_handoff(text: str) -> HandoffText:
    """A handoff from `FROM -KIND-> TO`. Raises ValueError with a plain sentence."""
    match = _ARROW.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError("a handoff is written 'KERNEL -KIND-> KERNEL', such as prod -kexec-> prod")
    start, written, end = match.groups()
    kind, user_space = parse_kind(written)
    return HandoffText(start, kind, end, user_space)


def parse_kind(text: str) -> tuple[str, str | None]:
    """(one of KINDS, what it says of user space) for a kind as written. Raises ValueError."""
    found = _SPELLINGS.get(" ".join(text.split()))
    if found is not None:
        return found
    likely = suggest(text, _SPELLINGS)
    hint = f"did you mean {quote(likely)}? " if likely else ""
    raise ValueError(f"unknown kind of handoff {quote(text)}; {hint}allowed: {', '.join(_SPELLINGS)}")
