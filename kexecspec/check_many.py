"""Several platform files checked at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial

from kexecspec.check import check
from kexecspec.diagnostics import InputError
from kexecspec.findings import Report
from kexecspec.ground.ground import ground
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform.ways import read_platforms
from kexecspec.solve.aside import Died, answers


def check_many(paths: Sequence[str], options: Options, jobs: int) -> Generator[Report | InputError, None, None]:
    """What `check` returns or raises for each of `paths`, in order, `jobs` of them at a time, each in a process of its
    own. One whose process dies is checked once more, from here."""
    _load(paths)
    works = [partial(_checked_alone, path, replace(options, inside=True)) for path in paths]
    found: dict[int, Report | InputError] = {}
    said = answers(works, options.patience, at_once=jobs)
    with contextlib.closing(said):
        for number in range(len(paths)):
            while number not in found:
                done, one = next(said)
                found[done] = next(_checked_alone(paths[done], options)) if isinstance(one, Died) else one
            yield found.pop(number)


def _load(paths: Sequence[str]) -> None:
    """Loads, by the first file that can be used, what every check needs, so that processes find it loaded."""
    for path in paths:
        with contextlib.suppress(InputError):
            ground(read_platforms(path, library())[0][1], library())
            return


def _checked_alone(path: str, options: Options) -> Iterator[Report | InputError]:
    try:
        yield check(path, options)
    except InputError as error:
        yield error
