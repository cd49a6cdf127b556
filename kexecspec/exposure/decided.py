"""What is left open where a part has too many states to look at: each phase is judged, as a property is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kexecspec import confirm, hashes, present
from kexecspec.cache.memory import remembered
from kexecspec.exposure.bars import Bar, Cell
from kexecspec.exposure.states import States
from kexecspec.ground.ground import with_flow
from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.expr import conjoin, disjoin, equal, negate
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.platform.facts import Edge
from kexecspec.solve.together import judge_together

CODE = "REACH"


def decided(
    bars: Sequence[Bar], edges: Sequence[Edge], states: States, library: Library, options: Options
) -> tuple[tuple[Bar, ...], tuple[str, ...]]:
    """`bars` in which those phases are certain, too, of which it is proved that nothing unsafe is reached in any run,
    or of which a run was found; and what a second look at the proofs objects to."""
    asked = {
        prop.id: (number, place, prop)
        for number, (one, edge) in enumerate(zip(bars, edges, strict=True))
        for place, prop in _asked(one, edge, states)
    }
    if not asked:
        return tuple(bars), ()
    system = states.asked.system
    properties = tuple(prop for _, _, prop in asked.values())
    sums = hashes.of_installation(library)
    memory = remembered(options.cache, system, properties, (options.rlimit, *sums))
    found = memory.with_rest(
        lambda rest: judge_together(with_flow(system), rest, options.rlimit, shelf=memory.shelf, inside=options.inside)
    )
    by_id = {one.property: one for one in found}
    findings = [present.finding(system, prop, by_id.get(prop.id)) for prop in properties]
    findings, objections = confirm.proofs(system, lambda: with_flow(system), findings, options.inside)
    memory.keep(found, not objections)
    cells = [list(one.cells) for one in bars]
    for finding in findings:
        number, place, _ = asked[finding.property.id]
        cells[number][place] = _settled(cells[number][place], finding.verdict, finding.trace, states)
    return tuple(replace(one, cells=tuple(row)) for one, row in zip(bars, cells, strict=True)), objections


def _settled(cell: Cell, verdict: Verdict, run: Trace | None, states: States) -> Cell:
    if verdict is Verdict.REFUTED and run is not None:
        reach = next((reach for reach, holds in states.asked.reaches if evaluate(holds, run.last)), None)
        return replace(cell, reach=reach, met=True, sure=True)
    return replace(cell, sure=True) if verdict is Verdict.PROVED else cell


def _asked(one: Bar, edge: Edge, states: States) -> Iterator[tuple[int, Property]]:
    """Of each phase in which nothing unsafe was found among the states that were looked at: that nothing is."""
    unsafe = disjoin(holds for reach, holds in states.asked.reaches if reach.unsafe)
    earlier: dict[bool, list[Expr]] = {True: [], False: []}
    for place, (phase, holds) in enumerate(states.asked.phases):
        first = conjoin((holds, *map(negate, earlier[phase.old])))
        earlier[phase.old].append(holds)
        cell = one.cells[place]
        if cell.reach is None and not cell.sure:
            where = conjoin((first, *_during(edge, phase.old, states.asked.system), unsafe))
            yield place, Property(CODE, phase.name, edge.name, negate(where), TRUE, "")


def _during(edge: Edge, old: bool, system: TransitionSystem) -> Iterator[Expr]:
    """That the kernel runs which `edge` leaves, or the one that it has led to and that does not leave yet."""
    wanted = {"kernel": edge.start} if old else {"kernel": edge.end, "entered": edge.kind}
    yield from (equal(Ref(name), Const(label)) for name, label in wanted.items() if name in system.variables)
    if not old:
        yield negate(equal(Ref("phase"), Const("down")))
