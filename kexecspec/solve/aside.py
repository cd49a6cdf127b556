"""Solving in processes of their own: one that crashes, is killed or hangs takes no other answer with it.

The parent waits and solves nothing, so that Ctrl-C and SIGTERM reach it at once; a solver's own signal handling
would turn the first Ctrl-C into an answer that it does not know.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
import signal
import struct
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kexecspec.files import undisturbed
from kexecspec.solve.budget import failures, told

Work = Callable[[], Iterable[Any]]
Result = TypeVar("Result")

PATIENCE = 3600.0
"""Seconds without an answer after which a process is taken to ignore its budget, and killed. A budget is spent long
before; no verdict of a solver that obeys it depends on this."""

_SIZE = struct.Struct("!Q")
_NUMBER = struct.Struct("!I")
_RUNS = 1000
"""So many numbers always fit into a pipe."""
_ITEM, _RAISED = 0, 1


@dataclass(frozen=True)
class Died:
    """A process that ended without saying that it was done. `why` is fit to be shown."""

    why: str


class SolverDied(Exception):
    """What was asked has no answer, for the process that worked on it died; the message says how."""


@dataclass
class _Child:
    """A process, and what it has written that is no whole message yet."""

    number: int
    pid: int
    pipe: int
    deadline: float
    written: bytes = b""
    finished: bool = False


def answers(
    works: Sequence[Work],
    patience: float = PATIENCE,
    inside: bool = False,
    at_once: int | None = None,
    enough: Callable[[], bool] = lambda: False,
    solver: bool = True,
) -> Generator[tuple[int, Any], None, None]:
    """What each of `works` yields, with its number, as it comes; one that dies yields a last `Died`.

    Each runs in a process of its own, at the same time, or `at_once` of them. What a work raises is raised here. When
    this iterator is closed, or an exception passes through it, no process is left. A work for which no process can be
    had is done here; all are with `inside`, for a process that itself is one that may die and is watched. Once there is
    `enough`, nobody is waited for any more: only what has been said by then is yielded. The `solver` is loaded once for
    all, where they are to ask it.
    """
    children: list[_Child] = []
    here: list[int] = list(range(len(works))) if inside else []
    waiting = [] if inside else list(range(len(works)))[::-1]

    def another() -> _Child | None:
        """The next child, unless all have been started."""
        while waiting:
            number = waiting.pop()
            try:
                if solver:
                    import z3  # noqa: F401
                children.append(_started(number, works[number], patience))
                return children[-1]
            except OSError:
                here.append(number)
        return None

    try:
        yield from _collected(another, len(works) if at_once is None else at_once, patience, enough)
    finally:
        _ended(children)
    for number in here:
        if not enough():
            yield from ((number, item) for item in _within(works[number]))


def aside(
    function: Callable[..., Result], *arguments: Any, patience: float = PATIENCE, inside: bool = False
) -> Result:
    """`function(*arguments)`, computed in a process of its own, or here with `inside`. Raises what it raises, or
    SolverDied."""
    for _, item in answers([lambda: [function(*arguments)]], patience, inside):
        if isinstance(item, Died):
            raise SolverDied(item.why)
        result: Result = item
    return result


@contextlib.contextmanager
def beside(function: Callable[..., Result], *arguments: Any) -> Iterator[Callable[[], Result]]:
    """While the block goes on here, `function(*arguments)` is computed in a process of its own. The block is given what
    waits for it, and returns or raises what it does. Where no process can be had, or it dies, it is computed here."""

    def here() -> Result:
        return function(*arguments)

    try:
        child = _started(0, lambda: [here()], PATIENCE)
    except OSError:
        yield here
        return
    try:
        yield lambda: _said(child, here)
    finally:
        _ended([child])


def _said(child: _Child, otherwise: Callable[[], Result]) -> Result:
    """The one answer of a child, or what is there `otherwise`."""
    waiting = [child]
    for _, item in _collected(lambda: waiting.pop() if waiting else None, 1, PATIENCE, lambda: False):
        if not isinstance(item, Died):
            result: Result = item
            return result
    return otherwise()


@contextlib.contextmanager
def in_turn(many: int) -> Iterator[Iterable[int]]:
    """The numbers below `many`. Where several processes that are forked meanwhile iterate over them, each number goes
    to the one that asks next, so that none has more work than the others. Where there is no pipe, each has all."""
    try:
        reading, writing = os.pipe()
    except OSError:
        yield range(many)
        return
    step = max(1, -(-many // _RUNS))
    os.write(writing, b"".join(_NUMBER.pack(first) for first in range(0, many, step)))
    os.close(writing)
    try:
        yield _Taken(reading, step, many)
    finally:
        os.close(reading)


@dataclass(frozen=True)
class _Taken:
    """Runs of `step` numbers, each as its first, in a pipe that nobody writes to any more."""

    reading: int
    step: int
    many: int

    def __iter__(self) -> Iterator[int]:
        while text := os.read(self.reading, _NUMBER.size):
            (first,) = _NUMBER.unpack(text)
            yield from range(first, min(first + self.step, self.many))


def _started(number: int, work: Work, patience: float) -> _Child:
    """Forks. No signal comes between the fork and the parent's knowing of it. Raises OSError."""
    if not hasattr(os, "fork"):
        raise OSError("there is no fork")
    with undisturbed():
        reading, writing = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if pid == 0:
            os.close(reading)
            _work(work, writing)
        os.close(writing)
        return _Child(number, pid, reading, time.monotonic() + patience)


def _work(work: Work, writing: int) -> None:
    """The child's whole life. It hears no Ctrl-C: its parent does, and ends it. What the parent has dropped is not
    finalised here: a finalizer may wait for a thread of the parent's, which a fork does not bring along."""
    gc.freeze()
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGINT})
        _die_with_parent()
        try:
            for item in _within(work):
                _send(writing, (_ITEM, item))
            code = 0
        except Exception as error:
            _send(writing, (_RAISED, _portable(error)))
            code = 0
    finally:
        os._exit(code)


def _within(work: Work) -> Iterator[Any]:
    """What `work` yields, and a last `Died` where its solver cannot go on."""
    try:
        yield from work()
    except failures() as error:
        yield Died(told(error))


def _portable(error: Exception) -> Exception:
    """The exception, or one that says the same where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _send(writing: int, message: tuple[int, Any]) -> None:
    text = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    rest = memoryview(_SIZE.pack(len(text)) + text)
    while rest:
        rest = rest[os.write(writing, rest) :]


def _die_with_parent() -> None:
    """Linux: a parent that is killed outright leaves no solver behind."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _collected(
    another: Callable[[], _Child | None], at_once: int, patience: float, enough: Callable[[], bool]
) -> Iterator[tuple[int, Any]]:
    with selectors.DefaultSelector() as ready:
        while True:
            while len(ready.get_map()) < at_once and (started := another()):
                ready.register(started.pipe, selectors.EVENT_READ, started)
            if not ready.get_map():
                return
            soonest = min(key.data.deadline for key in ready.get_map().values())
            said = ready.select(0.0 if enough() else max(0.0, soonest - time.monotonic()))
            if enough() and not said:
                return
            for key, _ in said:
                child = key.data
                read = os.read(child.pipe, 1 << 20)
                if not read:
                    ready.unregister(child.pipe)
                    yield from _last(child)
                    continue
                child.written += read
                for item in _whole_messages(child):
                    child.deadline = time.monotonic() + patience
                    yield child.number, item
            for key in [key for key in ready.get_map().values() if key.data.deadline <= time.monotonic()]:
                ready.unregister(key.data.pipe)
                yield key.data.number, Died(f"the solver ignored its budget for {patience:g} s and was stopped")


def _whole_messages(child: _Child) -> Iterator[Any]:
    """The items that have arrived whole. Raises what the child raised."""
    while len(child.written) >= _SIZE.size:
        (size,) = _SIZE.unpack_from(child.written)
        if len(child.written) < _SIZE.size + size:
            return
        kind, item = pickle.loads(child.written[_SIZE.size : _SIZE.size + size])
        child.written = child.written[_SIZE.size + size :]
        if kind == _RAISED:
            raise item
        yield item


def _last(child: _Child) -> Iterator[tuple[int, Died]]:
    """Nothing for a child that is done; how it died for another."""
    _, status = os.waitpid(child.pid, 0)
    os.close(child.pipe)
    child.finished = True
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        yield child.number, Died(f"the solver was ended by {_name(-code)}")
    elif code > 0 or child.written:
        yield child.number, Died("the solver ended without an answer")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _ended(children: Sequence[_Child]) -> None:
    """Kills whatever still runs, and waits until it is gone."""
    with undisturbed():
        for child in children:
            if not child.finished:
                os.close(child.pipe)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
        for child in children:
            if not child.finished:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, 0)
