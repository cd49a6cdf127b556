"""Streams that share a second level of an SMMUv3's stream table: the first device of a span that is attached gives all
others of it an entry, too (arm_smmu_init_l2_strtab)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from kexecspec.platform.facts import Kernel

SPAN = 8
"""Bits of a stream id below a span (STRTAB_SPLIT)."""


def matter(entry: Mapping[str, Any], v3: bool, kernels: Mapping[str, Kernel]) -> bool:
    """Whether it makes a difference who shares a span: some kernel lets a stream pass that nobody attached. An entry
    that aborts differs from none in reports alone, and those begin before any device is attached."""
    return v3 and entry.get("two_level_table", True) is not False and any(map(lax, kernels.values()))


def lax(kernel: Kernel) -> bool:
    """Whether a kernel lets a stream pass that nobody attached."""
    return kernel.linux and not kernel.facts["unattached_abort"]


class Spans:
    """Looks at one platform file's content once, and at each SMMU's streams when they are asked for."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._stated: dict[str, dict[str, tuple[int, ...]]] = {}
        self._streams: dict[tuple[str, bool], dict[str, tuple[int, ...]]] = {}
        self._shared: dict[tuple[str, bool], dict[str, tuple[str, ...]]] = {}
        for name, entry in content.get("devices", {}).items():
            said = entry or {}
            if said.get("smmu"):
                self._stated.setdefault(said["smmu"], {})[name] = tuple(said.get("streams", ()))

    def clients(self, smmu: str) -> tuple[str, ...]:
        """The devices behind an SMMU."""
        return tuple(self._stated.get(smmu, ()))

    def unstated(self, smmu: str) -> bool:
        """Whether the streams of some device behind an SMMU are not stated, and there is another device."""
        stated = self._stated.get(smmu, {})
        return len(stated) > 1 and not all(stated.values())

    def streams(self, smmu: str, together: bool) -> dict[str, tuple[int, ...]]:
        """The stream ids of all devices behind an SMMU. Those that are not stated are in one span with those that are,
        and with each other, if `together`; else each in a span of its own."""
        if (smmu, together) not in self._streams:
            self._streams[smmu, together] = self._filled(smmu, together)
        return self._streams[smmu, together]

    def sharing(self, smmu: str, name: str, together: bool) -> tuple[str, ...]:
        """The other devices that have an entry as soon as `name` is attached. A device is judged by its first
        stream."""
        if (smmu, together) not in self._shared:
            self._shared[smmu, together] = _sharing(self.streams(smmu, together))
        return self._shared[smmu, together][name]

    def _filled(self, smmu: str, together: bool) -> dict[str, tuple[int, ...]]:
        stated = self._stated.get(smmu, {})
        used = {stream for ids in stated.values() for stream in ids}
        first = min(used, default=0) >> SPAN << SPAN
        spans = {stream >> SPAN for stream in used}
        near = (stream for stream in count(first) if stream not in used)
        apart = (span << SPAN for span in count() if span not in spans)
        return {name: ids or (next(near if together else apart),) for name, ids in stated.items()}


def _sharing(ids: Mapping[str, Sequence[int]]) -> dict[str, tuple[str, ...]]:
    in_span: dict[int, list[str]] = {}
    for name, streams in ids.items():
        in_span.setdefault(streams[0] >> SPAN, []).append(name)
    mine = {name: dict.fromkeys(stream >> SPAN for stream in streams) for name, streams in ids.items()}
    return {
        name: tuple(other for span in spans for other in in_span.get(span, ()) if other != name)
        for name, spans in mine.items()
    }
