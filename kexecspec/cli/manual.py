"""`kexecspec man`: a manual page of all commands, made from the very words that `--help` shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from kexecspec import __version__
from kexecspec.cli.console import say

_BOXED = re.compile(r"\n\s*\x08\n")


def run(program: click.Group) -> int:
    """Prints the page, in the language of man(7)."""
    say("\n".join(_page(program)))
    return 0


def _page(program: click.Group) -> Iterator[str]:
    yield f'.TH KEXECSPEC 1 "" "kexecspec {_text(__version__)}" "User Commands"'
    yield from [".SH NAME", r"kexecspec \- proves that handing a machine from one kernel to the next is safe"]
    yield from [".SH SYNOPSIS", r".B kexecspec", r"\fICOMMAND\fR [\fIOPTIONS\fR] \fIARGUMENTS\fR"]
    yield from [".SH DESCRIPTION", *_prose(program.help or "")]
    yield ".SH COMMANDS"
    yield from _commands(program, "kexecspec")
    yield from [".SH FILES", *_tagged("$XDG_CACHE_HOME/kexecspec", "What earlier runs found; see kexecspec cache.")]
    yield from [".SH ENVIRONMENT", *_tagged("KEXECSPEC_CACHE", "off, or the folder of the cache.")]
    yield from _tagged("KEXECSPEC_DEBUG", "1 shows the traceback of a defect of the tool.")
    yield from _tagged("NO_COLOR", "Whatever it is, no colours are shown.")


def _commands(group: click.Group, path: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield from _command(command, f"{path} {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    with click.Context(command, info_name=path) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_text(path)} {_text(usage)}"
        yield from _prose(command.help or "")
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None:
                yield from _tagged(*record)
        yield from _prose(command.epilog or "")


def _tagged(name: str, says: str) -> Iterator[str]:
    yield from [".TP", rf".B {_text(name)}", _text(" ".join(says.split()))]


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; those that click is told to leave alone keep their lines."""
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = part.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            yield from [".PP", ".nf", *map(_text, lines[1:]), ".fi"]
        elif part.strip():
            yield from [".PP", _text(" ".join(part.split()))]


def _text(of: str) -> str:
    """A text in which nothing is a request to the formatter."""
    shown = of.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace("'", r"\(aq")
    return rf"\&{shown}" if shown.startswith((".", "'")) else shown
