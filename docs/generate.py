"""Puts the site's sources together: the pages of this folder, the documents of the project, and a reference made from
specs and schemas by the commands that print them.

    python docs/generate.py DIR
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kexecspec.cli import main
from kexecspec.cli.commands import program
from kexecspec.library import Library, library
from kexecspec.resources import schemas_root

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DOCUMENTS = {"README.md": "readme.md", "ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md",
             "CONTRIBUTING.md": "contributing.md", "examples/README.md": "stories.md"}  # fmt: skip
BESIDE = ("benchmarks/peers.svg",)
TABLES = re.compile(r"^```(imports|third-party)$", re.MULTILINE)
"""Blocks that are in no language of any highlighter."""


def write(to: Path) -> None:
    """Writes all sources of the site into the folder `to`, which is made anew."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(HERE, to, ignore=shutil.ignore_patterns("*.py[co]", "__pycache__", "generate.py"))
    for name, page in DOCUMENTS.items():
        (to / page).write_text(TABLES.sub("```text", (ROOT / name).read_text(encoding="utf-8")), encoding="utf-8")
    for name in BESIDE:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, to / name)
    for page, text in reference(library()).items():
        (to / page).parent.mkdir(parents=True, exist_ok=True)
        (to / page).write_text(text, encoding="utf-8")


def reference(specs: Library) -> Mapping[str, str]:
    """The generated pages by their names."""
    hazards = {f"reference/hazards/{code}.md": _hazard(code, specs) for code in specs.names("properties")}
    return {
        **hazards,
        "reference/hazards.md": _hazards(specs),
        "reference/drivers.md": _sections("Drivers", "What the library knows of each driver, and where it was read.",
                                          specs.names("drivers"), ("show", "drivers")),
        "reference/features.md": _sections("Kernel features", "What changed between kernels, since when, and where.",
                                           sorted(specs.features), ("show", "features")),
        "reference/smmus.md": _sections("SMMUs", "What each variant leaves behind.", specs.names("smmu"),
                                        ("show", "smmus")),
        "reference/commands.md": _commands(),
        "reference/files.md": _files(),
    }  # fmt: skip


def printed(*words: str) -> str:
    """What a command prints. Raises RuntimeError where it fails."""
    out, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
        code = main(words)
    if code:
        raise RuntimeError(f"kexecspec {' '.join(words)}: exit {code}: {wrong.getvalue()}")
    return out.getvalue()


def _hazard(code: str, specs: Library) -> str:
    spec = specs.spec("properties", code)
    title = f"{code}: {spec.content['title']}" if spec else code
    return f"# {title}\n\n{_block(printed('explain', code))}"


def _hazards(specs: Library) -> str:
    rows = "".join(f"hazards/{code}\n" for code in specs.names("properties"))
    about = "Each page is what `kexecspec explain CODE` prints."
    return f"# Hazards\n\n{about}\n\n```{{toctree}}\n:maxdepth: 1\n\n{rows}```\n"


def _commands() -> str:
    parts = [f"## {' '.join(words)}\n\n{_block(printed(*words, '--help'))}" for words in _of_group(program, ())]
    return "# Commands\n\nWhat each says of itself with `--help`.\n\n" + "\n".join(parts)


def _of_group(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words of every command, those of a group after the group's own."""
    for name, command in sorted(group.commands.items()):
        if not command.hidden:
            yield (*above, name)
            if isinstance(command, click.Group):
                yield from _of_group(command, (*above, name))


def _sections(title: str, about: str, names: Sequence[str], command: tuple[str, ...]) -> str:
    parts = [f"## {name}\n\n{_block(printed(*command, name))}" for name in names]
    return f"# {title}\n\n{about}\n\n" + "\n".join(parts)


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _files() -> str:
    parts = []
    for file in sorted(schemas_root().glob("*.schema.json")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        name = file.name.removesuffix(".schema.json")
        rows = [f"| `{key}` | {kind} | {says} |" for key, kind, says in _keys(schema, schema, "", 0)]
        table = "\n".join(["| key | is | |", "|---|---|---|", *rows]) if rows else ""
        parts.append(f"## {name}\n\n{schema.get('description') or schema.get('title', '')}\n\n{table}\n")
    return "# Files\n\nFrom the schemas; `kexecspec schema NAME` prints one in full.\n\n" + "\n".join(parts)


def _keys(schema: Mapping[str, Any], root: Mapping[str, Any], above: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(key with dots, what it is, what the schema says) of an object's keys and of those below, three levels deep."""
    here = _followed(schema, root)
    for key, below in here.get("properties", {}).items():
        inner = _followed(below, root) if isinstance(below, dict) else {}
        says = str(inner.get("description", "")).replace("|", "\\|").replace("<", "&lt;")
        yield f"{above}{key}", _kind(inner), says
        if depth < 2:
            yield from _keys(inner, root, f"{above}{key}.", depth + 1)
            for item in (inner.get("items"), inner.get("additionalProperties")):
                if isinstance(item, dict):
                    yield from _keys(item, root, f"{above}{key}.*.", depth + 1)


def _followed(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with what it refers to in its own file; its own words count more."""
    name = str(schema.get("$ref", ""))
    if not name.startswith("#/$defs/"):
        return schema
    return {**_followed(root.get("$defs", {}).get(name.removeprefix("#/$defs/"), {}), root), **schema}


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kinds = schema.get("type", "")
    text = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return str(schema.get("title", text)).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
