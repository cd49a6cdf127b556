"""An audit as JSON (schemas/audit.schema.json) and as CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from kexecspec.audit.audit import Audit
from kexecspec.audit.rows import COLUMNS, STANDINGS, as_table
from kexecspec.audit.tables import Group, by_board, by_driver, by_subsystem, open_facts, reasons, totals

SCHEMA = "kexecspec/audit/1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(audit: Audit) -> str:
    """The whole of it."""
    content = {
        "schema": SCHEMA, "kernel": audit.kernel, "tree": audit.tree, "made": audit.made, "boards": audit.boards,
        "with_masters": audit.with_masters, "masters": audit.masters, "asked": audit.asked, "solved": audit.solved,
        "notes": list(audit.notes),
        "totals": totals(audit.rows),
        "by_driver": [_group(one) for one in by_driver(audit.rows)],
        "by_subsystem": [_group(one) for one in by_subsystem(audit.rows)],
        "by_board": [_group(one) for one in by_board(audit.rows)],
        "open_facts": dict(open_facts(audit.rows)),
        "reasons": dict(reasons(audit.rows)),
        "rows": [as_table(row) for row in audit.rows],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=True, indent=1) + "\n"


def _group(group: Group) -> dict[str, Any]:
    counts = {standing: group.count(standing) for standing in STANDINGS}
    return {
        "name": group.name, "counts": counts, "subjects": group.subjects, "boards": group.boards,
        "place": group.place, "errors": dict(group.handoffs),
    }  # fmt: skip


def as_csv(audit: Audit) -> str:
    """One line a row. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in audit.rows:
        table = as_table(row)
        writer.writerow([_cell(table[column]) for column in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
