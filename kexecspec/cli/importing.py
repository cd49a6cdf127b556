"""`kexecspec import`: a platform file from a device tree and a kernel tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path, PurePath

import click

from kexecspec.cli.console import complain, say
from kexecspec.cli.kernel_trees import opened
from kexecspec.diagnostics import escape
from kexecspec.exit_codes import PROVED, UNUSABLE
from kexecspec.importers.board import Board
from kexecspec.importers.compose.answers import read_answers
from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.compose import Composed
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.whole import Imported, imported, over
from kexecspec.importers.compose.written import flow
from kexecspec.importers.facts import Fact, unknown
from kexecspec.library import Library, library
from kexecspec.platform.secure_world import release
from kexecspec.report.look import shell, wrapped
from kexecspec.textfile import read_text

LIVE = "/sys/firmware/fdt"


@dataclass(frozen=True)
class Request:
    """The arguments of `import`, as given."""

    dtb: str
    tee: str = ""
    sets: tuple[str, ...] = ()
    kernel: str | None = None
    config: str | None = None
    sysfs: str | None = None
    update: str | None = None
    output: str | None = None


def run(request: Request) -> int:
    """Imports, and writes the file or prints it. Raises InputError or click.UsageError."""
    tee, answers, specs = tee_of(request.tee), read_answers(request.sets), library()
    board, version = _running(_board(request.dtb), request.sysfs)
    if request.kernel is None:
        if request.config is not None:
            raise click.UsageError("--config is about a kernel tree: name one with --kernel.")
        made = imported(board, by_library(specs), Setting(version, tee=tee), answers, specs)
    else:
        with opened(request.kernel, request.config, specs, tee) as (choose, setting, _):
            if version.known and version.value != setting.version.value:
                complain(f"the machine runs {escape(str(version.value))}, the tree is {setting.version.value}")
            made = imported(board, choose, setting, answers, specs)
    if request.update is not None:
        return _updated(request.update, request.output, made, board, specs)
    if request.output is None:
        say(made.text)
        return PROVED
    return _saved(request.output, made, new=True)


def _updated(name: str, output: str | None, made: Imported, board: Board, specs: Library) -> int:
    """Shows what changes in the file, and changes it, or writes what comes out elsewhere."""
    old = read_text(name)
    now = over(made, old, name, board, specs)
    changes = unified_diff(old.splitlines(), now.text.splitlines(), name, output or name, lineterm="")
    say("\n".join(escape(line) for line in changes))
    for one in now.kept:
        there, imported = ("gone" if one.there is None else flow(one.there)), flow(one.imported)
        told = f"kept by hand: {one.fact}: {there}" + (f" (imported: {imported})" if one.imported is not None else "")
        say("\n".join(wrapped(escape(told), "", "  ")))
    if output is None and now.text == old:
        say(f"{escape(name)} is as it would be imported now")
        return PROVED
    return _saved(output or name, now, new=output is not None)


def tee_of(given: str) -> str:
    """What `--tee` says of the trusted OS. Raises click.UsageError."""
    text = given.removeprefix("optee=").removeprefix("optee-")
    if text not in ("", "none", "unknown", "optee"):
        try:
            release(text)
        except ValueError as error:
            raise click.UsageError(f"--tee: {error}, or none, or unknown") from None
    return text


def _board(path: str) -> Board:
    from kexecspec.importers.devicetree.files import read_blob_file
    from kexecspec.importers.devicetree.read import read_board

    return read_board(read_blob_file(path), PurePath(path).name)


def _running(board: Board, sysfs: str | None) -> tuple[Board, Fact[str]]:
    """The board with what a running machine says over it, and the version it runs; says where they disagree."""
    if sysfs is None:
        return board, unknown()
    from kexecspec.importers.sysfs.files import open_files
    from kexecspec.importers.sysfs.overlay import laid_over
    from kexecspec.importers.sysfs.running import machine

    found = machine(open_files(sysfs))
    board, told = laid_over(board, found)
    for one in told:
        complain("\n".join(wrapped(f"disagree: {escape(one)}", "", "  ")))
    return board, found.version


def _saved(name: str, made: Imported, new: bool) -> int:
    from kexecspec.files import write_new, write_whole

    try:
        (write_new if new else write_whole)(Path(name), made.text)
    except FileExistsError:
        raise click.UsageError(f"{escape(name)} exists; --update it, or name another file.") from None
    except OSError as error:
        complain(f"error: {escape(name)}: {escape(error.strerror or str(error))}; nothing was written")
        return UNUSABLE
    say("\n".join(_told(made.composed, name)))
    return PROVED


def _told(made: Composed, name: str) -> Iterator[str]:
    """What was imported, and what is open."""
    content = made.content
    devices = content.get("devices", {})
    behind = sum("smmu" in entry for entry in devices.values())
    count = len(content.get("smmus", {}))
    smmus = f"{count} SMMU{'' if count == 1 else 's'}"
    yield f"wrote {escape(name)}: {len(devices)} devices, {behind} of them behind {smmus}"
    for one in made.left:
        yield from wrapped(f"left out: {', '.join(one.names)} ({escape(one.why)})", "", "  ")
    for number, question in enumerate(made.questions, 1):
        yield from wrapped(f"open {number}: {escape(question.asks)} {escape(question.answer)}", "", "  ")
    tables = any(gic.get("its") for gic in content.get("interrupt_controllers", {}).values())
    if not devices and not tables and "optee" not in content.get("secure_world", {}):
        says = "nothing to judge: it has no SMMU with masters, no trusted OS that is known of and no ITS"
        yield from wrapped(says, "", "  ")
    yield f"next: kexecspec check {shell(name)}"
