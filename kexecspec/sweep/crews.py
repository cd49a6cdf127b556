"""Who may work: threads here, each with a process that judges; whatever a factory makes; or a Dask cluster."""

# mypy: disable-error-code="import-not-found,no-untyped-call"

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from kexecspec.cache.place import Cache
from kexecspec.diagnostics import quote, suggest
from kexecspec.sweep.run import Crew
from kexecspec.sweep.work import judges

WINDOW = 256
"""So many chunks are with an executor of somebody else at a time."""
SECONDS = 20
"""So long a cluster may take to answer."""


class NoCrew(Exception):
    """There is nobody to work; the message says why."""


@contextlib.contextmanager
def local(jobs: int, cache: Cache | None = None) -> Iterator[Crew]:
    """`jobs` threads of this process; each has a process of its own that judges, with answers of earlier runs at hand
    in `cache`."""
    with _stopped(ThreadPoolExecutor(jobs)) as executor:
        yield Crew(executor, 2 * jobs, several=False, cache=cache)


@contextlib.contextmanager
def made_by(name: str) -> Iterator[Crew]:
    """The executor that MODULE:FACTORY makes, called without arguments. Raises NoCrew."""
    executor = _called(name, _factory(name))
    if not isinstance(executor, Executor):
        raise NoCrew(f"{quote(name)} makes {type(executor).__name__}, no concurrent.futures.Executor")
    with _stopped(executor):
        yield Crew(executor, WINDOW, several=True)


@contextlib.contextmanager
def dask(address: str) -> Iterator[Crew]:
    """The workers of the Dask scheduler at `address`. Raises NoCrew."""
    try:
        from distributed import Client
    except ImportError:
        raise NoCrew("Dask is not installed: pip install 'kexecspec[dask]'") from None
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise NoCrew(f"no Dask scheduler answers at {quote(address)}: {said}") from None
    with _silent("distributed", "distributed.client"), client, _stopped(client.get_executor(pure=False)) as executor:
        yield Crew(executor, WINDOW, several=True)


@contextlib.contextmanager
def _silent(*loggers: str) -> Iterator[None]:
    """Within, these say nothing: that a worker is lost and its work goes to another is no trouble of whoever asked."""
    levels = {name: logging.getLogger(name).level for name in loggers}
    for name in loggers:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextlib.contextmanager
def _stopped(executor: Executor) -> Iterator[Executor]:
    """The executor; at the end, and where anything is raised, nothing of it goes on here."""
    try:
        yield executor
    except BaseException:
        _shut(executor, wait=False)
        judges().stop()
        raise
    _shut(executor, wait=True)
    judges().stop()


def _shut(executor: Executor, wait: bool) -> None:
    """Ends an executor. Some know no `cancel_futures`."""
    with contextlib.suppress(Exception):
        try:
            executor.shutdown(wait=wait, cancel_futures=not wait)
        except TypeError:
            executor.shutdown(wait=wait)


def _factory(name: str) -> Callable[[], Any]:
    module, _, path = name.partition(":")
    if not module or not path:
        raise NoCrew(f"{quote(name)}: write MODULE:FACTORY, such as concurrent.futures:ProcessPoolExecutor")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        raise NoCrew(f"{quote(name)}: {quote(module)} cannot be imported: {_said(error)}") from None
    for step in path.split("."):
        if not hasattr(found, step):
            near = suggest(step, [one for one in dir(found) if not one.startswith("_")])
            raise NoCrew(f"{quote(name)}: {quote(module)} has no {quote(step)}" + (f"; {quote(near)}?" if near else ""))
        found = getattr(found, step)
    if not callable(found):
        raise NoCrew(f"{quote(name)} cannot be called")
    made: Callable[[], Any] = found
    return made


def _called(name: str, factory: Callable[[], Any]) -> Any:
    try:
        return factory()
    except Exception as error:
        raise NoCrew(f"{quote(name)} makes no executor: {_said(error)}") from None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
