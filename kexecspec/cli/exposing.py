"""`kexecspec exposure`: what can be reached in which phase of a handoff, and which unknown facts decide most."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.console import say, wants_colour
from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.report import Look

if TYPE_CHECKING:
    from kexecspec.exposure.durations import Lengths
    from kexecspec.exposure.exposed import Exposed
    from kexecspec.exposure.initcalls import Timed
    from kexecspec.platform.facts import Platform

@dataclass(frozen=True)
class Request:
    """The arguments of `exposure`, as given."""

    file: str
    budget: int
    initcalls: str | None = None
    device: tuple[str, ...] = ()
    form: str = "text"
    rlimit: str | None = None
    cache: bool = True
    verbose: bool = False


def run(request: Request) -> int:
    """Shows bars and unknown facts and returns the code. Raises InputError for platform file and log at once."""
    from kexecspec.exposure.as_json import as_json
    from kexecspec.exposure.exposed import exposed
    from kexecspec.exposure.flips import flips
    from kexecspec.exposure.measure import measures
    from kexecspec.exposure.text import as_text
    from kexecspec.exposure.told import Told, unclear
    from kexecspec.library import library
    from kexecspec.platform.ways import platforms_in
    from kexecspec.source import load

    specs = library()
    wrong: list[Diagnostic] = []
    log = _log(request, wrong)
    try:
        root = load(request.file)
        ways = platforms_in(root, request.file, specs)
        found = [platform for _, platform in ways]
    except InputError as error:
        raise InputError([*error.diagnostics, *wrong]) from None
    given = _devices(request, found[0], log, wrong)
    if wrong:
        raise InputError(wrong)
    options = replace(options_of((), request.rlimit), cache=usual(os.environ) if request.cache else None)
    bars = exposed(found, specs, options)
    if not bars:
        message = "the file describes nothing that could be exposed"
        help_ = "describe a secure world or devices that issue DMA, and a handoff"
        raise InputError([Diagnostic("KX024", message, Span(request.file), (), help_)])
    open_ = flips(root, ways, specs, options, request.budget)
    told = Told(
        request.file, found[0].name, len(found[0].edges), bars, _lengths(bars, found[0], given, log), request.initcalls,
        log is not None and log.stamped, unclear(open_, measures(specs)), open_,
    )  # fmt: skip
    say(as_json(told) if request.form == "json" else as_text(told, Look(wants_colour(), verbose=request.verbose)))
    return told.code


def _log(request: Request, wrong: list[Diagnostic]) -> Timed | None:
    from kexecspec.diagnose.lines import read_log
    from kexecspec.exposure.initcalls import timed

    if request.initcalls is None:
        if request.device:
            raise click.UsageError("--device goes with --initcalls")
        return None
    try:
        log = timed(read_log(request.initcalls))
    except InputError as error:
        wrong += error.diagnostics
        return None
    if log.says_nothing:
        help_ = "boot with `initcall_debug ignore_loglevel`; the console then has lines `probe of ... returned`"
        wrong.append(Diagnostic("KX037", "no line of initcall_debug is in it", Span(request.initcalls), (), help_))
    return log


def _devices(
    request: Request, platform: Platform, log: Timed | None, wrong: list[Diagnostic]
) -> dict[str, str]:
    """What the log calls devices, as the command line says. What is wrong with that goes to `wrong`."""
    given = dict[str, str]()
    known = [name for name, entity in platform.entities.items() if "walker" in entity.kinds]
    for text in request.device:
        name, equals, device = text.partition("=")
        if not equals or not device:
            raise click.UsageError(f"--device {quote(text)}: write NAME=KERNEL-NAME, such as nic=0000:01:00.0")
        if name not in known:
            raise click.UsageError(f"--device {quote(text)}: no device {quote(name)}: {allowed_help(name, known)}")
        if log is not None and device not in {*log.probes, *log.hooks}:
            seen = sorted({*log.probes, *log.hooks})
            help_ = allowed_help(device, seen) if seen else ""
            message = f"the log has no device {quote(device)}"
            wrong.append(Diagnostic("KX037", message, Span(str(request.initcalls)), (), help_))
        given[name] = device
    return given


def _lengths(
    bars: Sequence[Exposed], platform: Platform, given: dict[str, str], log: Timed | None
) -> dict[str, Lengths]:
    from kexecspec.exposure.durations import lengths

    if log is None:
        return {}
    drivers = {entity.name: entity.driver for entity in platform.of_kind("smmu")}
    return {one.name: lengths(one, bars, drivers, given, log) for one in bars}
