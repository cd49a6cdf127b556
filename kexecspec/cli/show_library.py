"""`kexecspec show drivers|smmus|properties`: what the library says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kexecspec.cli.console import say
from kexecspec.cli.prose import notes, paragraph, sources, unknown
from kexecspec.library import Library, Spec, library
from kexecspec.report.look import columns


def drivers(name: str | None) -> int:
    """A table of all drivers, or everything about one."""
    return _show(library(), "drivers", "driver", name, _driver)


def smmus(name: str | None) -> int:
    """A table of all SMMU variants, or everything about one; `name` may be a compatible or an alias."""
    specs = library()
    found = specs.smmu_variant(name) if name else None
    return _show(specs, "smmu", "SMMU", found.name if found else name, _smmu)


def properties() -> int:
    """A table of all properties."""
    specs = library().all("properties")
    rows = [(s.name, str(s.content["harm"]), f"{s.content['name']}: {s.content['title']}") for s in specs]
    say("\n".join(columns(rows, (5, 10, 57))))
    say("kexecspec explain CODE says more.")
    return 0


def _show(specs: Library, folder: str, what: str, name: str | None, whole: Any) -> int:
    if name is None:
        width = max(map(len, specs.names(folder)))
        rows = [(s.name, str(s.content["title"])) for s in specs.all(folder)]
        say("\n".join(columns(rows, (width, 78 - 4 - width))))
        return 0
    spec = specs.spec(folder, name) if name in specs.names(folder) else None
    if spec is None:
        raise unknown(what, name, specs.names(folder))
    say("\n".join(whole(spec)))
    return 0


def _driver(spec: Spec) -> Iterator[str]:
    content = spec.content
    yield f"{spec.name}: {content['title']}"
    yield from _plain(content, ("kind", "bus", "since", "dma", "service", "calls", "provides", "needs"))
    for hook, operations in content.get("hooks", {}).items():
        yield f"  {hook}:" if operations else f"  {hook}: nothing"
        for operation in operations:
            yield f"    {_operation(operation)}"
    yield from notes(content)
    yield from sources(content)


def _smmu(spec: Spec) -> Iterator[str]:
    content = spec.content
    yield f"{spec.name}: {content['title']}"
    yield from _plain(content, ("variant", "architecture", "driver", "compatible", "aliases", "reset"))
    for mode, residue in content.get("residues", {}).items():
        yield f"  what {mode} leaves ({residue.get('status', 'current')}):"
        yield f"    translation {residue.get('translation')}, tables {residue.get('tables')}"
        yield from (f"  {line}" for line in paragraph("says", residue.get("says")))
        yield from sources(residue, "    ")
    yield from notes(content)
    yield from sources(content)


def _plain(content: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        if key in content:
            yield from paragraph(key, _words(content[key]))


def _words(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
        case list() | tuple():
            return ", ".join(map(_words, value))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _operation(operation: object) -> str:
    if not isinstance(operation, Mapping):
        return str(operation)
    conditions = ("when", "unless")
    facts = [f"{key} {_words(v)}" for key, v in operation.items() if key not in ("do", *conditions)]
    said = f"{operation['do']}" + (f" ({', '.join(facts)})" if facts else "")
    return said + "".join(f"  {key} {_words(operation[key])}" for key in conditions if key in operation)
