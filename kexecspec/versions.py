"""Kernel versions in their order, and what a version has.

A feature enters the mainline in one release and leaves it in another; a stable series may get or lose it
later, in a release of its own. Everything here is a value; a version that cannot be read is a ValueError
whose text can be shown to a person as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering

__all__ = ["Version", "holds", "parse_version"]

_RELEASED = 1_000_000
_FORM = re.compile(
    r"(?P<major>[0-9]{1,4})\.(?P<minor>[0-9]{1,4})(?:\.(?P<patch>[0-9]{1,6}))?(?:\.(?P<vendor>[0-9]{1,6}))?"
    r"(?:-rc(?P<candidate>[0-9]{1,3}))?(?P<local>(?!-rc)(?:[-+~_][0-9A-Za-z.+~_-]*)?)",
    re.ASCII,
)
_LONGEST = 120


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A kernel release. `6.2-rc3 < 6.2 < 6.2.1-rc1 < 6.2.1`; `local`, a builder's suffix, has no rank.

    `candidate` is the number of a release candidate, None for a release. `vendor` is a fourth number that
    some builders append to a stable release; it ranks between that release and the next one.
    """

    major: int
    minor: int
    patch: int = 0
    vendor: int = 0
    candidate: int | None = None
    local: str = field(default="", compare=False)

    @property
    def series(self) -> str:
        """The stable series: `5.10` for 5.10.61."""
        return f"{self.major}.{self.minor}"

    @property
    def mainline(self) -> bool:
        """A release or a candidate of the mainline, not of a stable series."""
        return self.patch == 0 and self.vendor == 0

    @property
    def base(self) -> Version:
        """The mainline release that this one grew from; a mainline version is its own."""
        return self if self.mainline else Version(self.major, self.minor)

    def __lt__(self, other: Version) -> bool:
        return _rank(self) < _rank(other)

    def __str__(self) -> str:
        parts = [self.series]
        if self.patch or self.vendor:
            parts.append(f".{self.patch}")
        if self.vendor:
            parts.append(f".{self.vendor}")
        if self.candidate is not None:
            parts.append(f"-rc{self.candidate}")
        return "".join(parts) + self.local


@lru_cache(maxsize=4096)
def parse_version(text: str) -> Version:
    """The version that a text names: `5.10`, `v5.10.61`, `6.2-rc3`, `5.10.19.8`, `6.1.0-13-amd64`.

    Raises ValueError, with a sentence fit to be shown, for anything else. A suffix after the numbers is kept
    in `local` and says nothing: distributions write `6.1.0-13-amd64` for a kernel grown from some 6.1.y, so
    the true stable release is better given by hand.
    """
    stripped = text.strip()
    shown = repr(stripped[:40])
    if stripped.startswith("next-"):
        raise ValueError(
            f"{shown} is a snapshot of linux-next, which has no place among releases; name a release"
        )
    found = _FORM.fullmatch(stripped.removeprefix("v")) if len(stripped) <= _LONGEST else None
    if found is None:
        raise ValueError(f"{shown} is no kernel version; write it like 5.10, 5.10.61 or 6.2-rc3")
    major, minor, patch, vendor = (int(found[name] or 0) for name in ("major", "minor", "patch", "vendor"))
    if major < 3:
        raise ValueError(f"{shown} is older than Linux 3.0, which is not described")
    candidate = found["candidate"]
    return Version(major, minor, patch, vendor, int(candidate) if candidate else None, found["local"])


def holds(
    since: Version | None,
    until: Version | None,
    backports: Mapping[str, Version],
    version: Version,
    backports_until: Mapping[str, Version] | None = None,
) -> bool:
    """Whether a version has a feature.

    The mainline has it from `since` (None: never) up to, but not including, `until` (None: for good). A
    stable release has what its mainline release had, and what its own series got (`backports`) or lost
    (`backports_until`) in a release not later than itself. A stable release candidate counts as the
    release before it, because nothing says yet what will be in it.
    """
    base = version.base
    got = (since is not None and since <= base) or _reached(backports, version)
    lost = (until is not None and until <= base) or _reached(backports_until or {}, version)
    return got and not lost


def _reached(series: Mapping[str, Version], version: Version) -> bool:
    """Whether a version is at or past the release that its series names."""
    first = series.get(version.series)
    return first is not None and first <= version


def _rank(version: Version) -> tuple[int, int, int, int, int]:
    """What orders versions: a candidate comes before its release."""
    candidate = _RELEASED if version.candidate is None else version.candidate
    return (version.major, version.minor, version.patch, version.vendor, candidate)
