"""What the library comes to, as text: features by release, hooks by kernel, SMMUs, and secure worlds with their costs.

`make bless` writes it to tests/library.expect; whoever changes a fact of specs/ reads there what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from kexecspec.library import has_feature, library, variant_names
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.costs import heap_cost
from kexecspec.platform.drivers import applies
from kexecspec.platform.secure_world import release, settled
from kexecspec.source import parse
from kexecspec.versions import Version, parse_version

EXPECTED = Path(__file__).with_name("library.expect")
KERNELS = (
    "4.4", "4.14", "4.19.50", "5.4.100", "5.10.19", "5.10.58", "5.10.61", "5.13", "5.14", "5.15.30", "6.1.3", "6.1.7",
    "6.6", "6.12.117",
)  # fmt: skip
PLAIN = ("since", "calls", "dma", "task_dma", "quiesced_by", "service", "caller")


def library_text() -> str:
    """All of it; ends with a newline."""
    parts = (_features(), _hooks(), _smmus(), _tees())
    return "\n".join(line for part in parts for line in (*part, ""))


def mentioned(entry: Mapping[str, Any]) -> tuple[Version, ...]:
    """Every release that a feature names, and the ones before and after it, in order."""
    words = [entry.get("since"), entry.get("until"), *entry.get("backports", {}).values()]
    words += entry.get("backports_until", {}).values()
    near = (name for word in words if word not in (None, "never") for name in _near(str(word)))
    return tuple(sorted({parse_version(name) for name in near}))


def _near(release: str) -> Iterator[str]:
    head, mark, last = release.rpartition("-rc") if "-rc" in release else release.rpartition(".")
    yield from (f"{head}{mark}{n}" for n in (int(last) - 1, int(last), int(last) + 1) if n > 0)
    major, minor = head.split(".")[:2] if mark == "-rc" else ("0", "0")
    if last == "1" and int(minor):
        yield f"{major}.{int(minor) - 1}"


def _features() -> Iterator[str]:
    """Where, around the releases that it names, a feature comes (+) and goes (-)."""
    for name, entry in library().features.items():
        runs = groupby(mentioned(entry), lambda version, entry=entry: has_feature(entry, version))  # type: ignore[misc]
        turns = [f"{next(run)}{'+' if has else '-'}" for has, run in runs]
        yield f"feature {name}: {' '.join(turns) or 'nowhere'}"


def _hooks() -> Iterator[str]:
    for spec in library().all("drivers"):
        told = {key: spec.content[key] for key in PLAIN if key in spec.content}
        yield f"driver {spec.name}: {_words(told)}"
        for hook, items in spec.content["hooks"].items():
            last = None
            for version in KERNELS:
                has = library().features_of(parse_version(version))
                done = "; ".join(_operation(item) for item in items if isinstance(item, str) or applies(item, has))
                if done != last:
                    yield f"  {hook} from {version}: {done or '-'}"
                last = done
            yield from (f"  {hook} proposes {_gated(item)}" for item in items if _proposed(item))


def _proposed(item: Any) -> bool:
    """Whether an operation hangs on a feature that no release has."""
    if isinstance(item, str):
        return False
    words = [item.get("when", []), item.get("unless", [])]
    names = [name for word in words for name in ([word] if isinstance(word, str) else word)]
    return any(library().features[name].get("since") == "never" for name in names)


def _gated(item: Any) -> str:
    return _words({key: value for key, value in item.items() if key != "why"})


def _operation(item: Any) -> str:
    if isinstance(item, str):
        return item
    more = {key: value for key, value in item.items() if key not in ("do", "when", "unless", "why")}
    return f"{item['do']}({_words(more)})" if more else str(item["do"])


def _smmus() -> Iterator[str]:
    for spec in library().all("smmu"):
        told = {key: spec.content[key] for key in ("architecture", "driver", "matching", "reset", "reports_aborts")}
        interrupt = {k: v for k, v in spec.content["fault_interrupt"].items() if k not in ("says", "log")}
        yield f"smmu {spec.name} ({', '.join(variant_names(spec.content))}): {_words(told)} {_words(interrupt)}"


def _tees() -> Iterator[str]:
    for spec in library().all("tee"):
        yield f"tee {spec.name}: {_words(spec.content['defaults'])}"
        for abi, entry in spec.content.get("abis", {}).items():
            yield f"  abi {abi}: {_words({k: v for k, v in entry.items() if k != 'sources'})}"
        for name, entry in spec.content.get("changes", {}).items():
            kept = {k: v for k, v in entry.items() if k in ("since", "until", "not_in", "config")}
            yield f"  change {name}: {_words(kept)}"
        for board in spec.content.get("boards", {}):
            yield from _versions(spec.name, f"board {board}", {"board": board, "threads": 2})
            yield from _versions(spec.name, f"board {board} by itself", {"board": board}, ("threads",))
    for abi in ("smc", "ffa"):
        yield from _versions("optee", f"abi {abi}", {"abi": abi})
    for spmc in ("s-el1", "el3", "hafnium"):
        yield from _versions("optee", f"spmc {spmc}", {"abi": "ffa", "spmc": spmc}, ("overlap_refused",))


SETTLED = ("heap", "threads", "va_space", "handles", "dynamic_shm", "prealloc_cache", "rpc_arg", "ffa", "costs")


def releases(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Every release that a secure world's capabilities, sizes and boards name, and the first and last looked at."""
    rows = [*content["capabilities"].values(), *(row for rows in content["costs"]["object"].values() for row in rows)]
    named = {str(row["since"]) for row in (*rows, *content["costs"]["session"]) if "since" in row}
    named |= {str(board["before"]["version"]) for board in content["boards"].values() if "before" in board}
    return tuple(sorted({*named, "1.1.0", "3.17.0", "4.10.0"}, key=release))


def _versions(tee: str, label: str, given: Mapping[str, Any], keys: tuple[str, ...] = SETTLED) -> Iterator[str]:
    """What a secure world comes to by its version, where it changes."""
    last = None
    spec = library().spec("tee", tee)
    assert spec is not None
    for version in releases(spec.content):
        content = {"secure_world": {tee: version, **given}}
        world = settled(content, library(), Complaints(parse("{}", "none")))
        told = {key: world.get(key) for key in keys if key != "costs"}
        if "costs" in keys:
            told |= {f"{pages} pages": heap_cost(pages * 4096, True, world["costs"]) for pages in (1, 1024)}
            told["session"] = world["costs"]["session"]
        if told != last:
            yield f"  {label} from {version}: {_words(told)}"
        last = told


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_words, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
