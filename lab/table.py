"""All runs as one table: a line each, with how many cells say what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lab.scenario import Scenario

COLUMNS = ("run", "s", "kernels", "agree", "no frame came", "not seen", "differ", "registers", "refuted")


def line(
    scenario: Scenario, ended: str, up: int, counted: Mapping[str, int], refuted: Sequence[str]
) -> tuple[str, ...]:
    """A run's line. A run that was ended from outside is marked."""
    unseen = sum(count for said, count in counted.items() if said.startswith("not seen"))
    agree, differ = counted.get("registers agree", 0), counted.get("registers DIFFER", 0)
    codes = ", ".join(sorted({one.partition("/")[0] for one in refuted})) or "-"
    return (
        scenario.name,
        ended.rpartition(" ")[0].rpartition(" ")[2] + ("" if ended.startswith("ended") else " (killed)"),
        f"{up} of {len(scenario.plan)}",
        str(counted.get("agrees", 0)),
        str(counted.get("agrees: nothing came", 0)),
        str(unseen),
        str(counted.get("DIFFERS", 0)),
        f"{agree} of {agree + differ}",
        codes,
    )


def table(lines: Sequence[tuple[str, ...]]) -> str:
    """The table, in Markdown, and its sums."""
    sums = Counter[int]()
    for cells in lines:
        sums.update({column: int(cells[column]) for column in (3, 4, 5, 6)})
    total = ("all", "", "", *(str(sums[column]) for column in (3, 4, 5, 6)), "", "")
    rows = [COLUMNS, ("---",) * len(COLUMNS), *lines, total]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
