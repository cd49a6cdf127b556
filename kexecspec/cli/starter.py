"""`kexecspec init`: a commented platform file."""

from __future__ import annotations

from pathlib import Path

import click

from kexecspec.cli.console import say
from kexecspec.cli.starter_text import STARTER
from kexecspec.diagnostics import escape, quote
from kexecspec.files import write_new
from kexecspec.report.look import shell


def run(file: str) -> int:
    """Writes the starter into `file`, which must not exist. Raises click.UsageError or OSError."""
    path = Path(file)
    try:
        write_new(path, STARTER)
    except FileExistsError:
        raise click.UsageError(f"{quote(file)} exists; nothing was written.") from None
    say(f"wrote {escape(file)}: facts to replace by your own\nnext: kexecspec check {shell(file)}")
    return 0
