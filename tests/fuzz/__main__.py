"""`python -m tests.fuzz --minutes 30`: every target in turn, in a process of its own; exit 1 where something was found.

Coverage-guided by atheris where that can be imported (extra `[fuzz]`), else by random changes of the same seeds.
What is found is written to .fuzz/TARGET/, each place in the code once.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

SHARES = {
    "loader": 10, "rules": 5, "traces": 5, "certificates": 5, "sweeps": 3, "results": 2, "answers": 2,
    "blobs": 4, "sources": 4,
}  # fmt: skip


def main() -> int:
    """Shares the minutes out to the targets, or runs the one that is named."""
    asked = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    asked.add_argument("--minutes", type=float, default=30.0)
    asked.add_argument("--target", choices=sorted(SHARES))
    asked.add_argument("--engine", choices=("atheris", "own"))
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--found", default=".fuzz")
    given = asked.parse_args()
    if given.target:
        return _one(given.target, given.minutes * 60, given.engine, given.seed, Path(given.found))
    whole = sum(SHARES.values())
    codes = []
    for target, share in SHARES.items():
        again = [sys.executable, "-m", "tests.fuzz", "--target", target, "--found", given.found]
        again += ["--seed", str(given.seed), "--minutes", str(given.minutes * share / whole)]
        again += ["--engine", given.engine] if given.engine else []
        codes.append(subprocess.run(again, check=False).returncode)
    return max(codes)


def _one(target: str, seconds: float, engine: str | None, seed: int, found: Path) -> int:
    if engine != "own":
        try:
            import atheris
        except ImportError:
            if engine:
                raise
        else:
            return _guided(atheris, target, seconds, seed, found)
    from tests.fuzz.mutate import mutated
    from tests.fuzz.record import Record
    from tests.fuzz.targets import corpus

    seeds = [path.read_bytes() for path in corpus(target)]
    dice, record, end = random.Random(seed), Record(target, found, "own"), time.monotonic() + seconds
    while time.monotonic() < end:
        record.run(mutated(dice, seeds))
    return record.close()


def _guided(atheris: object, target: str, seconds: float, seed: int, found: Path) -> int:
    with atheris.instrument_imports(include=["kexecspec"]):  # type: ignore[attr-defined]
        from tests.fuzz.record import Record
    from tests.fuzz.targets import CORPUS

    record, end = Record(target, found, "atheris"), time.monotonic() + seconds
    grown = found / target / "grown"
    grown.mkdir(parents=True, exist_ok=True)
    words = found / target / "words"
    words.write_bytes(_dictionary())

    def one(content: bytes) -> None:
        if time.monotonic() > end:
            record.close()
            sys.stdout.flush()
            os._exit(1 if record.places else 0)
        record.run(content)

    atheris.Setup(  # type: ignore[attr-defined]
        [sys.argv[0], str(grown), str(CORPUS / target), f"-seed={seed + 1}", "-verbosity=0", "-max_len=65536",
         "-rss_limit_mb=0", "-timeout=300", "-report_slow_units=300", f"-artifact_prefix={grown.parent}/",
         f"-dict={words}", "-close_fd_mask=0", "-print_final_stats=0"],
        one,
    )  # fmt: skip
    atheris.Fuzz()  # type: ignore[attr-defined]
    return record.close()


def _dictionary() -> bytes:
    from tests.fuzz.mutate import WORDS

    return b"".join(b'"' + b"".join(b"\\x%02x" % byte for byte in word) + b'"\n' for word in WORDS)


if __name__ == "__main__":
    sys.exit(main())
