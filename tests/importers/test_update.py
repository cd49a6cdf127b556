"""A new import over a file that was changed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from kexecspec.importers.compose.comments import Beside, comments_of
from kexecspec.importers.compose.marks import leaves, mark, marks_text, read_marks
from kexecspec.importers.compose.update import Kept, updated
from kexecspec.source import parse, plain

OLD: dict[str, Any] = {
    "memory": {"ram": ["0 + 1GiB"], "from": {"ram": "b.dtb:/m"}},
    "devices": {
        "usb": {"driver": "dwc3", "streams": [1], "from": {"driver": "b.dtb:/usb"}},
        "eth": {"dma": "unknown", "from": {"dma": "b.dtb:/eth"}, "confidence": {"dma": "unknown"}},
    },
}


def sums(content: dict[str, Any]) -> frozenset[bytes]:
    return read_marks("\n".join(marks_text(content)) + "\n")


def test_the_sums_of_all_facts_are_read_back() -> None:
    assert sums(OLD) == {mark(*fact) for fact in leaves(OLD)} and len(sums(OLD)) == 8


@pytest.mark.parametrize("text", ["", "#: AAAA\n", "#: sums of what was imported, by which an update knows\n"])
def test_a_file_without_sums_has_none(text: str) -> None:
    assert read_marks(text) == frozenset()


def test_damaged_sums_are_none() -> None:
    text = "\n".join(marks_text(OLD)).replace("#: ", "#: !")
    assert read_marks(text) == frozenset()


def test_what_nobody_changed_follows_the_new_import() -> None:
    new = {"devices": {"usb": {"driver": "xhci", "streams": [1, 2], "from": {"driver": "b.dtb:/usb"}}}, "first": "k"}
    assert updated(OLD, sums(OLD), new) == (new, ())


def test_what_was_changed_added_or_taken_away_by_hand_stays_so() -> None:
    mine: dict[str, Any] = {
        "memory": OLD["memory"],
        "devices": {
            "usb": {"driver": "caam", "from": {"driver": "b.dtb:/usb"}},
            "eth": {"dma": "ring", "from": {"dma": "b.dtb:/eth"}, "confidence": {"dma": "unknown"}},
            "own": {"driver": "optee-rng"},
        },
    }
    made, kept = updated(mine, sums(OLD), OLD)
    assert made["devices"] == {
        "usb": {"driver": "caam", "from": {"driver": "by hand"}},
        "eth": {"dma": "ring", "from": {"dma": "by hand"}},
        "own": {"driver": "optee-rng", "from": {"driver": "by hand"}},
    }
    assert kept == (
        Kept("devices.usb.driver", "caam", "dwc3"),
        Kept("devices.usb.streams", None, [1]),
        Kept("devices.eth.dma", "ring", "unknown"),
        Kept("devices.own.driver", "optee-rng", None),
    )
    again, still = updated(made, sums(OLD), OLD)
    assert (again, still) == (made, kept), "a second update changes nothing"


def test_without_sums_every_difference_is_somebody_s_own() -> None:
    made, kept = updated(OLD, frozenset(), {"memory": {"ram": ["0 + 2GiB"]}})
    assert made["memory"]["ram"] == ["0 + 1GiB"] and made["devices"]["usb"]["driver"] == "dwc3"
    assert len(kept) == 4


TEXT = """\
#: ours
# top
a: 1  # one

b:
  # two
  c: [1, 2]  # "three # four"
  "d # e": 'f # g'
  #: ours
  h: {i: 1}
# end
"""


def test_comments_are_known_by_the_fact_beside_which_they_stand() -> None:
    assert comments_of(TEXT, parse(TEXT, "t.yaml")) == {
        ("a",): Beside(("# top",), "# one"),
        ("b", "c"): Beside(("# two",), '# "three # four"'),
        (): Beside(("# end",)),
    }
    assert plain(parse(TEXT, "t.yaml")) == {"a": 1, "b": {"c": [1, 2], "d # e": "f # g", "h": {"i": 1}}}
