"""The command line. `main` is the console script's entry; commands are in `commands`, click only parses."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from kexecspec.cli.console import ReaderGone, complain, prepare_streams, quiet_exit
from kexecspec.diagnostics import InputError, escape
from kexecspec.exit_codes import DISAGREES, INTERRUPTED, TERMINATED, UNUSABLE
from kexecspec.garbage import look_seldom

if TYPE_CHECKING:
    import click


class Terminated(KeyboardInterrupt):
    """SIGTERM: everything ends as with Ctrl-C, with a code of its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; never raises and never shows a traceback.

    With KEXECSPEC_DEBUG=1 a defect of the tool shows its traceback too.
    """
    prepare_streams()
    look_seldom()
    try:
        with _terminable():
            code = _run(arguments)
            sys.stdout.flush()
        return code
    except (BrokenPipeError, ReaderGone):
        return quiet_exit()
    except KeyboardInterrupt as stop:
        return _stopped(stop)
    except InputError as error:
        return _unusable(error)
    except OSError as error:
        return _refused(error)
    except Exception as error:
        return _defect(error)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Within, SIGTERM raises Terminated."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(stop: KeyboardInterrupt) -> int:
    """Says what the notes of an interruption say was left open."""
    from kexecspec.report.look import wrapped

    complain("terminated" if isinstance(stop, Terminated) else "interrupted")
    for note in getattr(stop, "__notes__", ()):
        complain("\n".join(wrapped(note, "  ", "    ")))
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    import click

    from kexecspec.cli.commands import program

    try:
        code = program.main(args=arguments, prog_name="kexecspec", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.Abort as abort:
        stop = abort.__cause__
        raise (stop if isinstance(stop, KeyboardInterrupt) else KeyboardInterrupt()) from None
    except click.ClickException as error:
        return _misused(error)


def _misused(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None and error.message == context.get_help():
        complain(error.message)
        return UNUSABLE
    if context is not None:
        complain(context.get_usage())
    complain(f"Error: {escape(error.format_message())}")
    if context is not None:
        complain(f"Try '{context.command_path} --help'.")
    return UNUSABLE


def _unusable(error: InputError) -> int:
    from kexecspec.cli.console import show_input_error

    show_input_error(error)
    return UNUSABLE


def _refused(error: OSError) -> int:
    """The system refuses something. Where it names no file, it is the output that cannot be written."""
    if error.filename is None:
        quiet_exit()
    what = "the output cannot be written" if error.filename is None else escape(str(error.filename))
    complain(f"error: {what}: {escape(error.strerror or str(error))}")
    return UNUSABLE


def _defect(error: Exception) -> int:
    if os.environ.get("KEXECSPEC_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    said = escape(" ".join(str(error).split()))[:300]
    complain(f"internal error: {type(error).__name__}: {said}")
    complain("This is a defect of kexecspec: please report it with the input (KEXECSPEC_DEBUG=1 shows more).")
    return DISAGREES
