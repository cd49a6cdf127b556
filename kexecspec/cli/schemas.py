"""`kexecspec schema`: the schemas, for editors and for programs that read our output."""

from __future__ import annotations

from kexecspec.cli.console import say
from kexecspec.cli.prose import unknown
from kexecspec.resources import schema_path, schemas_root

_ENDING = ".schema.json"


def run(name: str | None) -> int:
    """Prints the names of all schemas, or one of them as it stands."""
    names = sorted(file.name.removesuffix(_ENDING) for file in schemas_root().glob(f"*{_ENDING}"))
    if name is None:
        say("\n".join(names))
        return 0
    if name not in names:
        raise unknown("schema", name, names)
    say(schema_path(name).read_text(encoding="utf-8"))
    return 0
