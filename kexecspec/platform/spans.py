"""Streams that share a second level of an SMMUv3's stream table: the first device of a span that is attached gives all
others of it an entry, too (arm_smmu_init_l2_strtab)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from kexecspec.platform.facts import Kernel

SPAN = 8
"""Bits of a stream id below a span (STRTAB_SPLIT)."""


def clients(content: Mapping[str, Any], smmu: str) -> tuple[str, ...]:
    """The devices behind an SMMU."""
    return tuple(d for d, e in content.get("devices", {}).items() if (e or {}).get("smmu") == smmu)


def matter(entry: Mapping[str, Any], v3: bool, kernels: Mapping[str, Kernel]) -> bool:
    """Whether it makes a difference who shares a span: some kernel lets a stream pass that nobody attached. An entry
    that aborts differs from none in reports alone, and those begin before any device is attached."""
    lax = any(kernel.linux and not kernel.facts["unattached_abort"] for kernel in kernels.values())
    return v3 and entry.get("two_level_table", True) is not False and lax


def streams(content: Mapping[str, Any], smmu: str, together: bool) -> dict[str, tuple[int, ...]]:
    """The stream ids of all devices behind an SMMU. Those that are not stated are in one span with those that are, and
    with each other, if `together`; else each in a span of its own."""
    behind = clients(content, smmu)
    stated = {name: _stated(content, name) for name in behind}
    used = {stream for ids in stated.values() for stream in ids}
    first = min(used, default=0) >> SPAN << SPAN
    spans = {stream >> SPAN for stream in used}
    near = (stream for stream in count(first) if stream not in used)
    apart = (span << SPAN for span in count() if span not in spans)
    return {name: stated[name] or (next(near if together else apart),) for name in behind}


def unstated(content: Mapping[str, Any], smmu: str) -> bool:
    """Whether the streams of some device behind an SMMU are not stated, and there is another device."""
    behind = clients(content, smmu)
    return len(behind) > 1 and not all(_stated(content, name) for name in behind)


def sharing(ids: Mapping[str, Sequence[int]], name: str) -> Iterator[str]:
    """The other devices that have an entry as soon as `name` is attached. A device is judged by its first stream."""
    mine = {stream >> SPAN for stream in ids[name]}
    return (other for other, others in ids.items() if other != name and others[0] >> SPAN in mine)


def _stated(content: Mapping[str, Any], name: str) -> tuple[int, ...]:
    return tuple((content["devices"][name] or {}).get("streams", ()))
