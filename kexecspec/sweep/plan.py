"""Which combinations there are, what each is known by, and which of them one shard has to judge."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.diagnostics import InputError
from kexecspec.library import Library
from kexecspec.platform.ways import platforms_in
from kexecspec.sweep.combine import columns, combinations
from kexecspec.sweep.identity import Made, combination_id, matrix_sum, system_id
from kexecspec.sweep.lines import Head
from kexecspec.sweep.matrix import Combination, Matrix
from kexecspec.sweep.result import Answer, of_errors
from kexecspec.tree import Table

WHOLE = (1, 1)


@dataclass(frozen=True)
class Planned:
    """A combination and its id."""

    combination: Combination
    id: str


@dataclass(frozen=True)
class Plan:
    """What one run has to do: the head of its results, and the combinations of its shard. `specs` are the
    specifications if anything is laid over the library."""

    matrix: Matrix
    head: Head
    mine: tuple[Planned, ...]
    specs: Library | None = None


@dataclass(frozen=True)
class Ready:
    """A combination that can be judged, and what its system is known by."""

    planned: Planned
    tree: Table
    system: str


@dataclass(frozen=True)
class Unfit:
    """A combination that cannot be judged."""

    planned: Planned
    answer: Answer


def planned(matrix: Matrix, made: Made, shard: tuple[int, int] = WHOLE, specs: Library | None = None) -> Plan:
    """The plan for one shard of a matrix, `made` with `specs` where these are not the library's alone.

    Raises InputError for a matrix that cannot be used.

    Shards are dealt by the combinations' ids: each has the same number, give or take those that say the same, and
    which combinations it has does not hang on the order of the axes.
    """
    everything = [Planned(one, combination_id(one, made)) for one in combinations(matrix)]
    first, count = shard
    turn = {one: number % count for number, one in enumerate(sorted({one.id for one in everything}))}
    mine = tuple(one for one in everything if turn[one.id] == first - 1)
    total = matrix_sum((one.combination.names, one.id) for one in everything)
    head = Head(matrix.name, matrix.path, columns(matrix), total, made, len(everything), len(mine), shard)
    return Plan(matrix, head, mine, specs)


def prepared(planned: Planned, made: Made, library: Library) -> Ready | Unfit:
    """What there is to judge of a combination, or what is wrong with it."""
    try:
        tree = planned.combination.tree()
        ways = platforms_in(tree, planned.combination.path, library)
    except InputError as error:
        return Unfit(planned, of_errors(error.diagnostics))
    return Ready(planned, tree, system_id(ways, made))
