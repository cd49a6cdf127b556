"""Shards: dealt evenly, put together where they fit, refused with the reason where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.diagnostics import InputError
from kexecspec.sweep.plan import planned
from kexecspec.sweep.read import read_matrix
from kexecspec.sweep.results import Results
from kexecspec.sweep.shards import merged
from tests.sweep.fleets import MATRIX, fleet
from tests.sweep.made_rows import HEAD, REFUTED, ROWS, row, shard
from tests.sweep.test_identity import MADE


def files(*parts: int, of: int = 3) -> list[Results]:
    return [Results(f"{number}.jsonl", *shard(number, of)) for number in parts]


def refused(found: Sequence[Results]) -> str:
    with pytest.raises(InputError) as raised:
        merged(found)
    return "\n".join(f"{d.span.path}:{d.span.line}: {d.code} {d.message}" for d in raised.value.diagnostics)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_shards_are_disjoint_even_and_all_there_is(count: int, tmp_path: Path) -> None:
    axis = "  n: {at: secure_world.threads, values: [1, 2, 3, 4, 5, 6]}\n"
    matrix = read_matrix(str(fleet(tmp_path, MATRIX + axis)))
    plans = [planned(matrix, MADE, (number, count)) for number in range(1, count + 1)]
    numbers = [one.combination.number for plan in plans for one in plan.mine]
    assert sorted(numbers) == list(range(1, 37))
    sizes = [plan.head.mine for plan in plans]
    assert max(sizes) - min(sizes) <= 1 and sum(sizes) == 36
    assert len({(plan.head.matrix, plan.head.total) for plan in plans}) == 1


def test_all_shards_make_the_whole() -> None:
    head, rows = merged(files(3, 1, 2))
    assert (head, rows) == (HEAD, ROWS)
    assert merged([Results("all.jsonl", head, rows)]) == (head, rows)


def test_a_shard_twice_is_no_harm_where_it_says_the_same() -> None:
    one, two, three = files(1, 2, 3)
    slower = replace(one, path="again.jsonl", rows=tuple(replace(r, seconds=9.0, solved=False) for r in one.rows))
    assert merged([one, slower, two, three])[0] == HEAD
    assert [row.answer for row in merged([slower, one, two, three])[1]] == [row.answer for row in ROWS]


def test_missing_shards_are_named() -> None:
    assert refused(files(2)) == "2.jsonl:1: KX030 shards 1, 3 of 3 are missing"
    assert refused(files(3, 1)) == "3.jsonl:1: KX030 shard 2/3 is missing"


def test_different_answers_are_refused() -> None:
    one, two, three = files(1, 2, 3)
    other = replace(one, path="again.jsonl", rows=(row(1, REFUTED), *one.rows[1:]))
    assert refused([one, two, three, other]) == (
        "again.jsonl:2: KX030 another result for platform board-1.yaml, kernel 5.10 than in '1.jsonl'"
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"matrix": "f" * 64}, "another matrix, or another content of its files"),
        ({"made": replace(HEAD.made, specs="f" * 64)}, "other specifications"),
        ({"made": replace(HEAD.made, tool="f" * 64)}, "another kexecspec"),
        ({"made": replace(HEAD.made, z3="4.12")}, "another z3"),
        ({"made": replace(HEAD.made, only=())}, "another --only"),
        ({"made": replace(HEAD.made, rlimit=10)}, "another --rlimit"),
        ({"shard": (2, 4)}, "4 shards, not 3"),
    ],
)
def test_what_was_made_from_something_else_is_refused(change: dict[str, object], says: str) -> None:
    one, two, three = files(1, 2, 3)
    other = replace(two, head=replace(two.head, **change))  # type: ignore[arg-type]
    assert refused([one, other, three]) == f"2.jsonl:1: KX030 it does not go with '1.jsonl': {says}"


def test_a_shard_that_is_not_whole_is_refused() -> None:
    one, two, three = files(1, 2, 3)
    assert refused([one, replace(two, rows=two.rows[1:]), three]) == "2.jsonl:1: KX030 shard 2/3 has 1 of its 2 results"
    torn = replace(two, rows=two.rows[1:], torn=3)
    assert refused([one, torn, three]) == "2.jsonl:3: KX030 its last line is half written"
    twice = replace(two, rows=(two.rows[0], two.rows[0]))
    assert refused([one, twice, three]) == "2.jsonl:1: KX030 shard 2/3 has 1 of its 2 results"


def test_shards_that_overlap_and_leave_some_out_are_refused() -> None:
    one, two, three = files(1, 2, 3)
    moved = replace(two, rows=(two.rows[0], replace(row(4), answer=one.rows[1].answer, system=None)))
    assert refused([one, moved, three]) == "1.jsonl:1: KX030 there are results for 5 of 6 combinations"
