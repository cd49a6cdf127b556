"""An expectation that did not come out, in words."""

from __future__ import annotations

from kexecspec.findings import Unmet
from kexecspec.report.look import count


def unmet_text(unmet: Unmet) -> str:
    """`expect not met: FINDING: expected ..., found ...`."""
    wanted = unmet.expectation
    details = [wanted.verdict]
    if wanted.handoffs is not None:
        details.append(f"after {count(wanted.handoffs, 'handoff')}")
    if wanted.harm is not None:
        details.append(f"with {wanted.harm}")
    return f"expect not met: {wanted.finding}: expected {' '.join(details)}, found {unmet.found}"
