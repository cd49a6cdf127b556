"""Every command, its arguments and its help. What a command does is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from kexecspec import __version__
from kexecspec.cli import on_boards


def _files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from kexecspec.cli.completing import files

    return files(context, parameter, incomplete)


def _codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from kexecspec.cli.completing import codes

    return codes(context, parameter, incomplete)


_FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=_files)
_QUIET = click.option("-q", "--quiet", is_flag=True, help="Show failures only.")
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show more: what was not judged, whole logs, rules.")
_ONLY = click.option(
    "--only",
    multiple=True,
    metavar="CODE[/INSTANCE][@HANDOFF]",
    help="Judge only these properties; may be repeated.",
)
_SPECS = click.option(
    "--specs", multiple=True, metavar="DIR", help="Own properties, policies and drivers; may be repeated."
)
_RLIMIT = click.option(
    "--rlimit",
    metavar="N",
    help="The solver's budget for one obligation: a number, or a multiple such as 4x.",
)
_TEXT_OR_JSON = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)
_CACHE = click.option("--cache/--no-cache", default=True, help="Use what earlier runs found (default).")
_FORMS = [
    "text", "json", "itf", "sarif", "junit", "github", "gitlab", "ktap", "markdown", "csv", "html", "lore", "mermaid",
    "svg",
]  # fmt: skip
_EXITS = """\b
Exit codes:
  0    everything proved, and of something (notes do not count)
  1    refuted, vacuous, or an expectation not met
  2    usage or input error, nothing to judge, or output that cannot be written
  3    undecided; with --strict-sources also: rests on what nobody verified
  4    the tool disagrees with itself, or a defect of the tool
  130  interrupted; 143 ended by SIGTERM; both say what has no answer yet
Of several files the gravest counts: 4, then 2, 1, 3, 0."""

_VERIFY_EXITS = """\b
Exit codes:
  0    every claim is verified, and every property that counts is claimed
  1    every claim is verified, but not every property that counts is claimed
  2    usage error, or no certificate
  3    a solver gave no answer
  4    rejected: altered, of something else, or a proof that fails"""


_SWEEP_EXITS = """\b
Exit codes: of all combinations the gravest counts, in the order 4, 2, 1, 3, 0
  0    everything proved, and of something
  1    refuted or vacuous somewhere
  2    usage error, a combination that cannot be judged, results that do not fit
  3    undecided somewhere, or given up
  4    the tool disagrees with itself"""

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
  4    the tool disagrees with itself"""

_WHY_EXITS = """\b
Exit codes:
  0    every proof's facts are shown to be needed
  1    there is no proof among what was asked for
  2    usage or input error, or nothing to judge
  3    a fact is neither shown to be needed nor dropped, or nothing is decided"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 78, "terminal_width": 78},
    epilog="Start with `kexecspec init`, then `kexecspec check platform.yaml`.",
)
@click.version_option(__version__, prog_name="kexecspec", message="%(prog)s %(version)s")
def program() -> None:
    """Proves that handing a machine from one kernel to the next is safe, or replays
    the shortest way in which it is not."""


program.add_command(on_boards.exposure)
program.add_command(on_boards.recipe)


@program.command(epilog=_EXITS)
@_FILES
@_ONLY
@click.option("--assumptions", is_flag=True, help="List all that the verdicts assume, rely on and leave out.")
@click.option("--format", "form", type=click.Choice(_FORMS), default="text", help="What goes to stdout; default text.")
@click.option("--report", multiple=True, metavar="FORMAT=FILE", help="Also write this format to FILE; may be repeated.")
@_SPECS
@click.option("--policy", metavar="NAME|FILE", help="Which findings are errors, and on which handoffs.")
@click.option("--waivers", multiple=True, metavar="FILE", help="Findings to live with, until when; may be repeated.")
@click.option("--baseline", metavar="FILE", help="An earlier JSON report: what failed in it already does not count.")
@click.option("--today", metavar="DATE", help="The day on which waivers are looked at; default: today.")
@click.option("--diagram", is_flag=True, help="Show each trace as a sequence diagram instead of a table.")
@click.option("--trace-dir", metavar="DIR", help="Write a trace file for each refuted finding into DIR.")
@click.option("--certificate", metavar="DIR", help="Write a certificate of all that is proved, for verify-cert.")
@_RLIMIT
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="N files at a time; of one file, N processes.")
@click.option("--portfolio", is_flag=True, help="Ask several engines about each property at once.")
@_CACHE
@click.option("--accept-bounded", is_flag=True, help="Be content with 'no violation within N steps'.")
@click.option("--strict-sources", is_flag=True, help="Exit 3 where a verdict rests on what nobody verified.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 or 3; 2 and 4 stay.")
@_QUIET
@_VERBOSE
def check(**given: Any) -> int:
    """Judge platform files: each property is proved or refuted."""
    from kexecspec.cli.checking import Request, run

    return run(Request(**given))


@program.command(epilog=_EXITS)
@_FILES
@_RLIMIT
@_QUIET
def test(files: tuple[str, ...], rlimit: str | None, quiet: bool) -> int:
    """Compare verdicts with the `expect:` entries of platform files."""
    from kexecspec.cli.testing import run

    return run(files, rlimit, quiet)


@program.command()
@click.argument("trace", shell_complete=_files)
@click.option("--until", type=click.IntRange(0), metavar="N", help="Stop after step N.")
@click.option("--state", is_flag=True, help="Show all state variables at the end (or after step N).")
@click.option("--platform", metavar="FILE", help="The platform file, where it is not beside the trace.")
@_SPECS
@click.option("--policy", metavar="NAME|FILE", help="The policy that the trace was made with.")
@_VERBOSE
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


@program.command(name="verify-cert", epilog=_VERIFY_EXITS)
@click.argument("folder", metavar="DIR", shell_complete=_files)
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
@_TEXT_OR_JSON
@_QUIET
def verify_cert(**given: Any) -> int:
    """Check a certificate again, with nothing taken from the run that made it."""
    from kexecspec.cli.verifying import Request, run

    return run(Request(**given))


_FORM = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl", "csv"]), default="text", help="Default: text."
)
_OUT = click.option(
    "--out", multiple=True, metavar="FILE", help="Also write them to a file .txt, .jsonl or .csv; may be repeated."
)
_ZERO = click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 or 3; 2 and 4 stay.")


@program.command(epilog=_SWEEP_EXITS)
@click.argument("matrix", shell_complete=_files)
@click.option("--results", metavar="FILE", help="Where results are kept; default: a file under .kexecspec/sweep.")
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="Judge N at a time; default: one a core.")
@click.option("--executor", metavar="MODULE:FACTORY", help="Have them judged by what FACTORY() makes, an Executor.")
@click.option("--dask", metavar="ADDRESS", help="Have them judged by the workers of a Dask scheduler.")
@_CACHE
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; see merge.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    default=600.0,
    metavar="SECONDS",
    help="After that a combination is given up; default 600.",
)
@_ONLY
@_RLIMIT
@_FORM
@_OUT
@click.option("--list", "listed", is_flag=True, help="Only list the combinations.")
@click.option(
    "--print", "printed", type=click.IntRange(1), metavar="N", help="Only print the platform file of combination N."
)
@_ZERO
@_QUIET
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr how far it has come.")
def sweep(form: str, out: tuple[str, ...], exit_zero: bool, quiet: bool, **given: Any) -> int:
    """Judge all combinations of a matrix of platforms, kernels, SMMU modes...

    Whatever ends it, the same command goes on where it was, and after an edit
    only what has changed is judged.
    """
    from kexecspec.cli.sweeping import Output, Request, run

    return run(Request(output=Output(form, out, exit_zero, quiet), **given))


@program.command(epilog=_SWEEP_EXITS)
@click.argument("results", nargs=-1, required=True, metavar="RESULTS...", shell_complete=_files)
@_FORM
@_OUT
@_ZERO
@_QUIET
def merge(results: tuple[str, ...], form: str, out: tuple[str, ...], exit_zero: bool, quiet: bool) -> int:
    """Put the results of the shards of a sweep together."""
    from kexecspec.cli.sweeping import Output
    from kexecspec.cli.sweeping import merge as merged

    return merged(results, Output(form, out, exit_zero, quiet))


@program.command()
@click.argument("code", shell_complete=_codes)
@_SPECS
def explain(code: str, specs: tuple[str, ...]) -> int:
    """Say what a code such as KX103 means, with its sources."""
    from kexecspec.cli.explain import run

    return run(code, specs)


@program.command(epilog=_WHY_EXITS)
@click.argument("file", shell_complete=_files)
@click.argument("codes", nargs=-1, metavar="[CODE[/INSTANCE][@HANDOFF]]...", shell_complete=_codes)
@_TEXT_OR_JSON
@click.option("--numbers", is_flag=True, help="Try each number at half and at double its value, too.")
@_RLIMIT
@click.option("-v", "--verbose", is_flag=True, help="Name every fact and feature that plays no part.")
def why(file: str, codes: tuple[str, ...], form: str, rlimit: str | None, numbers: bool, verbose: bool) -> int:
    """Say which facts each proof needs, each with what goes wrong without it, and which play no part."""
    from kexecspec.cli.reasoning import run

    return run(file, codes, form, rlimit, numbers, verbose)


@program.command()
@click.argument("file", shell_complete=_files)
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
def export(whole: bool, **given: Any) -> int:
    """Write one property of a platform's system for another model checker."""
    from kexecspec.cli.exporting import Request, run

    return run(Request(sliced=not whole, **given))


@program.command(name="import")
@click.option("--dtb", "--dts", required=True, metavar="FILE", help="A .dtb, a .dts, or /sys/firmware/fdt.")
@click.option("--kernel", metavar="TREE", help="The sources of the kernel that drives it.")
@click.option("--config", metavar="FILE", help="That kernel's .config.")
@click.option("--sysfs", metavar="DIR|TAR", help="/ of the running machine, or a copy of its /sys and /proc.")
@click.option("--tee", default="", metavar="RELEASE|none", help="OP-TEE's release, or that there is none.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A fact that you know; may be repeated.")
@click.option("--update", metavar="FILE", help="Import again into FILE: what was changed there by hand stays.")
@click.option("-o", "--output", metavar="FILE", help="Default: stdout, or the file that is updated.")
def import_(**given: Any) -> int:
    """Make a platform file of a device tree and a kernel tree, each fact with
    where it was read.

    What nobody could tell is left open and listed on top; `check` takes the
    file as it is.
    """
    from kexecspec.cli.importing import Request, run

    return run(Request(**given))


@program.command(epilog=_SWEEP_EXITS)
@click.argument("file", shell_complete=_files)
@click.option("--axis", "axes", multiple=True, metavar="PLACE=V,V", help="For a platform file: the values to try.")
@click.option("--columns", multiple=True, metavar="AXIS", help="Axes that go across; default: platforms and handoffs.")
@_ONLY
@_TEXT_OR_JSON
@_RLIMIT
@_CACHE
@_ZERO
@_VERBOSE
def matrix(**given: Any) -> int:
    """A table of verdicts: SMMU modes, kernels or anything else by handoff.

    FILE is a matrix as for sweep, or a platform file whose SMMU modes are tried."""
    from kexecspec.cli.tabling import Request, run

    return run(Request(**given))


@program.command()
@click.argument("file", shell_complete=_files)
@click.option("--finding", metavar="ID", help="Which one, such as KX102/eth0@kexec; default: the first refuted one.")
@click.option("-o", "--output", metavar="FILE", help="Where the smaller file goes; default: stdout.")
@_RLIMIT
@_CACHE
def reduce(**given: Any) -> int:
    """Drop every fact that a refuted finding does not need, for a report in a mail."""
    from kexecspec.cli.reducing import run

    return run(**given)


@program.command(epilog=_DIAGNOSE_EXITS)
@click.argument("log")
@click.option("--platform", required=True, metavar="FILE", help="The platform file of the machine that wrote it.")
@_RLIMIT
@_CACHE
@_TEXT_OR_JSON
@_VERBOSE
def diagnose(**given: Any) -> int:
    """What a console log tells: its known lines, and the shortest runs that end so.

    LOG is what a kernel printed: dmesg, a crash kernel's, or what came over a serial line, with whatever else is in
    it."""
    from kexecspec.cli.diagnosing import Request, run

    return run(Request(**given))


@program.command(epilog=_DIFF_EXITS)
@click.argument("files", nargs=-1, required=True, metavar="OLD [NEW]", shell_complete=_files)
@click.option("--kernel-old", multiple=True, metavar="[NAME=]V", help="OLD with its kernels at version V.")
@click.option("--kernel-new", multiple=True, metavar="[NAME=]V", help="NEW with its kernels at version V.")
@_ONLY
@_TEXT_OR_JSON
@_RLIMIT
@_CACHE
@_QUIET
@_VERBOSE
def diff(**given: Any) -> int:
    """Compare two platform files: what is fixed, what is new, and by which facts.

    A file may be git:REV:path. With one file and --kernel-old or --kernel-new, one
    platform on two kernel versions."""
    from kexecspec.cli.comparing import Request, run

    return run(Request(**given))


@program.command(epilog=_EXITS)
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
@_RLIMIT
@click.option("--whole", is_flag=True, help="Text: all rows of all tables.")
@_ZERO
@_QUIET
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr how far it has come.")
def audit(**given: Any) -> int:
    """Judge every board of a folder with one kernel's drivers: which masters can
    write into the next kernel, which TEE clients leave something behind."""
    from kexecspec.cli.auditing import Request, run

    return run(Request(**given))


@program.command(epilog=_FIX_EXITS)
@click.argument("file", shell_complete=_files)
@click.option("--size", type=click.IntRange(1, 8), default=3, metavar="N", help="Sets of up to N changes (default 3).")
@click.option("--budget", type=click.IntRange(1), default=20000, metavar="N", help="How much work (default 20000).")
@click.option("--apply", metavar="OUT", help="Write a changed copy of FILE, comments kept.")
@click.option("--set", "number", type=click.IntRange(1), default=1, metavar="N", help="Which set (default 1).")
@click.option("--commits", is_flag=True, help="The commits of that set, their first releases and what they need.")
@click.option("--git", metavar="TREE", help="With --commits: what the history of your own tree has of them.")
@_TEXT_OR_JSON
@_RLIMIT
@_CACHE
@_VERBOSE
def fix(**given: Any) -> int:
    """The smallest sets of changes after which everything refuted is proved."""
    from kexecspec.cli.fixing import Request, run

    return run(Request(**given))


@program.command(name="list")
@click.argument("file", shell_complete=_files)
@_SPECS
@click.option("--policy", metavar="NAME|FILE", help="Which findings are errors, and on which handoffs.")
def list_(file: str, specs: tuple[str, ...], policy: str | None) -> int:
    """List the property instances that a platform file gives rise to."""
    from kexecspec.cli.laying import specs_of
    from kexecspec.cli.show_system import list_properties

    return list_properties(file, specs_of(specs, policy))


@program.command()
@click.argument("what", type=click.Choice(["path", "clear", "verify"]), required=False)
def cache(what: str | None) -> int:
    """Say where judgements are kept and how many; forget all, or what is damaged."""
    from kexecspec.cli.caching import run

    return run(what or "verify")


@program.command()
@click.argument("name", required=False)
def schema(name: str | None) -> int:
    """Print a JSON schema, or the names of all."""
    from kexecspec.cli.schemas import run

    return run(name)


@program.command()
@click.argument("file", default="platform.yaml")
def init(file: str) -> int:
    """Write a commented platform file to start from."""
    from kexecspec.cli.starter import run

    return run(file)


@program.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes a shell complete commands, files and codes."""
    from kexecspec.cli.completing import run

    return run(program, shell)


@program.command()
def man() -> int:
    """Print a manual page of all commands, for man(1)."""
    from kexecspec.cli.manual import run

    return run(program)


@program.command(name="help")
@click.argument("command", required=False)
@click.pass_context
def help_(context: click.Context, command: str | None) -> int:
    """Show the help of a command."""
    parent = context.parent or context
    found = program.get_command(context, command) if command else program
    if found is None:
        raise click.UsageError(f"No such command '{command}'.")
    shown = parent if command is None else click.Context(found, info_name=command, parent=parent)
    click.echo(found.get_help(shown))
    return 0


@program.group()
def show() -> None:
    """Show the library, or what a platform file becomes."""


@show.command()
@click.argument("name", required=False)
def drivers(name: str | None) -> int:
    """The drivers of the library, or one of them."""
    from kexecspec.cli.show_library import drivers as shown

    return shown(name)


@show.command()
@click.argument("name", required=False)
@click.option("--kernel", metavar="VERSION", help="Only those that an unmodified kernel of this version has.")
@click.option("--tree", metavar="DIR", help="What this kernel source tree shows of them, beside the version table.")
@click.option("--config", metavar="FILE", help="The .config that the tree is built with.")
def features(name: str | None, kernel: str | None, tree: str | None, config: str | None) -> int:
    """Kernel features with their sources, or one of them."""
    if tree is not None:
        from kexecspec.cli.show_tree import features_of_tree

        if kernel is not None:
            raise click.UsageError("--kernel and --tree exclude each other: a tree says itself which version it is")
        return features_of_tree(name, tree, config)
    if config is not None:
        raise click.UsageError("--config goes with --tree")
    from kexecspec.cli.show_features import features as shown

    return shown(name, kernel)


@show.command()
@click.argument("name", required=False)
def smmus(name: str | None) -> int:
    """The SMMU variants, or what one of them leaves behind."""
    from kexecspec.cli.show_library import smmus as shown

    return shown(name)


@show.command()
def properties() -> int:
    """The properties, by code."""
    from kexecspec.cli.show_library import properties as shown

    return shown()


@show.command()
@click.argument("file", shell_complete=_files)
@click.option("--lifetime", type=click.Choice(["kernel", "platform", "fixed"]), help="Only variables of this lifetime.")
def system(file: str, lifetime: str | None) -> int:
    """The transition system that a platform file becomes."""
    from kexecspec.cli.show_system import show_system

    return show_system(file, lifetime)


@show.command()
@click.argument("file", shell_complete=_files)
def survives(file: str) -> int:
    """What outlives a kernel of a platform, and what a handoff does to it."""
    from kexecspec.cli.show_system import survives as shown

    return shown(file)
