"""The commands that help to change a design: their arguments and their help."""

from __future__ import annotations

from typing import Any

import click

from kexecspec.cli.options import CACHE, ONLY, POLICY, QUIET, RLIMIT, SPECS, TEXT_OR_JSON, VERBOSE, files

_DIFF_EXITS = """\b
Exit codes:
  0    nothing is new
  1    there are new findings
  2    usage or input error, or nothing to judge
  3    something is undecided in NEW
  4    the tool disagrees with itself"""
_DIAGNOSE_EXITS = """\b
Exit codes:
  0    every known line has a run of this platform that ends so
  1    the log has no known line, or one that no run ends in
  2    usage or input error
  3    a known line has no run, and what might have one is undecided
  4    the tool disagrees with itself"""
_FIX_EXITS = """\b
Exit codes:
  0    there are repairs that mend everything, or nothing is refuted
  1    no set of repairs does
  2    usage or input error, or output that cannot be written
  3    none was found, and not all were tried; or a finding was given up
       that some set might mend
  4    the tool disagrees with itself"""


@click.command()
@click.argument("file", shell_complete=files)
@click.option("--finding", metavar="ID", help="Which one, such as KX102/eth0@kexec; default: the first refuted one.")
@click.option("-o", "--output", metavar="FILE", help="Where the smaller file goes; default: stdout.")
@SPECS
@RLIMIT
@CACHE
def reduce(**given: Any) -> int:
    """Drop every fact that a refuted finding does not need, for a report in a mail."""
    from kexecspec.cli.reducing import run

    return run(**given)


@click.command(epilog=_DIAGNOSE_EXITS)
@click.argument("log")
@click.option("--platform", required=True, metavar="FILE", help="The platform file of the machine that wrote it.")
@RLIMIT
@CACHE
@TEXT_OR_JSON
@VERBOSE
def diagnose(**given: Any) -> int:
    """What a console log tells: its known lines, and the shortest runs that end so.

    LOG is what a kernel printed: dmesg, a crash kernel's, or what came over a serial line, with whatever else is in
    it."""
    from kexecspec.cli.diagnosing import Request, run

    return run(Request(**given))


@click.command(epilog=_DIFF_EXITS)
@click.argument("files", nargs=-1, required=True, metavar="OLD [NEW]", shell_complete=files)
@click.option("--kernel-old", multiple=True, metavar="[NAME=]V", help="OLD with its kernels at version V.")
@click.option("--kernel-new", multiple=True, metavar="[NAME=]V", help="NEW with its kernels at version V.")
@ONLY
@SPECS
@POLICY
@TEXT_OR_JSON
@RLIMIT
@CACHE
@QUIET
@VERBOSE
def diff(**given: Any) -> int:
    """Compare two platform files: what is fixed, what is new, and by which facts.

    A file may be git:REV:path. With one file and --kernel-old or --kernel-new, one
    platform on two kernel versions."""
    from kexecspec.cli.comparing import Request, run

    return run(Request(**given))


@click.command(epilog=_FIX_EXITS)
@click.argument("file", shell_complete=files)
@click.option("--size", type=click.IntRange(1, 8), default=3, metavar="N", help="Sets of up to N changes (default 3).")
@click.option("--budget", type=click.IntRange(1), default=60000, metavar="N", help="How much work (default 60000).")
@click.option("--apply", metavar="OUT", help="Write a changed copy of FILE, comments kept.")
@click.option("--set", "number", type=click.IntRange(1), default=1, metavar="N", help="Which set (default 1).")
@click.option("--commits", is_flag=True, help="The commits of that set, their first releases and what they need.")
@click.option("--git", metavar="TREE", help="With --commits: what the history of your own tree has of them.")
@SPECS
@POLICY
@TEXT_OR_JSON
@RLIMIT
@CACHE
@VERBOSE
def fix(**given: Any) -> int:
    """The smallest sets of changes after which everything refuted is proved."""
    from kexecspec.cli.fixing import Request, run

    return run(Request(**given))
