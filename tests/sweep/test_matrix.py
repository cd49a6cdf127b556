"""Matrix files: what they come to, and everything that can be wrong with one, before anything is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.diagnostics import InputError
from kexecspec.sweep.combine import columns, combinations
from kexecspec.sweep.read import read_matrix
from kexecspec.tree import plain
from tests.sweep.fleets import MATRIX, fleet


def names(path: Path) -> list[str]:
    return [" ".join(name for _, name in one.names) for one in combinations(read_matrix(str(path)))]


def wrong(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as raised:
        combinations(read_matrix(str(fleet(folder, text))))
    return "\n".join(f"{d.span.line}:{d.span.column} {d.code} {d.message}; {d.help}" for d in raised.value.diagnostics)


def test_platforms_come_first_and_the_last_axis_changes_first(tmp_path: Path) -> None:
    assert names(fleet(tmp_path)) == [
        "board-a.yaml 5.10.19", "board-a.yaml 5.10.20", "board-a.yaml 5.14",
        "board-b.yaml 5.10.19", "board-b.yaml 5.10.20", "board-b.yaml 5.14",
    ]  # fmt: skip


def test_values_are_laid_over_the_platform_as_extends_does(tmp_path: Path) -> None:
    more = """\
  mode:
    - {name: plain}
    - {name: more, set: {secure_world: {threads: 4, supplicant: null}, handoffs: []}}
    - {name: file, file: mode.yaml, set: {secure_world: {threads: 3}}}
"""
    (tmp_path / "mode.yaml").write_text("secure_world: {threads: 7, min_threads: 2}\n")
    matrix = read_matrix(str(fleet(tmp_path, MATRIX + more)))
    found = {one.names[0][1] + one.names[2][1]: one for one in combinations(matrix)}

    before, after, third = (plain(found["board-a.yaml" + mode].tree()) for mode in ("plain", "more", "file"))

    assert isinstance(before, dict) and isinstance(after, dict) and isinstance(third, dict)
    assert before["kernels"] == after["kernels"] == {"prod": {"version": "5.14"}}
    assert "expect" not in before, "what the file expects is about the file as it stands"
    assert after["handoffs"] == [] and before["handoffs"]
    world = dict(before["secure_world"])  # type: ignore[call-overload]
    assert third["secure_world"] == world | {"threads": 3, "min_threads": 2}
    world.pop("supplicant")
    assert after["secure_world"] == world | {"threads": 4}


def test_excluded_put_back_and_added(tmp_path: Path) -> None:
    more = """\
exclude:
  - {kernel: 5.10.*}
include:
  - {kernel: 5.10.20, platform: [board-b.yaml]}
  - {name: big, set: {secure_world: {threads: 8}}, kernel: 5.14, platform: "*-a*"}
"""
    path = fleet(tmp_path, MATRIX + more)

    assert names(path) == ["board-a.yaml 5.14", "board-b.yaml 5.10.20", "board-b.yaml 5.14", "board-a.yaml 5.14 big"]
    assert columns(read_matrix(str(path))) == ("platform", "kernel", "include")
    tree = plain(combinations(read_matrix(str(path)))[-1].tree())
    assert isinstance(tree, dict) and tree["secure_world"]["threads"] == 8  # type: ignore[index,call-overload]


AXES = "axes:\n  platform: [board-a.yaml]\n"

WRONG = {
    "no platforms": ("axes: {kernel: [{name: a}]}\n", "1:1 KX008 'platform' is missing in 'axes'"),
    "no axes": ("sweep: x\n", "1:1 KX008 'axes' is missing"),
    "no file": ("axes: {platform: [none.yaml]}\n", "1:19 KX013 'none.yaml': cannot be read: No such file"),
    "a folder": ("axes: {platform: [.]}\n", "1:19 KX014 '.': a directory, not a file"),
    "a pattern that nothing fits": ("axes: {platform: [rig-*.yaml]}\n", "1:19 KX029 no file fits 'rig-*.yaml'"),
    "the same file twice": (
        "axes: {platform: [board-*.yaml, board-a.yaml]}\n",
        "1:33 KX023 'board-a.yaml' stands twice",
    ),
    "too many": (
        MATRIX + "limit: 5\n",
        "4:3 KX018 2 x 3 = 6 combinations, more than the limit of 5; shorten an axis, or say 'limit: 6'",
    ),
    "too many with what is included": (
        MATRIX + "limit: 7\ninclude: [{name: x, set: {}, kernel: '5.10*'}]\n",
        "KX018 10 combinations with what is included",
    ),
    "no mapping": ("[]\n", "1:1 KX006 the file is a mapping, not a list"),
    "a file that holds none": ("axes: {platform: [list.yaml]}\n", "1:19 KX006 'list.yaml' holds no mapping"),
}

WRONG_BESIDE_AXES = {
    "an empty axis": ("  smmu: []\n", "3:9 KX007 'smmu' is empty: at least 1 needed"),
    "an empty list of values": ("  k: {at: a.b, values: []}\n", "3:24 KX007 'values' is empty"),
    "an unknown key": ("exclud: []\n", "3:1 KX003 unknown key 'exclud'; did you mean 'exclude'?"),
    "an unknown key of a value": ("  m: [{name: a, sets: {}}]\n", "3:17 KX003 unknown key 'sets' in item 1"),
    "a form of the future": ("schema: kexecspec/sweep/9\n", "3:9 KX021 unknown form of the file"),
    "the same value twice": ("  m: [{name: a}, {name: b}, {name: a}]\n", "3:36 KX023 'a' stands twice in 'm' (line 3)"),
    "a taken name": ("  include: [{name: a}]\n", "3:3 KX002 no axis can be called 'include'"),
    "a name with a space": ("  a b: [{name: a}]\n", "3:3 KX009 the key 'a b' is not the name of an axis"),
    "a place that is none": ("  k: {at: a..b, values: [1]}\n", "3:11 KX009 'a..b' is not keys with dots"),
    "an overlay that extends": (
        "  m: [{name: a, set: {extends: x}}]\n",
        "3:23 KX019 what a value sets extends nothing",
    ),
    "an unknown axis": ("exclude: [{platfrom: a}]\n", "3:12 KX002 unknown axis 'platfrom'; did you mean 'platform'?"),
    "an unknown value": (
        "exclude: [{platform: board-b*}]\n",
        "3:22 KX002 no value of 'platform' is or fits 'board-b*'",
    ),
    "an exclude that excludes nothing more": (
        "  m: [{name: a}, {name: b}]\nexclude:\n  - {m: a}\n  - {m: a, platform: '*'}\n",
        "6:5 KX029 this excludes nothing that others leave",
    ),
    "an include that puts nothing back": ("include: [{platform: '*'}]\n", "3:11 KX029 this includes nothing"),
    "nothing is left": ("exclude: [{platform: '*'}]\n", "3:11 KX029 nothing is left: everything is excluded"),
    "a name without set": ("include: [{name: a}]\n", "3:12 KX022 'name' needs 'set' beside it"),
    "the same added twice": (
        "include:\n  - {name: x, set: {}}\n  - {name: x, set: {}, platform: '*'}\n",
        "5:5 KX023 'x' is added twice to platform board-a.yaml; give it another name",
    ),
    "a limit of nothing": ("limit: 0\n", "3:8 KX007 'limit' is 0, too small"),
}
"""What follows `AXES`."""

WRONG |= {case: (AXES + more, says) for case, (more, says) in WRONG_BESIDE_AXES.items()}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_at_its_place(case: str, tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("[]\n")
    text, says = WRONG[case]
    assert says in wrong(tmp_path, text)


def test_a_product_explodes_before_it_is_made(tmp_path: Path) -> None:
    axes = "".join(f"  a{n}: {{at: x, values: [{', '.join(map(str, range(100)))}]}}\n" for n in range(12))
    assert "= 1000000000000000000000000 combinations" in wrong(tmp_path, AXES + axes)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: [\n")
    said = wrong(tmp_path, "axes: {platform: [none.yaml, broken.yaml, rig-*], m: [{name: a}]}\nexclude: [{m: b}]\n")
    assert [line.split()[1] for line in said.splitlines()] == ["KX013", "KX029", "KX002", "KX001"]
