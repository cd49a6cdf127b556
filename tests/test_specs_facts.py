"""The library's facts come to what tests/library.expect says: no fact changes unseen."""

from __future__ import annotations

from kexecspec.library import library
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.secure_world import settled
from kexecspec.source import parse
from tests.library_facts import EXPECTED, library_text, mentioned, releases


def test_the_library_comes_to_what_its_expect_file_says() -> None:
    assert library_text() == EXPECTED.read_text()


def test_releases_beside_each_named_one_are_looked_at() -> None:
    named = [str(version) for version in mentioned({"since": "5.14-rc5", "backports": {"5.10": "5.10.58"}})]

    assert named == ["5.10.57", "5.10.58", "5.10.59", "5.14-rc4", "5.14-rc5", "5.14-rc6"]


def test_releases_of_a_secure_world_are_looked_at_where_something_changes() -> None:
    spec = library().spec("tee", "optee")
    assert spec is not None
    assert {"1.1.0", "2.0.0", "3.18.0", "4.5.0", "4.10.0"} <= set(releases(spec.content))
    assert releases(spec.content)[0] == "1.1.0"


def test_what_a_secure_world_is_said_not_to_support_none_of_its_platforms_has() -> None:
    said = []
    for spec in library().all("tee"):
        world = settled({"secure_world": {spec.name: True}}, library(), Complaints(parse("{}", "none")))
        for name, entry in spec.content["capabilities"].items():
            if "supported" in entry:
                said.append((spec.name, name))
                assert bool(world.get(name, False)) is entry["supported"], (spec.name, name)
    assert {tee for tee, _ in said} == {"amdtee", "none"}
