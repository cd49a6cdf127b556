"""python -m tests.export [--seconds N] [FILE...]: every story's properties, judged by whoever is installed.

ABC is asked about the whole system, SPIN and Spacer about what bears on the property, z3 and cvc5 about our evidence.
Exits 1 where somebody's verdict is not ours.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kexecspec.cli.platforms import settled
from kexecspec.solve.judge import judge
from tests.soak.peers import absent, opinions, premised

ROOT = Path(__file__).parent.parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Prints what differs, and a row for each who was asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.export", description=__doc__)
    parser.add_argument("files", nargs="*", default=sorted((ROOT / "examples").glob("*/*.yaml")))
    parser.add_argument("--seconds", type=int, default=10, help="for each question")
    asked = parser.parse_args(arguments)
    counts: dict[str, Counter[str]] = {}
    for file in asked.files:
        for name, found in _story(file, asked.seconds):
            kind = "open" if found is None else "wrong" if found else "agrees"
            counts.setdefault(name, Counter())[kind] += 1
            if found:
                print(f"{file}: {found}", flush=True)
    print(f"{'asked':<12}{'agrees':>8}{'open':>8}{'wrong':>8}")
    for name, count in counts.items():
        print(f"{name:<12}{count['agrees']:>8}{count['open']:>8}{count['wrong']:>8}")
    print("\n".join(absent()))
    return 1 if any(count["wrong"] for count in counts.values()) else 0


def _story(file: Path, seconds: int) -> Iterator[tuple[str, str | None]]:
    for one in settled(str(file)):
        props = premised(one.system)
        for prop, judged in zip(props, judge(one.system, props), strict=True):
            yield from opinions(one.system, prop, judged, seconds)


if __name__ == "__main__":
    sys.exit(main())
