"""Why something never happens, in a sentence."""

from __future__ import annotations

from kexecspec.findings import Missing


def sentence(links: tuple[Missing, ...]) -> str:
    """The chain in words: the step that is missing and why, and what does not happen without it."""
    if not links:
        return ""
    last, steps = links[-1], [f'"{link.step}"' for link in links if link.step]
    never = " and ".join(last.never)
    said = f"{never} {'are never so together' if len(last.never) > 1 else 'is never so'}"
    if steps:
        said = f"{steps[-1]} never happens, for {said}"
    lines = [f"{place.line} ({name})" for name, place in last.lines]
    hangs = f" (by line{'s' if len(lines) > 1 else ''} {', '.join(lines)})" if lines else ""
    without = f"; so neither does {', '.join(reversed(steps[:-1]))}" if len(steps) > 1 else ""
    return said + hangs + without
