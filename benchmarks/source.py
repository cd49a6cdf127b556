"""Reading a whole kernel tree: `python benchmarks/source.py TREE [JOBS]` (2).

The index is made in a new folder, then opened again; each time it is asked for COMPATIBLES (50) compatibles from all
over the tree. Times are those of the clock, and of all processors: the second says what an idle machine would need.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from kexecspec.importers.source.index import opened_index

COMPATIBLES = int(os.environ.get("COMPATIBLES", "50"))


def spent() -> float:
    """Processor seconds of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def opened(root: Path, folder: Path, jobs: int, asked: int) -> str:
    """One line about opening the index in `folder`, and asking for `asked` compatibles."""
    began, before = time.monotonic(), spent()
    with opened_index(root, folder, jobs) as index:
        ready, used = time.monotonic() - began, spent() - before
        texts = index.sources.texts_of("of")
        drivers = sum(len(index.drivers_for(text)) for text in texts[:: max(1, len(texts) // max(1, asked))][:asked])
    took = time.monotonic() - began - ready
    return f"open {ready:.1f} s ({used:.1f} s of processors), {asked} compatibles {took:.1f} s, {drivers} drivers"


def main() -> None:
    """Measures one tree."""
    root, jobs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with tempfile.TemporaryDirectory() as name:
        for label in ("new", "again"):
            print(f"{label}: {opened(root, Path(name), jobs, COMPATIBLES)}", flush=True)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"peak of one process: {peak >> 10} MiB")


if __name__ == "__main__":
    main()
