"""The reasons of every proof about a platform file: which facts each needs, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kexecspec.check import nothing_to_judge
from kexecspec.ground.ground import SpecError, ground
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.slice import cone, restrict, roots
from kexecspec.ir.system import Place, Property, TransitionSystem
from kexecspec.ir.verdict import Counterexample, Proof, Verdict
from kexecspec.judged import selected
from kexecspec.library import Library, library
from kexecspec.platform.facts import Platform
from kexecspec.platform.stated import Stated, numbers, with_number
from kexecspec.platform.variants import Assignment
from kexecspec.platform.ways import platforms_in
from kexecspec.solve.judge import judge
from kexecspec.solve.together import judge_together
from kexecspec.source import load
from kexecspec.why.origins import File, Origin, features, item, lines
from kexecspec.why.reasons import Loose, Reasons, loose, reasons


@dataclass(frozen=True)
class Tried:
    """A number that was tried with another value, and the verdict then."""

    name: str
    value: int
    other: int
    verdict: Verdict
    handoffs: int | None


@dataclass(frozen=True)
class Explained:
    """A property instance, its verdict, and for a proof its reasons; None where they could not be found."""

    about: Property
    verdict: Verdict
    vacuous: bool
    reasons: Reasons | None
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True)
class Why:
    """The reasons of all proofs about one platform. `facts` are all that could be otherwise, `items` says where the
    operations among them are specified, `lines` and `features` what decides which facts."""

    platform: str
    path: str
    filled: Assignment
    explained: tuple[Explained, ...]
    facts: Mapping[str, Stated]
    items: Mapping[str, Place]
    lines: tuple[Origin, ...]
    features: tuple[Origin, ...]
    numbers: Mapping[str, int]


def why(
    path: str, only: tuple[str, ...], rlimit: int, with_numbers: bool, laid: Library | None = None
) -> Iterator[Why]:
    """The reasons of the proofs of the property instances that `only` names, for each way in which unknown facts
    change the shape of the platform. `laid`: the library with what is laid over it, if anything is.

    Raises InputError for a file that cannot be used or that leaves nothing to judge.
    """
    root, specs = load(path), laid or library()
    for filled, platform in platforms_in(root, path, specs):
        yield _why(File(path, root, platform.plain), platform, filled, specs, only, rlimit, with_numbers)


def _why(
    file: File,
    platform: Platform,
    filled: Assignment,
    specs: Library,
    only: tuple[str, ...],
    rlimit: int,
    with_numbers: bool,
) -> Why:
    system = ground(platform, specs)
    wanted = tuple(p for p in system.properties if selected(p, only) and not same(p.companion, FALSE))
    if not wanted:
        raise nothing_to_judge(file.path, system, only)
    whole = file.platform(specs)
    of = loose(whole, specs, rlimit)
    tried = _tried(platform, system, wanted, specs, rlimit) if with_numbers else {}
    explained = tuple(_explained(system, wanted, of, rlimit, tried))
    needed = {need.fact.name: need.fact for one in explained if one.reasons for need in one.reasons.needs}
    items = {name: place for name, fact in needed.items() if (place := item(fact, file, whole, specs)) is not None}
    return Why(
        platform.name,
        file.path,
        filled,
        explained,
        of.facts,
        items,
        lines(file, specs),
        features(file, specs),
        numbers(platform),
    )


def _explained(
    system: TransitionSystem,
    wanted: Sequence[Property],
    of: Loose,
    rlimit: int,
    tried: Mapping[str, tuple[Tried, ...]],
) -> Iterator[Explained]:
    for prop, judgement in zip(wanted, judge_together(system, wanted, rlimit), strict=True):
        evidence = judgement.evidence
        proved = judgement.verdict is Verdict.PROVED and isinstance(evidence, Proof) and evidence.method != "run"
        vacuous = isinstance(evidence, Proof) and evidence.witness is None and judgement.verdict is Verdict.PROVED
        found = reasons(of, prop.id) if proved and not vacuous else None
        yield Explained(prop, judgement.verdict, vacuous, found, tried.get(prop.id, ()))


def _tried(
    platform: Platform, system: TransitionSystem, wanted: Sequence[Property], specs: Library, rlimit: int
) -> dict[str, tuple[Tried, ...]]:
    """Each number at half and at double its value, for the properties whose slice it changes."""
    found: dict[str, list[Tried]] = {prop.id: [] for prop in wanted}
    for name, value in numbers(platform).items():
        for other in dict.fromkeys((value // 2, 2 * value or 1)):
            changed = _grounded(with_number(platform, name, other), specs) if other != value else None
            if changed is None:
                continue
            for prop in (p for p in changed.properties if p.id in found and _slice(changed, p) != _slice(system, p)):
                (judgement,) = judge(changed, (prop,), rlimit // 4)
                evidence = judgement.evidence
                handoffs = evidence.handoffs if isinstance(evidence, Counterexample) else None
                found[prop.id].append(Tried(name, value, other, judgement.verdict, handoffs))
    return {name: tuple(tries) for name, tries in found.items()}


def _grounded(platform: Platform, specs: Library) -> TransitionSystem | None:
    try:
        return ground(platform, specs)
    except SpecError:
        return None


def _slice(system: TransitionSystem, prop: Property) -> object:
    """What two systems have to have in common for `prop` to mean the same in both."""
    prop = next(p for p in system.properties if p.id == prop.id)
    part = restrict(system, cone(system, roots(system, prop)))
    return tuple(part.variables.values()), part.rules, prop.holds
