"""Changed facts: each is found, and any of them can be laid over the old file."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from kexecspec.library import library
from kexecspec.review.changes import changes, laid
from kexecspec.review.edits import put, scalar
from kexecspec.review.features import has
from kexecspec.review.smallest import smallest
from kexecspec.source import parse
from kexecspec.tree import Table, find, plain

BASE = """
platform: one
devices: {nic: {driver: generic-platform, after: [smmu]}}
kernels: {prod: {version: 5.10.19, features: {smmu2-shutdown-aborts: true}}}
handoffs: [prod -kexec-> prod]
"""
OTHER = """
platform: two
about: What a person reads.
devices: {nic: {driver: generic-pci, bus: pci}, gpu: {driver: generic-platform}}
kernels: {prod: {version: 5.10.60}}
handoffs: [prod -kexec-> prod]
assume: {fabric_drains: true}
"""


def tree(text: str) -> Table:
    found = parse(text, "a.yaml")
    assert isinstance(found, Table)
    return found


def facts(root: Table) -> Any:
    """What a tree says, a kernel's features as they are in effect."""
    said: Any = plain(root)
    return [
        {key: value for key, value in said.items() if key not in ("platform", "about", "kernels")},
        said["kernels"]["prod"]["version"],
        has(find(root, ("kernels", "prod")), library()),
    ]


def test_a_version_is_told_feature_by_feature() -> None:
    found = changes(tree(BASE), tree(OTHER), library())

    names = {change.what: (change.old, change.new) for change in found}
    assert names["kernels.prod.version"] == ("5.10.19", "5.10.60")
    assert names["kernels.prod.features.tee-bnxt-shutdown"] == ("false", "true")
    assert names["kernels.prod.features.smmu2-shutdown-aborts"] == ("true", "false")
    assert names["devices.nic.after"] == ("[smmu]", None)
    assert names["devices.gpu"] == (None, "{driver: generic-platform}")
    assert names["assume.fabric_drains"] == (None, "true")
    assert not any(name.startswith(("platform", "about", "handoffs")) for name in names)


def test_a_change_stands_where_it_was_written() -> None:
    found = {change.what: change.place.line for change in changes(tree(BASE), tree(OTHER), library())}

    assert found["devices.nic.driver"] == 4 and found["devices.nic.after"] == 3
    assert found["kernels.prod.features.tee-bnxt-shutdown"] == 5


def test_all_changes_laid_over_the_old_file_say_what_the_new_one_says() -> None:
    old, new = tree(BASE), tree(OTHER)
    found = changes(old, new, library())

    assert facts(laid(old, new, found, library())) == facts(new)
    assert facts(laid(old, new, (), library())) == facts(old)


def test_each_change_alone_changes_just_that() -> None:
    old, new = tree(BASE), tree(OTHER)
    for change in changes(old, new, library()):
        again = changes(old, laid(old, new, (change,), library()), library())
        assert [one.what for one in again] == [change.what]


def test_a_table_that_was_empty_stays_and_one_that_becomes_empty_goes() -> None:
    root = tree("a: {b: {c: 1}, d: {}}")

    assert plain(put(root, ("a", "b", "c"), None)) == {"a": {"d": {}}}
    assert plain(put(root, ("a", "d", "e"), None)) == {"a": {"b": {"c": 1}, "d": {}}}
    assert plain(put(root, ("x", "y"), scalar(True, root))) == {"a": {"b": {"c": 1}, "d": {}}, "x": {"y": True}}


@pytest.mark.parametrize("wanted", [*combinations(range(9), 1), *combinations(range(9), 3), ()])
def test_what_is_left_is_just_what_is_needed(wanted: tuple[int, ...]) -> None:
    assert smallest(range(9), lambda chosen: set(wanted) <= set(chosen)) == wanted


def test_what_is_left_holds_also_where_more_is_not_better() -> None:
    def odd(chosen: object) -> bool:
        return len(list(chosen)) % 2 == 1  # type: ignore[call-overload]

    assert len(smallest(range(7), odd)) % 2 == 1
