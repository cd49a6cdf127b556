"""`kexecspec audit`: every board of a folder against one kernel tree."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kexecspec.cli.checking import options_of
from kexecspec.cli.console import complain, say
from kexecspec.cli.importing import tee_of
from kexecspec.cli.kernel_trees import index_folder, opened
from kexecspec.diagnostics import escape, quote
from kexecspec.exit_codes import PROVED, REFUTED, UNDECIDED, UNUSABLE

if TYPE_CHECKING:
    from kexecspec.audit.answers import Answer
    from kexecspec.audit.asked import Asked
    from kexecspec.audit.audit import Audit
    from kexecspec.importers.compose.chosen import Choose
    from kexecspec.importers.source.conditions import Config
    from kexecspec.library import Library

_EVERY = 5.0
_USUAL = Path(".kexecspec") / "audit" / "answers.jsonl"
ENDINGS = {".txt": "text", ".json": "json", ".csv": "csv", ".html": "html"}


@dataclass(frozen=True)
class Request:
    """The arguments of `audit`, as given."""

    kernel: str
    dtbs: str
    config: str | None = None
    tee: str = ""
    form: str = "text"
    out: tuple[str, ...] = ()
    results: str | None = None
    resume: bool = False
    jobs: int | None = None
    rlimit: str | None = None
    whole: bool = False
    exit_zero: bool = False
    quiet: bool = False
    verbose: bool = False


def run(request: Request) -> int:
    """Audits, shows the result and writes it to files."""
    for name in request.out:
        if os.path.splitext(name)[1] not in ENDINGS:
            raise click.UsageError(f"--out {quote(name)}: its name has to end in {', '.join(ENDINGS)}.")
    if not Path(request.dtbs).is_dir():
        raise click.UsageError(f"--dtbs {quote(request.dtbs)}: it is no folder.")
    with contextlib.ExitStack() as stack:
        folder = index_folder() or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kexecspec-")))
        found = _audited(request, folder)
    return _shown(found, request)


def _audited(request: Request, folder: Path) -> Audit:
    from kexecspec.audit.asked import asked
    from kexecspec.audit.audit import audit_of
    from kexecspec.audit.boards import Unread, chosen_for, read_boards
    from kexecspec.importers.features.tree import open_tree
    from kexecspec.library import library

    specs, jobs = library(), request.jobs or os.cpu_count() or 1
    told = _Progress(not request.quiet and (request.verbose or sys.stderr.isatty()))
    boards = read_boards(Path(request.dtbs), jobs, told.about("boards read"))
    if not boards:
        raise click.UsageError(f"--dtbs {quote(request.dtbs)}: there is no *.dtb in it.")
    with opened(request.kernel, request.config, specs, tee_of(request.tee), folder) as (_, setting, identity):
        pass  # the index is up to date from here on, for every process
    config = open_tree(request.kernel, request.config).config
    start = partial(_choosing, request.kernel, folder, config, specs)
    read = [board for board in boards if not isinstance(board, Unread)]
    choose = chosen_for(read, start, jobs, told.about("kinds of devices looked up"))
    every = [asked(board, choose, setting, specs) for board in boards]
    made = _made(request, specs)
    answers = _answers(request, every, made, jobs, told)
    return audit_of(setting.version.value or "?", identity, made, every, answers)


@contextlib.contextmanager
def _choosing(root: str, folder: Path, config: Config | None, specs: Library) -> Iterator[Choose]:
    """How drivers are chosen, in a process of its own, by an index that is up to date."""
    from kexecspec.importers.compose.by_tree import by_tree
    from kexecspec.importers.source.index import opened_index

    with opened_index(Path(root), folder, 1, None, config) as index:
        yield by_tree(index, specs, config)


def _made(request: Request, specs: Library) -> str:
    """The sum of what verdicts are found with."""
    import hashlib

    from kexecspec import hashes

    parts = (*hashes.of_installation(specs), str(options_of((), request.rlimit).rlimit))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _answers(request: Request, boards: Sequence[Asked], made: str, jobs: int, told: _Progress) -> dict[str, Answer]:
    from kexecspec.audit.answers import line_of
    from kexecspec.audit.asked import all_questions
    from kexecspec.audit.kept import earlier, journal
    from kexecspec.audit.run import ask

    path = Path(request.results) if request.results else _USUAL
    known = earlier(path, made) if request.resume else {}
    rlimit, tell = options_of((), request.rlimit).rlimit, told.about("questions answered")
    with journal(path, made, known) as log:
        try:
            return ask(all_questions(tuple(boards)), known, jobs, rlimit, lambda one: log.add(line_of(one)), tell)
        except KeyboardInterrupt as stop:
            stop.add_note(f"the answers so far are in {path}; the same command with --resume goes on from there")
            raise


@dataclass
class _Progress:
    """Tells on stderr how far things are, every few seconds, where somebody looks."""

    wanted: bool
    last: float = field(default_factory=time.monotonic)

    def about(self, what: str) -> _Counter:
        """What tells how many of that are done."""
        return _Counter(self, what)


@dataclass(frozen=True)
class _Counter:
    progress: _Progress
    what: str

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.progress.wanted and (now - self.progress.last >= _EVERY or done == total):
            self.progress.last = now
            complain(f"{done} of {total} {self.what}")


def _shown(found: Audit, request: Request) -> int:
    """Shows it on stdout and writes it to files. What cannot be written is told, and makes the code 2."""
    from kexecspec.files import write_whole

    code = _code(found)
    for name in request.out:
        try:
            write_whole(Path(name), _text(found, ENDINGS[os.path.splitext(name)[1]], True))
        except OSError as error:
            complain(f"error: {escape(name)}: {escape(error.strerror or str(error))}; it was not written")
            code = UNUSABLE
    say(_text(found, request.form, request.whole).rstrip("\n"))
    return PROVED if request.exit_zero and code in (REFUTED, UNDECIDED) else code


def _text(found: Audit, form: str, whole: bool) -> str:
    match form:
        case "json":
            from kexecspec.audit.as_json import as_json

            return as_json(found)
        case "csv":
            from kexecspec.audit.as_json import as_csv

            return as_csv(found)
        case "html":
            from kexecspec.audit.page import page

            return page(found)
    from kexecspec.audit.as_text import text

    return text(found, whole) + "\n"


def _code(found: Audit) -> int:
    standings = {row.standing for row in found.rows}
    return REFUTED if "error" in standings else UNDECIDED if "open" in standings else PROVED
