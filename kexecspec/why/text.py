"""The reasons of proofs as plain text, 78 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kexecspec.diagnostics import escape
from kexecspec.ir.system import Place, Rule
from kexecspec.ir.verdict import Verdict
from kexecspec.report.look import count, value, wrapped
from kexecspec.why.explained import Explained, Tried, Why
from kexecspec.why.origins import Origin
from kexecspec.why.reasons import Need, Wrong, unneeded
from kexecspec.why.words import fact

_MANY = 6


def as_text(found: Sequence[Why], verbose: bool) -> str:
    """All of it: for each proof what it needs, then for all of them what must not change and what plays no part."""
    lines: list[str] = []
    for why in found:
        lines += [*_heading(why), ""]
        for one in why.explained:
            lines += [*_explained(why, one), ""]
        lines += _summary(why, verbose)
    return "\n".join(lines).rstrip("\n") + "\n"


def _heading(why: Why) -> Iterator[str]:
    filled = ", ".join(f"{name} = {value(of)}" for name, of in why.filled)
    said = f"{why.path}: {why.platform}{': with ' + filled if filled else ''}: {count(len(why.facts), 'fact')}"
    yield from wrapped(said, "", "  ")


def _explained(why: Why, one: Explained) -> Iterator[str]:
    if one.reasons is None:
        said = "VACUOUS" if one.vacuous else one.verdict.value
        run = one.verdict is Verdict.PROVED and not one.vacuous
        yield from wrapped(f"{one.about.id}  {said}{', by a run that shows it' if run else ''}", "", "  ")
        return
    needs = one.reasons.needs
    what = f"needs {len(needs)} of {count(len(one.reasons.of), 'fact')}" if needs else "needs none of the facts"
    yield from wrapped(f"{one.about.id}  PROVED, {what}", "", "  ")
    for number, need in enumerate(needs, 1):
        yield from _need(why, number, need)
    if one.tried:
        yield from wrapped(_tries(one.tried), "  ", "    ")


def _need(why: Why, number: int, need: Need) -> Iterator[str]:
    yield from wrapped(f"{number}. {fact(need.fact)}", "  ", "     ")
    sources = [_at(why.items[need.fact.name])] if need.fact.name in why.items else []
    sources += [f"{o.what} ({_at(o.place)})" for o in why.features if need.fact.name in o.facts and o.place]
    sources += [f"{o.what} ({_at(o.place)})" for o in why.lines if need.fact.name in o.facts and o.place]
    if sources:
        yield from wrapped("from " + "; ".join(sources), "     ", "       ")
    yield from wrapped(_without(why, need), "     ", "       ")


def _without(why: Why, need: Need) -> str:
    if need.wrong is None:
        return "neither shown to be needed nor dropped: too many cases, or no answer within the budget"
    others = [fact(why.facts[name], False) for name, _ in need.wrong.otherwise if name != need.fact.name]
    beside = f", where also {' and '.join(others)}" if others else ""
    return f"without it{beside}: {after(need.wrong)}"


def after(wrong: Wrong) -> str:
    """When a run goes wrong, and its last step."""
    steps = wrong.trace.steps
    rules: dict[str, Rule] = {rule.name: rule for rule in wrong.system.rules}
    last = rules[steps[-1].rule] if steps else None
    said = f"; at last, {last.says or last.name}" if last else ""
    return f"refuted after {count(wrong.handoffs, 'handoff')}, {count(len(steps), 'step')}{said}"


def _tries(tried: Iterable[Tried]) -> str:
    said = (
        f"{t.name} {t.other} instead of {t.value}: {t.verdict.value}"
        + (f" after {count(t.handoffs, 'handoff')}" if t.handoffs is not None else "")
        for t in tried
    )
    return "numbers: " + "; ".join(said)


def _summary(why: Why, verbose: bool) -> Iterator[str]:
    proofs = [one.reasons for one in why.explained if one.reasons is not None]
    if not proofs:
        return
    needed = {need.fact.name for one in proofs for need in one.needs}
    spare = list(unneeded(proofs))
    yield f"For {count(len(proofs), 'proof')} together, what must not change:"
    yield from _origins([*why.lines, *why.features], needed, why)
    yield ""
    yield f"What plays no part: {len(spare)} of {count(len(why.facts), 'fact')}."
    idle = [o for o in why.lines if not o.facts & needed and not o.facts & why.numbers.keys() and o.place]
    if idle:
        yield from wrapped("lines: " + "; ".join(f"{o.what} ({_at(o.place)})" for o in idle), "  ", "    ")
    silent = [o.what for o in why.features if not o.facts & needed]
    shown = silent if verbose else []
    if shown:
        yield from wrapped("kernel features: " + "; ".join(shown), "  ", "    ")
    else:
        yield f"  kernel features: {len(silent)} of {len(why.features)} (-v names them)"
    if verbose:
        yield from wrapped("facts: " + "; ".join(fact(why.facts[name]) for name in spare), "  ", "    ")
    yield ""
    yield from wrapped(
        "Held as given, for they bound the model (--numbers tries each at half and double): "
        + ", ".join(f"{name} {of}" for name, of in why.numbers.items() if of),
        "", "  ",
    )  # fmt: skip
    for line in _numbered(why):
        yield from wrapped(line, "  ", "    ")


def _origins(origins: Iterable[Origin], needed: set[str], why: Why) -> Iterator[str]:
    said = dict.fromkeys(f"{o.what} ({_at(o.place)})" for o in origins if o.facts & needed and o.place)
    items = dict.fromkeys(f"{fact(why.facts[name])} ({_at(place)})" for name, place in why.items.items())
    if not said and not items:
        yield "  nothing that the file or a specification says"
    for line in (*said, *items):
        yield from wrapped(line, "  ", "    ")


def _numbered(why: Why) -> Iterator[str]:
    lines = [o for o in why.lines if o.facts & why.numbers.keys() and o.place]
    for origin in lines:
        yield f"{origin.what} ({_at(origin.place)})"


def _at(place: Place | None) -> str:
    return "" if place is None else f"{escape(place.path)}:{place.line}"
