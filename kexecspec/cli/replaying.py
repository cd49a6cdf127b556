"""`kexecspec replay`: a trace file, run again on the executable model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import click

from kexecspec.cli.console import complain, say, wants_colour
from kexecspec.cli.platforms import Settled, hashes_of, settled_parts
from kexecspec.diagnostics import Diagnostic, InputError, Span, escape, quote
from kexecspec.exit_codes import DISAGREES, PROVED, gravest
from kexecspec.expectations import part_of
from kexecspec.findings import Hashes
from kexecspec.ir.expr import negate
from kexecspec.ir.system import Property
from kexecspec.ir.trace import Trace, objection
from kexecspec.ir.values import Value
from kexecspec.library import Library
from kexecspec.report.itf_read import TraceFile, read_trace
from kexecspec.report.look import Look, columns, count, shell, value, wrapped
from kexecspec.report.refuted import log_lines, replay_lines


def run(
    path: str, until: int | None, state: bool, platform: str | None, verbose: bool, specs: Library | None = None
) -> int:
    """Replays the trace and shows its log. 0 where the harm is confirmed, 4 where machine and trace part. `specs`: with
    what is laid over the library.

    Raises InputError for a trace that is none, was made from something else, or is no run of the rules.
    """
    file = read_trace(path)
    if until is not None and until > len(file.trace.steps):
        raise click.UsageError(f"--until {until}: the trace has {count(len(file.trace.steps), 'step')}.")
    within = None if platform is not None else os.path.dirname(file.path) or "."
    found = settled_parts(platform or beside(file), (part_of(file.property_id),), within, specs)
    refuse_drift(file, hashes_of(found, specs))
    chosen, prop = fitting(file, found)
    say("\n".join(wrapped(f"{path}: {prop.id} on {chosen.platform.name}: {prop.says}", "", "  ")))
    look = Look(wants_colour(), verbose=verbose)
    code = _confirmed(file, chosen, prop, look, specs) if until is None else PROVED
    if until is not None or state or verbose:
        code = gravest((code, _stepped(file, chosen, until, state, verbose, specs)))
    return code


def _confirmed(file: TraceFile, chosen: Settled, prop: Property, look: Look, specs: Library | None) -> int:
    """Runs the whole trace, lets the world run on, and shows what is suffered."""
    from kexecspec.replay.replay import confirm

    outcome = confirm(chosen.platform, chosen.system, prop, file.trace, specs)
    say("\n".join(replay_lines(outcome, look)))
    return PROVED if outcome.outcome == "CONFIRMED" else DISAGREES


def _stepped(
    file: TraceFile, chosen: Settled, until: int | None, state: bool, verbose: bool, specs: Library | None
) -> int:
    """Runs the trace up to a step and shows the machine as it is then."""
    from kexecspec.replay.replay import step_through

    log, seen, parted = step_through(chosen.platform, chosen.system, file.trace, until, specs)
    steps = file.trace.steps if until is None else file.trace.steps[:until]
    reached = Trace(file.trace.initial, steps)
    last = f": {steps[-1].rule}" if steps else ""
    lines = wrapped(f"after step {len(steps)} of {len(file.trace.steps)}{last}", "  ", "    ")
    if parted:
        lines += wrapped(f"DIVERGED: {parted}", "  ", "    ")
    lines += log_lines(log, verbose or until is not None)
    say("\n".join([*lines, *(_state(reached, seen) if state else ())]))
    return DISAGREES if parted else PROVED


def beside(file: TraceFile) -> str:
    """The platform file that the trace names, which lies in the trace's folder, or InputError (KX027)."""
    named = file.meta["platform"]["path"]
    folder = Path(os.path.realpath(file.path)).parent
    inside = Path(os.path.realpath(folder / named)) if "\0" not in named else folder
    if PurePosixPath(named).is_absolute() or inside == folder or not inside.is_relative_to(folder):
        help_ = f"kexecspec replay {shell(file.path)} --platform FILE"
        message = f"the platform file {quote(named)} is not in the trace's folder"
        raise InputError([Diagnostic("KX027", message, Span(file.path), (), help_)])
    return str(Path(file.path).parent / named)


def refuse_drift(file: TraceFile, now: Hashes) -> None:
    """InputError (KX026) where platform or specifications changed; a changed tool is only mentioned."""
    meta = file.meta
    wrong = []
    if meta["platform"]["sha256"] != now.platform:
        wrong.append("the platform file has changed since the trace was made")
    if meta["specs"]["sha256"] != now.specs:
        wrong.append("the specifications have changed since the trace was made")
    if wrong:
        help_ = "run kexecspec check with --trace-dir again, or give the --specs and --policy that it had"
        raise InputError([Diagnostic("KX026", message, Span(file.path), (), help_) for message in wrong])
    if meta["tool"]["sha256"] != now.tool:
        complain("note: the trace was made by another version of kexecspec")


def fitting(file: TraceFile, found: tuple[Settled, ...]) -> tuple[Settled, Property]:
    """The system of which the trace is a run, and the property that it violates, or InputError (KX025)."""
    said = f"the platform has no property {file.property_id}"
    for candidate in found:
        for prop in candidate.system.properties:
            if prop.id != file.property_id:
                continue
            wrong = _objection(file, candidate, prop)
            if wrong is None:
                return candidate, prop
            said = f"the trace is no run of the platform's rules: {wrong}"
    raise InputError([Diagnostic("KX025", said, Span(file.path))])


def _objection(file: TraceFile, candidate: Settled, prop: Property) -> str | None:
    if file.trace.initial.keys() != candidate.system.variables.keys():
        return "it has other variables"
    return objection(candidate.system, file.trace, negate(prop.holds))


def _state(trace: Trace, seen: Mapping[str, Value]) -> Iterator[str]:
    """Every variable as the trace has it, and as the machine shows it where it shows it."""
    yield "  State:"
    width = min(40, max(len(escape(name)) for name in trace.last))
    rest = (74 - 2 - width) // 2
    rows = [(name, value(of), value(seen[name]) if name in seen else "-") for name, of in trace.last.items()]
    yield from columns([("variable", "trace", "machine"), *rows], (width, rest, rest - 2), "    ")
