"""The commands that lead from a platform file to the board: their arguments and their help."""

from __future__ import annotations

from typing import Any

import click

from kexecspec.cli.options import CACHE, RLIMIT, TEXT_OR_JSON, files

_EXPOSURE_EXITS = """\b
Exit codes:
  0    everything was looked at
  2    usage or input error
  3    not all states were looked at, or not all unknown facts were tried
  4    the tool disagrees with itself"""


_RECIPE_EXITS = """\b
Exit codes:
  0    there is a trace, and the recipe is shown
  2    usage or input error, nothing refuted, output that cannot be written
  4    the executable model does not go where the trace goes"""


@click.command(epilog=_EXPOSURE_EXITS)
@click.argument("file", shell_complete=files)
@click.option("--initcalls", metavar="LOG", shell_complete=files,
              help="A kernel's log with initcall_debug: how long the phases last.")
@click.option("--device", multiple=True, metavar="NAME=KERNEL-NAME",
              help="What the log calls a device or an SMMU; may be repeated.")
@click.option("--budget", type=click.IntRange(0, 100_000), default=100, show_default=True,
              help="So many times the platform is judged for its unknown facts.")
@TEXT_OR_JSON
@RLIMIT
@CACHE
@click.option("-v", "--verbose", is_flag=True, help="Show every bar, every step and every changed verdict.")
def exposure(**given: Any) -> int:
    """What each master and TEE client can reach, phase by phase of each handoff.

    And the unknown facts, by how many verdicts each would change, with how it is
    measured.
    """
    from kexecspec.cli.exposing import Request, run

    return run(Request(**given))


@click.command(epilog=_RECIPE_EXITS)
@click.argument("file", shell_complete=files, metavar="FILE|TRACE")
@click.option("--finding", metavar="ID", help="Which one, such as KX102/nic@kexec. Default: the first error.")
@click.option("--platform", metavar="FILE", shell_complete=files,
              help="The platform file of a trace. Default: the one that it names, beside it.")
@click.option("--script", metavar="OUT", help="Write the bpftrace script to this file.")
@TEXT_OR_JSON
@RLIMIT
@CACHE
@click.option("-v", "--verbose", is_flag=True, help="Show the executable model's whole log.")
def recipe(**given: Any) -> int:
    """What to try on the real board for a counterexample, step by step.

    FILE is a platform file, or a trace that `check --trace-dir` kept. With it comes a
    bpftrace script that watches for the same events. All of it is untested on
    hardware.
    """
    from kexecspec.cli.reciping import Request, run

    return run(Request(**given))
