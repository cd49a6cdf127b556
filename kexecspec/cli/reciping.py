"""`kexecspec recipe`: what to try on a board for a counterexample, and a script that watches there."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kexecspec.cache.place import usual
from kexecspec.cli.checking import options_of
from kexecspec.cli.console import complain, say, wants_colour
from kexecspec.diagnostics import Diagnostic, InputError, Span, escape, quote
from kexecspec.exit_codes import DISAGREES, PROVED, UNUSABLE
from kexecspec.findings import Harmed
from kexecspec.report import Look

if TYPE_CHECKING:
    from kexecspec.recipe.made import Recipe


@dataclass(frozen=True)
class Request:
    """The arguments of `recipe`, as given."""

    file: str
    finding: str | None = None
    platform: str | None = None
    script: str | None = None
    form: str = "text"
    rlimit: str | None = None
    cache: bool = True
    verbose: bool = False


def run(request: Request) -> int:
    """Shows the recipe, writes the script that is asked for, and returns the code. Raises InputError."""
    from kexecspec.library import library
    from kexecspec.recipe.as_json import as_json
    from kexecspec.recipe.known import recipes
    from kexecspec.recipe.script import script
    from kexecspec.recipe.text import as_text

    if request.platform is not None and not _is_trace(request.file):
        raise click.UsageError("--platform goes with a trace, a file .json.")
    if request.finding is not None and _is_trace(request.file):
        raise click.UsageError("--finding goes with a platform file: a trace has one finding.")
    made, outcome = _of_trace(request) if _is_trace(request.file) else _of_platform(request)
    text = script(made.platform, made.id, recipes(library()))
    if request.script is not None and not _written(request.script, text):
        return UNUSABLE
    look = Look(wants_colour(), verbose=request.verbose)
    say(as_json(made, text) if request.form == "json" else as_text(made, text, request.script, look))
    return DISAGREES if outcome == "DIVERGED" else PROVED


def _is_trace(path: str) -> bool:
    return path.endswith(".json")


def _written(path: str, text: str) -> bool:
    from kexecspec.files import write_whole

    try:
        write_whole(Path(path), text)
    except OSError as error:
        complain(f"error: {escape(path)}: {escape(error.strerror or str(error))}; it was not written")
        return False
    return True


def _made(replay: Harmed | None, recipe: Recipe) -> tuple[Recipe, str]:
    return recipe, replay.outcome if replay is not None else ""


def _of_platform(request: Request) -> tuple[Recipe, str]:
    """The recipe for a finding of a platform file, the first error that is refuted where none is named."""
    from kexecspec.check import checked
    from kexecspec.findings import ids
    from kexecspec.ir.verdict import Verdict
    from kexecspec.library import library
    from kexecspec.recipe.known import recipes
    from kexecspec.recipe.made import recipe

    only = () if request.finding is None else (request.finding,)
    options = options_of(only, request.rlimit)
    options = replace(options, cache=usual(os.environ) if request.cache else None, explained=False)
    found = checked(request.file, options)
    refuted = [f for f in found.report.findings if f.verdict is Verdict.REFUTED]
    if not refuted:
        help_ = "kexecspec check shows what is refuted" if request.finding else ""
        what = f"nothing that fits {quote(request.finding)}" if request.finding else "nothing"
        message = f"{what} is refuted, so there is no trace"
        raise InputError([Diagnostic("KX038", message, Span(request.file), (), help_)])
    finding = min(refuted, key=lambda finding: finding.severity != "error")
    name = request.finding if request.finding in ids(finding) else finding.property.id
    there = [way for way in found.ways if _has(way.platform.entities, finding.property.instance)] or list(found.ways)
    way = next((way for way in there if any(one.steps == finding.steps for one in way.report.findings)), there[0])
    made = recipe(way.platform, finding.property, finding.steps, finding.replay, recipes(library()))
    return _made(finding.replay, replace(made, id=name or made.id))


def _has(entities: object, instance: str) -> bool:
    return isinstance(entities, dict) and instance.partition(":")[0] in entities


def _of_trace(request: Request) -> tuple[Recipe, str]:
    """The recipe for a trace that was kept."""
    from kexecspec.cli.platforms import hashes_of, settled_parts
    from kexecspec.cli.replaying import beside, fitting, refuse_drift
    from kexecspec.expectations import part_of
    from kexecspec.library import library
    from kexecspec.present import steps
    from kexecspec.recipe.known import recipes
    from kexecspec.recipe.made import recipe
    from kexecspec.replay.replay import confirm
    from kexecspec.report.itf_read import read_trace

    file = read_trace(request.file)
    within = None if request.platform is not None else os.path.dirname(file.path) or "."
    found = settled_parts(request.platform or beside(file), (part_of(file.property_id),), within)
    refuse_drift(file, hashes_of(found))
    chosen, prop = fitting(file, found)
    replay = confirm(chosen.platform, chosen.system, prop, file.trace)
    shown = steps(chosen.system, file.trace)
    return _made(replay, recipe(chosen.platform, prop, shown, replay, recipes(library())))
