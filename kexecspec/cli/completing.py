"""Completion on the command line: the script that a shell reads, and what may stand where."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from kexecspec.cli.console import say

_VARIABLE = "_KEXECSPEC_COMPLETE"


def run(program: click.Group, shell: str) -> int:
    """Prints what makes `shell` complete our commands."""
    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"nothing is known of the shell {shell!r}.")
    say(known(program, {}, "kexecspec", _VARIABLE).source())
    return 0


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files: which, the shell knows."""
    return [CompletionItem(incomplete, type="file")]


def codes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes of properties and of errors of the input, each with what it is called."""
    from kexecspec.input_codes import INPUT_CODES
    from kexecspec.library import library

    known = {spec.name: str(spec.content["name"]) for spec in library().all("properties")}
    known |= {code: entry.name for code, entry in INPUT_CODES.items()}
    wanted = incomplete.upper()
    return [CompletionItem(code, help=name) for code, name in sorted(known.items()) if code.startswith(wanted)]
