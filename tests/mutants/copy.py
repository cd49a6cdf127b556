"""Copies of the tree in which mutants are tried: nothing is ever changed where the tree itself is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

FOREIGN = (".*", "__pycache__", "build", "*.egg-info")


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A temporary copy of the tree `root`, compiled, gone afterwards."""
    with TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*FOREIGN))
        compiled = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "kexecspec", "tests"]
        subprocess.run([sys.executable, *compiled], cwd=tree, check=False, stdout=subprocess.DEVNULL)
        yield tree


def surroundings(tree: Path) -> Mapping[str, str]:
    """The environment in which a process uses the code of `tree`, and writes none of its own beside it."""
    return {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
