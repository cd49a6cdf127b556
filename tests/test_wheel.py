"""The wheel holds the package with specs/ and schemas/ inside; a checkout finds them beside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from kexecspec.resources import schemas_root, specs_root
from tests.goldens import ROOT


def test_the_wheel_ships_specifications_and_schemas(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    for folder, packed in (("specs", "_specs"), ("schemas", "_schemas"), ("kexecspec", "")):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".yaml", ".json", ".py"):
                assert (Path("kexecspec") / packed / file.relative_to(ROOT / folder)).as_posix() in names


def test_a_checkout_finds_its_own_specifications() -> None:
    assert specs_root() == ROOT / "specs"
    assert schemas_root() == ROOT / "schemas"
