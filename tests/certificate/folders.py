"""Certificates to play with: made once, changed as files in memory, written anew with or without fitting sums."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kexecspec.certificate.examine import Examined, examine
from kexecspec.certificate.made import certificate
from kexecspec.certificate.verify import Conclusion, answers, conclusion
from kexecspec.check import checked
from kexecspec.options import Options
from kexecspec.solve.solvers import solver
from tests.goldens import ROOT

AFTER = "examples/tee-bnxt-fourth-kexec/after.yaml"
BEFORE = "examples/tee-bnxt-fourth-kexec/before.yaml"


@cache
def made(story: str) -> tuple[tuple[str, str], ...]:
    """The files of the certificate of a story."""
    found = certificate(checked(str(ROOT / story), Options(certified=True)))
    assert found is not None
    return tuple(found.files.items())


@dataclass
class Cert:
    """A certificate's files, to be changed."""

    story: str = AFTER
    files: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = dict(made(self.story))

    def replace(self, name: str, old: str, new: str) -> None:
        """Changes the first `old` in a file, which must be there."""
        assert old in self.files[name], (name, old)
        self.files[name] = self.files[name].replace(old, new, 1)

    @property
    def manifest(self) -> Any:
        """What the manifest says; to be given to `say` when it was changed."""
        return json.loads(self.files["manifest.json"])

    def say(self, content: Any) -> None:
        """Makes `content` the manifest."""
        self.files["manifest.json"] = json.dumps(content, indent=1) + "\n"

    def claim(self, name: str) -> tuple[Any, Any]:
        """The manifest, and in it the entry of the property whose name begins with `name`."""
        content = self.manifest
        return content, next(c for c in content["systems"][0]["properties"] if c["property"].startswith(name))

    def signed(self) -> Cert:
        """With sums that fit what the files are now."""
        content = self.manifest
        content["files"] = [
            {"path": name, "bytes": len(text.encode()), "sha256": hashlib.sha256(text.encode()).hexdigest()}
            for name, text in self.files.items()
            if name != "manifest.json"
        ]
        self.say(content)
        return self

    def write(self, folder: Path) -> str:
        """Writes the folder, as it is."""
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, newline="\n")
        return str(folder)


def verified(folder: str, *names: str) -> tuple[Examined, Conclusion]:
    """What solvers (z3 unless others are named) make of a certificate."""
    examined = examine(folder)
    return examined, conclusion(examined, tuple(answers(examined, [solver(n) for n in names or ("z3",)], 60)))
