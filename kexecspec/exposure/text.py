"""What masters and clients can reach, as plain text of 78 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kexecspec.diagnostics import escape
from kexecspec.exposure.bars import Bar, Cell, Turn
from kexecspec.exposure.durations import Lengths, unsafe_for
from kexecspec.exposure.exposed import Exposed
from kexecspec.exposure.told import Told
from kexecspec.exposure.unclear_text import unclear_lines
from kexecspec.report.look import Look, count, shell, wrapped

CELL = 8
NAMES = 24
"""Names of those that are never unsafe that are shown."""
TURNS = 4
"""Steps that begin or end the unsafe that are shown without `-v`."""


def as_text(told: Told, look: Look) -> str:
    """A bar for each handoff in which something unsafe can be reached, with `look.verbose` for each; what the marks
    mean; the unknown facts."""
    lines = wrapped(f"{told.path}: {told.platform}: {_counted(told)}", "", "  ")
    shown = [one for one in told.exposed if look.verbose or any(bar.unsafe or not bar.sure for bar in one.bars)]
    for number, one in enumerate(shown, 1):
        lines += ["", *_exposed(number, one, told, look)]
    lines += ["", *_legend(shown), *_never(told.exposed, shown), *_of_the_log(told)]
    lines += ["", *unclear_lines(told, look), "", *_ending(told)]
    return "\n".join(lines) + "\n"


def _counted(told: Told) -> str:
    masters = sum(1 + len(one.alike) for one in told.exposed if one.chart.kind == "device")
    clients = sum(1 + len(one.alike) for one in told.exposed if one.chart.kind == "client")
    parts = [count(masters, "master"), count(clients, "TEE client"), count(told.handoffs, "handoff")]
    return ", ".join(parts)


def _exposed(number: int, one: Exposed, told: Told, look: Look) -> Iterator[str]:
    yield from wrapped(f"{number}. {title(one)}", "", "   ")
    phases = [cell.phase for cell in one.bars[0].cells] if one.bars else []
    yield "   " + " ".join(phase.name.ljust(CELL) for phase in phases).rstrip()
    safe = [bar for bar in one.bars if not bar.unsafe and bar.sure]
    for bar in one.bars:
        if bar not in safe or look.verbose:
            yield from _bar(bar, told.lengths.get(one.name), look)
    if safe and not look.verbose:
        yield from wrapped(f"nothing unsafe: {', '.join(bar.handoff for bar in safe)}", "   ", "     ")


def title(one: Exposed) -> str:
    """A master or client, what it is, and the worst that it can reach."""
    smmu = f", behind {one.smmu}" if one.smmu else ""
    driver = f" ({one.driver}{smmu})" if one.driver else ""
    alike = f" and {count(len(one.alike), 'other')} that differ in names only" if one.alike else ""
    gravest = one.gravest
    name = "the secure world" if one.chart.kind == "tee" else one.name
    return f"{name}{driver}{alike}: {gravest.name if gravest else 'nothing'}"


def _bar(bar: Bar, lengths: Lengths | None, look: Look) -> Iterator[str]:
    yield f"   {escape(bar.handoff)}"
    yield ("   " + " ".join(map(drawn, bar.cells))).rstrip()
    if lengths is not None and any(cell.phase.name in lengths.phases for cell in bar.cells):
        yield ("   " + " ".join(_length(cell, lengths).ljust(CELL) for cell in bar.cells)).rstrip()
    yield from _turns("unsafe begins:", bar.begins, look)
    yield from _turns("made safe:", bar.ends, look)
    if bar.lasts:
        yield from wrapped("made safe: not before the next handoff", "     ", "       ")
    if bar.left is not None:
        yield from wrapped(f"an earlier handoff may have left: {bar.left.name} ({bar.left.mark})", "     ", "       ")
    if lengths is not None and bar.unsafe:
        length, whole = unsafe_for(bar, lengths)
        if length:
            yield f"     unsafe for {'' if whole else 'at least '}{duration(length)} by the log"


def drawn(cell: Cell) -> str:
    """A phase of a bar: its mark throughout; blank where no run gets there, `?` where not all was seen."""
    if cell.reach is not None:
        return cell.reach.mark * (CELL if cell.shown else CELL - 1) + ("" if cell.shown else "?")
    if not cell.sure:
        return "?" * CELL
    return ("." if cell.met else " ") * CELL


def _length(cell: Cell, lengths: Lengths) -> str:
    return duration(lengths.phases[cell.phase.name]) if cell.met and cell.phase.name in lengths.phases else ""


def duration(micros: int) -> str:
    """Microseconds as people say them, in at most eight characters."""
    if micros < 1000:
        return f"{micros} us"
    if micros < 1_000_000:
        return f"{micros / 1000:.1f} ms"
    return f"{micros / 1_000_000:.1f} s"


def _turns(label: str, turns: Sequence[Turn], look: Look) -> Iterator[str]:
    shown = turns if look.verbose else turns[:TURNS]
    for says, phase in shown:
        yield from wrapped(f"{label} ({phase}) {says}", "     ", "       ")
    if len(turns) > len(shown):
        yield f"     {label} {count(len(turns) - len(shown), 'more step')} (-v)"


def _legend(shown: Iterable[Exposed]) -> Iterator[str]:
    cells = [cell for one in shown for bar in one.bars for cell in bar.cells]
    left = [bar.left for one in shown for bar in one.bars]
    reaches = {r.mark: r for r in (*(cell.reach for cell in cells), *left) if r is not None}
    for reach in sorted(reaches.values(), key=lambda reach: (reach.rank, reach.mark)):
        yield from wrapped(f"{reach.mark}  {reach.name}: {reach.means}", "  ", "     ")
    if cells:
        yield "  .  nothing that is not its own; blank: no run gets into that phase"
    if any(cell.reach is not None and not cell.shown for cell in cells):
        yield from wrapped(
            "?  behind a mark: so it is if the secure world plays along; no run with all of it was seen", "  ", "     "
        )
    if any(cell.reach is None and not cell.sure for cell in cells):
        yield from wrapped("?  alone: nothing was found, and not all states were looked at", "  ", "     ")


def _never(everybody: Iterable[Exposed], shown: Sequence[Exposed]) -> Iterator[str]:
    rest = [one for one in everybody if one not in shown]
    names = [name for one in rest for name in (_name(one), *one.alike)]
    if names:
        more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
        yield from wrapped(f"Nothing unsafe in any handoff: {', '.join(names[:NAMES])}{more}", "", "  ")


def _name(one: Exposed) -> str:
    return "the secure world" if one.chart.kind == "tee" else one.name


def _of_the_log(told: Told) -> Iterator[str]:
    if told.log is None:
        return
    smmus = {one.smmu: told.lengths[one.name].smmu for one in told.exposed if one.name in told.lengths}
    known = {**{name: found.device for name, found in told.lengths.items()}, **smmus}
    names = [f"{name} = {device}" for name, device in known.items() if device]
    said = ", ".join(names) or "no device of the platform was recognised in it (--device NAME=KERNEL-NAME)"
    yield from wrapped(f"Times are those of {told.log}: {said}.", "", "  ")
    if not told.stamped:
        yield from wrapped("Its lines have no times: they are sums of initcalls, and at least what is said.", "  ")
    yield from wrapped(
        "What lies between the jump and the next kernel's first clock tick is in no log, and comes on top.", "  "
    )


def _ending(told: Told) -> Iterator[str]:
    exposed = sum(1 + len(one.alike) for one in told.exposed if any(bar.unsafe for bar in one.bars))
    of = sum(1 + len(one.alike) for one in told.exposed)
    for said in told.objections:
        yield from wrapped(f"DISAGREEMENT: {said}", "", "  ")
    yield f"{exposed} of {of} are exposed on {escape(told.platform)}"
    yield from wrapped(f"next: kexecspec check {shell(told.path)}", "", "  ")
