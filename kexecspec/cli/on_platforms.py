"""The commands that judge a platform file, and those about what comes of it: their arguments and their help."""

from __future__ import annotations

from typing import Any

import click

from kexecspec.cli.options import (
    CACHE,
    EXITS,
    FILES,
    ONLY,
    POLICY,
    QUIET,
    RLIMIT,
    SPECS,
    TEXT_OR_JSON,
    VERBOSE,
    codes,
    files,
)

_FORMS = [
    "text", "json", "itf", "sarif", "junit", "github", "gitlab", "ktap", "markdown", "csv", "html", "lore", "mermaid",
    "svg",
]  # fmt: skip
_VERIFY_EXITS = """\b
Exit codes:
  0    every claim is verified, and every property that counts is claimed
  1    every claim is verified, but not every property that counts is claimed
  2    usage error, or no certificate
  3    a solver gave no answer
  4    rejected: altered, of something else, or a proof that fails"""
_WHY_EXITS = """\b
Exit codes:
  0    every proof's facts are shown to be needed
  1    there is no proof among what was asked for
  2    usage or input error, or nothing to judge
  3    a fact is neither shown to be needed nor dropped, or nothing is decided"""


@click.command(epilog=EXITS)
@FILES
@ONLY
@click.option("--assumptions", is_flag=True, help="List all that the verdicts assume, rely on and leave out.")
@click.option("--format", "form", type=click.Choice(_FORMS), default="text", help="What goes to stdout; default text.")
@click.option("--report", multiple=True, metavar="FORMAT=FILE", help="Also write this format to FILE; may be repeated.")
@SPECS
@POLICY
@click.option("--waivers", multiple=True, metavar="FILE", help="Findings to live with, until when; may be repeated.")
@click.option("--baseline", metavar="FILE", help="An earlier JSON report: what failed in it already does not count.")
@click.option("--today", metavar="DATE", help="The day on which waivers are looked at; default: today.")
@click.option("--diagram", is_flag=True, help="Show each trace as a sequence diagram instead of a table.")
@click.option("--trace-dir", metavar="DIR", help="Write a trace file for each refuted finding into DIR.")
@click.option("--certificate", metavar="DIR", help="Write a certificate of all that is proved, for verify-cert.")
@RLIMIT
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="N files at a time; of one file, N processes.")
@click.option("--portfolio", is_flag=True, help="Ask several engines about each property at once.")
@CACHE
@click.option("--accept-bounded", is_flag=True, help="Be content with 'no violation within N steps'.")
@click.option("--strict-sources", is_flag=True, help="Exit 3 where a verdict rests on what nobody verified.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 or 3; 2 and 4 stay.")
@QUIET
@VERBOSE
def check(**given: Any) -> int:
    """Judge platform files: each property is proved or refuted."""
    from kexecspec.cli.checking import Request, run

    return run(Request(**given))


@click.command(epilog=EXITS)
@FILES
@SPECS
@POLICY
@RLIMIT
@QUIET
def test(
    files: tuple[str, ...], specs: tuple[str, ...], policy: str | None, rlimit: str | None, quiet: bool
) -> int:
    """Compare verdicts with the `expect:` entries of platform files."""
    from kexecspec.cli.checking import options_of
    from kexecspec.cli.laying import laid_on
    from kexecspec.cli.testing import run

    return run(files, laid_on(options_of((), rlimit), specs, policy), quiet)


@click.command()
@click.argument("trace", shell_complete=files)
@click.option("--until", type=click.IntRange(0), metavar="N", help="Stop after step N.")
@click.option("--state", is_flag=True, help="Show all state variables at the end (or after step N).")
@click.option("--platform", metavar="FILE", help="The platform file, where it is not beside the trace.")
@SPECS
@click.option("--policy", metavar="NAME|FILE", help="The policy that the trace was made with.")
@VERBOSE
def replay(
    trace: str,
    until: int | None,
    state: bool,
    platform: str | None,
    specs: tuple[str, ...],
    policy: str | None,
    verbose: bool,
) -> int:
    """Run a trace file again on the executable model, without the solver."""
    from kexecspec.cli.laying import specs_of
    from kexecspec.cli.replaying import run

    return run(trace, until, state, platform, verbose, specs_of(specs, policy) if specs or policy else None)


@click.command(name="verify-cert", epilog=_VERIFY_EXITS)
@click.argument("folder", metavar="DIR", shell_complete=files)
@click.option("--platform", metavar="FILE", help="The platform file that the certificate is to be about.")
@click.option(
    "--solver",
    "solvers",
    multiple=True,
    metavar="z3|cvc5|COMMAND",
    help="Who is asked (default z3): a COMMAND reads SMT-LIB from its standard input. May be repeated: all must agree.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    default=60.0,
    metavar="SECONDS",
    help="After that a solver is killed; for each obligation, default 60.",
)
@TEXT_OR_JSON
@QUIET
def verify_cert(**given: Any) -> int:
    """Check a certificate again, with nothing taken from the run that made it."""
    from kexecspec.cli.verifying import Request, run

    return run(Request(**given))


@click.command(epilog=_WHY_EXITS)
@click.argument("file", shell_complete=files)
@click.argument("codes", nargs=-1, metavar="[CODE[/INSTANCE][@HANDOFF]]...", shell_complete=codes)
@SPECS
@TEXT_OR_JSON
@click.option("--numbers", is_flag=True, help="Try each number at half and at double its value, too.")
@RLIMIT
@click.option("-v", "--verbose", is_flag=True, help="Name every fact and feature that plays no part.")
def why(specs: tuple[str, ...], **given: Any) -> int:
    """Say which facts each proof needs, each with what goes wrong without it, and which play no part."""
    from kexecspec.cli.laying import specs_of
    from kexecspec.cli.reasoning import run

    return run(specs=specs_of(specs), **given)


@click.command()
@click.argument("file", shell_complete=files)
@click.option("--only", multiple=True, metavar="CODE[/INSTANCE][@HANDOFF]", help="The property, one in all.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["smtlib", "btor2", "aiger", "smv", "promela", "murphi"]),
    required=True,
    help="What another checker reads.",
)
@click.option("--whole/--slice", default=True, help="Everything (default), or only what bears on the property.")
@click.option("-o", "--output", metavar="FILE", help="Default: stdout; aiger is binary and needs a file.")
@click.option("--way", type=click.IntRange(1), metavar="N", help="Which of the ways in which unknown facts can be.")
@SPECS
def export(whole: bool, **given: Any) -> int:
    """Write one property of a platform's system for another model checker."""
    from kexecspec.cli.exporting import Request, run

    return run(Request(sliced=not whole, **given))


@click.command(name="list")
@click.argument("file", shell_complete=files)
@SPECS
@click.option("--policy", metavar="NAME|FILE", help="Which findings are errors, and on which handoffs.")
def list_(file: str, specs: tuple[str, ...], policy: str | None) -> int:
    """List the property instances that a platform file gives rise to."""
    from kexecspec.cli.laying import specs_of
    from kexecspec.cli.show_system import list_properties

    return list_properties(file, specs_of(specs, policy))


@click.command()
@click.argument("file", default="platform.yaml")
def init(file: str) -> int:
    """Write a commented platform file to start from."""
    from kexecspec.cli.starter import run

    return run(file)
