"""`kexecspec explain CODE`: the specification's own prose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.cli.console import say
from kexecspec.cli.laying import specs_of
from kexecspec.cli.prose import bullets, paragraph, sources, unknown
from kexecspec.input_codes import INPUT_CODES, InputCode
from kexecspec.library import Spec
from kexecspec.report.look import wrapped


def run(code: str, folders: Sequence[str] = ()) -> int:
    """Explains a property, also one of those in `folders`, or an input error. Raises click.UsageError for a code that
    does not exist."""
    wanted = code.strip().upper()
    if wanted in INPUT_CODES:
        say("\n".join(_input(INPUT_CODES[wanted])))
        return 0
    specs = specs_of(folders)
    names = specs.names("properties")
    spec = specs.spec("properties", wanted) if wanted in names else None
    if spec is None:
        raise unknown("code", code, (*names, *INPUT_CODES))
    say("\n".join(_property(spec)))
    return 0


def _input(entry: InputCode) -> Iterator[str]:
    yield f"{entry.code} {entry.name} (an error of the input)"
    yield ""
    yield from wrapped(entry.says)
    yield from wrapped(entry.explanation)


def _property(spec: Spec) -> Iterator[str]:
    content = spec.content
    yield f"{content['property']} {content['name']} (harm: {content['harm']})"
    yield ""
    yield from wrapped(str(content["title"]))
    yield ""
    yield from paragraph("Why", content.get("why"))
    yield from paragraph("Fix", content.get("fix"))
    yield from bullets("What the kernel log may say", content.get("dmesg", ()))
    yield from bullets("Refuted when", (_instance(entry) for entry in content.get("instances", ())))
    yield from sources(content)


def _instance(entry: dict[str, object]) -> str:
    return str(entry.get("says", "")).replace("{self}", f"the {entry.get('for', 'part')}")
