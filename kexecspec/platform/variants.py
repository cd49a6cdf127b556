"""Facts left `unknown` that change the shape of a platform: every way they may be is a platform of its own.

Facts that only a guard looks at stay free variables of one system (platform.facts.Unknown); a kernel feature or
a capability of the secure world decides which operations there are, so each of its values is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product
from math import prod
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError
from kexecspec.platform.apart_facts import Groups, grouped
from kexecspec.platform.loaders import LOADERS, with_loaders
from kexecspec.platform.loose import table
from kexecspec.platform.secure_world import releases_apart
from kexecspec.source import Node, at
from kexecspec.tree import Path

FREE = (
    "devices.*.iova", "devices.*.bus_master", "devices.*.dma.writes", "devices.*.dma.recurrent",
    "interrupt_controllers.*.its", "interrupt_controllers.*.efi", "smmus.*.reset.gbpa", "secure_world.heap.base_use",
    "*.makes_rpc", "drivers.*.dma.writes",
    "drivers.*.dma.recurrent", "memory.crashkernel", "memory.dma_limit", "secure_world.va_space",
)  # fmt: skip
NAMES = (
    "kernels.*.cmdline*", "kernels.*.duties.*", "kernels.*.devices.*", "kernels.*.user_space.services.*",
    "secure_world.board", "devices.*.driver", "devices.*.smmu", "devices.*.service", "devices.*.after.*",
    "smmus.*.variant", "smmus.*.driver", "handoffs.*.from", "handoffs.*.to", "handoffs.*.name", "handoffs.*.kind",
    "first", "duties.*", "drivers.*.hooks.*", "drivers.*.extends", "drivers.*.kind", "drivers.*.since",
    "drivers.*.caller", "drivers.*.provides.*", "drivers.*.needs.*", "drivers.*.service.name", "drivers.*.sources.*",
    "drivers.*.confidence", "drivers.*.title", "drivers.*.note*", "drivers.*.log.*", "*.from.*", "*.confidence.*",
)  # fmt: skip
"""Places of names: there `unknown` is a name like any other, and means something or is refused."""
UNTRIED = ("secure_world.heap.size", "kernels.*.version")
"""What has too many values to try each, and decides too much to be left free."""
CHOICES: Mapping[str, tuple[object, ...]] = {
    "devices.*.domain": ("translated", "identity"),
    "*.quiesced_by": ("core", "nothing"),
    "*.quiesced_by.*": ("core", "nothing"),
    "*.bus": ("pci", "platform"),
    "*.dma": ("ring", "one-shot", "periodic-write"),
    "*.dma.kind": ("ring", "one-shot", "periodic-write"),
    "*.dma.requests_by": ("kernel", "user", "outside"),
    "drivers.*.calls": ("none", "kernel", "user"),
    "secure_world.spmc": ("s-el1", "el3"),
    "secure_world.mediator": ("none",),
    "handoffs.*.user_space": ("stopped", "running"),
    "handoffs.*.loaded_by": LOADERS,
}
KIND = ("dma", "kind")
"""What a master does, which is no name, although `drivers.*.kind` is one."""
MOST = 32
Assignment = tuple[tuple[str, object], ...]
Choice = tuple[tuple[Path, object], ...]
"""Values for some unknown facts."""


def variants(content: Mapping[str, Any], root: Node) -> Iterator[tuple[Assignment, dict[str, Any]]]:
    """Each way the shape-changing unknown facts of a platform file may be, with the file's content for it. `root` is
    the tree it was read as.

    A file without any gives itself, once. Where all combinations are too many, facts that bear on different parts
    (apart_facts.py) are tried side by side: each way that those of one part may be is among what comes out, and each
    combination with what bears on everything, but not each with each of another part. Raises InputError where there
    are more than MOST ways even so, or a fact of which no ways are known.
    """
    content = with_loaders(content)
    open_facts = tuple(_open(content))
    untried = [path for path in open_facts if _fits(path, UNTRIED)]
    if untried:
        raise InputError([_left_unknown(path, root) for path in untried])
    for chosen in _choices_of(content, open_facts, root):
        filled: Any = content
        for path, value in chosen:
            filled = _with(filled, path, value)
        yield tuple((".".join(map(str, path)), value) for path, value in chosen), dict(filled)


def tried_apart(content: Mapping[str, Any]) -> bool:
    """Whether the unknown facts of different parts are tried side by side, so that only the parts can be judged."""
    told = with_loaders(content)
    return _number(told, _open(told)) > MOST


def _open(content: Mapping[str, Any]) -> Iterator[Path]:
    return (path for path in _unknown(content, ()) if path[-2:] == KIND or not _fits(path, (*FREE, *NAMES)))


def _choices_of(content: Mapping[str, Any], open_facts: Sequence[Path], root: Node) -> Iterator[Choice]:
    if _number(content, open_facts) <= MOST:
        return _product(content, open_facts)
    groups = grouped(Groups(content), open_facts)
    common, own = groups.pop(""), list(groups.values())
    most = max((_number(content, paths) for paths in own), default=1)
    if (ways := _number(content, common) * most) > MOST:
        names = ", ".join(".".join(map(str, path)) for path in open_facts[:12])
        more = f" and {len(open_facts) - 12} more" if len(open_facts) > 12 else ""
        says = f"{ways} ways to fill in what is unknown, at most {MOST} are tried"
        raise InputError([Diagnostic("KX018", says, root.span, (names + more,))])
    side_by_side = [list(_product(content, paths)) for paths in own]
    return (
        (*first, *(pair for each in side_by_side for pair in each[number % len(each)]))
        for first in _product(content, common)
        for number in range(most)
    )


def _product(content: Mapping[str, Any], paths: Sequence[Path]) -> Iterator[Choice]:
    for values in product(*(_choices(content, path) for path in paths)):
        yield tuple(zip(paths, values, strict=True))


def _number(content: Mapping[str, Any], paths: Iterable[Path]) -> int:
    return prod(len(_choices(content, path)) for path in paths)


def _left_unknown(path: Path, root: Node) -> Diagnostic:
    says = f"{'.'.join(map(str, path))} cannot be left unknown"
    return Diagnostic("KX008", says, at(root, path), (), "check with the least and with the most")


def _unknown(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if node == "unknown":
        yield path
    elif isinstance(node, dict):
        for key, value in node.items():
            if path or key not in ("about", "expect", "waivers", "assume", "platform"):
                yield from _unknown(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _unknown(value, (*path, number))


def _fits(path: tuple[str | int, ...], patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(".".join(map(str, path)), pattern) for pattern in patterns)


def _choices(content: Mapping[str, Any], path: Path) -> tuple[object, ...]:
    dotted = ".".join(map(str, path))
    if dotted == "secure_world.optee":
        return releases_apart(table(content, "secure_world"))
    return next((choices for pattern, choices in CHOICES.items() if fnmatchcase(dotted, pattern)), (False, True))


def _with(node: Any, path: tuple[str | int, ...], value: object) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(node, list):
        return [_with(item, tuple(rest), value) if number == first else item for number, item in enumerate(node)]
    return {key: _with(item, tuple(rest), value) if key == first else item for key, item in node.items()}
