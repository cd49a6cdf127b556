"""The commands about many platforms at once: their arguments and their help."""

from __future__ import annotations

from typing import Any

import click

from kexecspec.cli.options import CACHE, EXITS, ONLY, POLICY, QUIET, RLIMIT, SPECS, TEXT_OR_JSON, VERBOSE, files

_SWEEP_EXITS = """\b
Exit codes: of all combinations the gravest counts, in the order 4, 2, 1, 3, 0
  0    everything proved, and of something
  1    refuted or vacuous somewhere
  2    usage error, a combination that cannot be judged, results that do not fit
  3    undecided somewhere, or given up
  4    the tool disagrees with itself"""
_FORM = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl", "csv"]), default="text", help="Default: text."
)
_OUT = click.option(
    "--out", multiple=True, metavar="FILE", help="Also write them to a file .txt, .jsonl or .csv; may be repeated."
)
_ZERO = click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 or 3; 2 and 4 stay.")


@click.command(epilog=_SWEEP_EXITS)
@click.argument("matrix", shell_complete=files)
@click.option("--results", metavar="FILE", help="Where results are kept; default: a file under .kexecspec/sweep.")
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="Judge N at a time; default: one a core.")
@click.option("--executor", metavar="MODULE:FACTORY", help="Have them judged by what FACTORY() makes, an Executor.")
@click.option("--dask", metavar="ADDRESS", help="Have them judged by the workers of a Dask scheduler.")
@CACHE
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; see merge.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    default=600.0,
    metavar="SECONDS",
    help="After that a combination is given up; default 600.",
)
@ONLY
@SPECS
@POLICY
@RLIMIT
@_FORM
@_OUT
@click.option("--list", "listed", is_flag=True, help="Only list the combinations.")
@click.option(
    "--print", "printed", type=click.IntRange(1), metavar="N", help="Only print the platform file of combination N."
)
@_ZERO
@QUIET
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr how far it has come.")
def sweep(form: str, out: tuple[str, ...], exit_zero: bool, quiet: bool, **given: Any) -> int:
    """Judge all combinations of a matrix of platforms, kernels, SMMU modes...

    Whatever ends it, the same command goes on where it was, and after an edit
    only what has changed is judged.
    """
    from kexecspec.cli.sweeping import Output, Request, run

    return run(Request(output=Output(form, out, exit_zero, quiet), **given))


@click.command(epilog=_SWEEP_EXITS)
@click.argument("results", nargs=-1, required=True, metavar="RESULTS...", shell_complete=files)
@_FORM
@_OUT
@_ZERO
@QUIET
def merge(results: tuple[str, ...], form: str, out: tuple[str, ...], exit_zero: bool, quiet: bool) -> int:
    """Put the results of the shards of a sweep together."""
    from kexecspec.cli.sweeping import Output
    from kexecspec.cli.sweeping import merge as merged

    return merged(results, Output(form, out, exit_zero, quiet))


@click.command(epilog=_SWEEP_EXITS)
@click.argument("file", shell_complete=files)
@click.option("--axis", "axes", multiple=True, metavar="PLACE=V,V", help="For a platform file: the values to try.")
@click.option("--columns", multiple=True, metavar="AXIS", help="Axes that go across; default: platforms and handoffs.")
@ONLY
@SPECS
@POLICY
@TEXT_OR_JSON
@RLIMIT
@CACHE
@_ZERO
@VERBOSE
def matrix(**given: Any) -> int:
    """A table of verdicts: SMMU modes, kernels or anything else by handoff.

    FILE is a matrix as for sweep, or a platform file whose SMMU modes are tried."""
    from kexecspec.cli.tabling import Request, run

    return run(Request(**given))


@click.command(epilog=EXITS)
@click.option("--kernel", metavar="TREE", required=True, help="The kernel's source tree.")
@click.option("--dtbs", metavar="DIR", required=True, help="Where the device tree blobs are, in folders of any depth.")
@click.option("--config", metavar="FILE", help="The .config that the kernel is built with.")
@click.option("--tee", metavar="RELEASE", default="", help="The release of OP-TEE on the boards, or none.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv", "html"]), default="text", help="Default: text."
)
@click.option(
    "--out", multiple=True, metavar="FILE", help="Also write it to a file .txt, .json, .csv or .html; may be repeated."
)
@click.option("--results", metavar="FILE", help="Where answers are kept; default: a file under .kexecspec/audit.")
@click.option("--resume", is_flag=True, help="Go on where an earlier audit was stopped.")
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="So many processes; default: one a core.")
@RLIMIT
@click.option("--whole", is_flag=True, help="Text: all rows of all tables.")
@_ZERO
@QUIET
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr how far it has come.")
def audit(**given: Any) -> int:
    """Judge every board of a folder with one kernel's drivers: which masters can
    write into the next kernel, which TEE clients leave something behind."""
    from kexecspec.cli.auditing import Request, run

    return run(Request(**given))
