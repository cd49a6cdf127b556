"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Any

import click


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Completes names of files."""
    from kexecspec.cli import completing

    return completing.files(context, parameter, incomplete)


def codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Completes codes of properties."""
    from kexecspec.cli import completing

    return completing.codes(context, parameter, incomplete)


FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=files)
QUIET = click.option("-q", "--quiet", is_flag=True, help="Show failures only.")
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show more: what was not judged, whole logs, rules.")
ONLY = click.option(
    "--only",
    multiple=True,
    metavar="CODE[/INSTANCE][@HANDOFF]",
    help="Judge only these properties; may be repeated.",
)
SPECS = click.option(
    "--specs", multiple=True, metavar="DIR", help="Own properties, policies and drivers; may be repeated."
)
POLICY = click.option("--policy", metavar="NAME|FILE", help="Which findings are errors, and on which handoffs.")
RLIMIT = click.option(
    "--rlimit",
    metavar="N",
    help="The solver's budget for one obligation: a number, or a multiple such as 4x.",
)
TEXT_OR_JSON = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)
CACHE = click.option("--cache/--no-cache", default=True, help="Use what earlier runs found (default).")
EXITS = """\b
Exit codes:
  0    everything proved, and of something (notes do not count)
  1    refuted, vacuous, or an expectation not met
  2    usage or input error, nothing to judge, or output that cannot be written
  3    undecided; with --strict-sources also: rests on what nobody verified
  4    the tool disagrees with itself, or a defect of the tool
  130  interrupted; 143 ended by SIGTERM; both say what has no answer yet
Of several files the gravest counts: 4, then 2, 1, 3, 0."""
