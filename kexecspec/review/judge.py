"""Verdicts on trees that differ little: what comes to a system that was judged before has its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kexecspec.cache.key import key_of
from kexecspec.check import checked_tree
from kexecspec.diagnostics import Diagnostic, InputError
from kexecspec.findings import Report, ids
from kexecspec.ground.ground import folded
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.merge import WORST_FIRST
from kexecspec.options import Options
from kexecspec.platform.ways import Ways, platforms_in
from kexecspec.report.outcome import disagrees
from kexecspec.review.alone import alone
from kexecspec.review.bearing import Numbers
from kexecspec.review.rerun import stays
from kexecspec.review.same import ground_from, said
from kexecspec.sweep.identity import Made, made_with, system_id
from kexecspec.tree import Node

VACUOUS = "VACUOUS"
HANDOFF = "handoff "
"""What the name of a handoff that has to be taken begins with."""
_RUNS = 5
"""Counterexamples of one property that are kept, to be walked again."""
_FEW = 40
"""Systems of fewer rules are solved in this process, which is quicker; larger ones where they can be stopped."""
FAILING = (Verdict.REFUTED.value, VACUOUS)
WORST = (*FAILING, *(verdict.value for verdict in WORST_FIRST if verdict is not Verdict.REFUTED))
"""What a state's verdict may be, as reports are merged: the worst first."""


@dataclass(frozen=True)
class State:
    """What became of one property instance, or of a handoff that has to be taken: a verdict's name, or VACUOUS."""

    verdict: str
    severity: str = "error"
    handoffs: int | None = None

    @property
    def failing(self) -> bool:
        """Refuted, or proved of nothing."""
        return self.verdict in FAILING

    @property
    def open(self) -> bool:
        """Undecided."""
        return self.verdict == Verdict.UNKNOWN.value


States = Mapping[str, State]
"""By id of the property instance; a handoff that is not known to be taken has its name."""


@dataclass(frozen=True)
class Verdicts:
    """The states of everything, or why there are none. `report` is None for an input that cannot be judged."""

    states: States
    report: Report | None = None
    errors: tuple[Diagnostic, ...] = ()

    @property
    def doubted(self) -> bool:
        """Whether the tool disagrees with itself."""
        report = self.report
        return report is not None and bool(report.objections or any(disagrees(f) for f in report.findings))


@dataclass
class Judge:
    """Judges trees of one platform file, each system once. `asked` counts the checks; `work`
    is what all of it took, by the number of rules, so that it is the same each time."""

    path: str
    library: Library
    options: Options
    asked: int = 0
    work: int = 0
    _made: Made = field(init=False)
    _seen: dict[tuple[str, tuple[str, ...]], Verdicts] = field(default_factory=dict)
    _rules: dict[str, int] = field(default_factory=dict)
    _systems: dict[str, str] = field(default_factory=dict)
    _made_of: dict[str, list[TransitionSystem]] = field(default_factory=dict)
    _runs: dict[str, list[Trace]] = field(default_factory=dict)
    _trees: dict[int, tuple[Node, str]] = field(default_factory=dict)
    _said: dict[str, Ways | InputError] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)
    _numbers: Numbers = field(default_factory=Numbers)
    _numbers_of: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._made = made_with(self.library, self.options.only, self.options.rlimit)

    def briefly(self, tree: Node, only: tuple[str, ...] = (), done: frozenset[str] = frozenset()) -> Verdicts:
        """The verdicts on a tree, or on some properties of it, or on all that are not `done`; refutations are not
        replayed."""
        try:
            name = self.system(tree)
            if (name, ()) not in self._seen and (name, only) not in self._seen:
                self.asked += 1
                self.work += 30 + self._rules[name] ** 2 // (4 if only else 1)
                options = replace(self.options, replay=False, explained=False, inside=self._rules[name] < _FEW)
                self._seen[name, only] = self._judged(tree, replace(options, only=only or options.only, done=done))
            return self._seen.get((name, ())) or self._seen[name, only]
        except InputError as error:
            return Verdicts({}, None, error.diagnostics)

    def system(self, tree: Node) -> str:
        """The sum of the system that a tree comes to: the same, the same verdicts. Raises InputError."""
        known = self._trees.get(id(tree))
        if known is None or known[0] is not tree:
            known = self._trees[id(tree)] = (tree, self._system(tree))
        return known[1]

    def _ways(self, tree: Node, content: str) -> Ways:
        """The ways of the platform that a tree describes, which says `content`. Raises InputError."""
        if content not in self._said:
            try:
                self._said[content] = platforms_in(tree, self.path, self.library)
            except InputError as error:
                self._said[content] = error
        found = self._said[content]
        if isinstance(found, InputError):
            raise InputError(found.diagnostics)
        return found

    def _system(self, tree: Node) -> str:
        content = said(tree, self.library)
        if content not in self._named:
            self._named[content] = self._ground(self._ways(tree, content))
        return self._named[content]

    def _ground(self, ways: Ways) -> str:
        """The sum of the systems that the ways of a platform come to."""
        name = system_id(ground_from(ways, self.library), self._made)
        if name not in self._systems:
            systems = [folded(platform, self.library) for _, platform in ways]
            self._rules[name] = sum(len(system.rules) for system in systems)
            self.work += 20 + self._rules[name] // 2
            sums = [key_of(system, system.properties, ()) for system in systems]
            self._systems[name] = " ".join([*(str(facts) for facts, _ in ways), *sums])
            self._rules[self._systems[name]] = self._rules[name]
            self._made_of[self._systems[name]] = systems
        return self._systems[name]

    def can_be(self, tree: Node) -> bool:
        """Whether a tree is a platform that can be judged."""
        try:
            return bool(self._ways(tree, said(tree, self.library)))
        except InputError:
            return False

    def numbers(self, tree: Node) -> Mapping[str, int]:
        """What each property of a tree is judged by, and under "handoff " all of it, as numbers: the same, the same
        slice. Raises InputError."""
        key = self.system(tree)
        if key not in self._numbers_of:
            self._numbers_of[key] = self._numbered(key)
        return self._numbers_of[key]

    def _numbered(self, key: str) -> Mapping[str, int]:
        whole = {HANDOFF: self._numbers.of(key)}
        if len(self._made_of[key]) != 1:
            one = self._numbers.of(key)
            return whole | {prop.id: one for system in self._made_of[key] for prop in system.properties}
        return whole | self._numbers.by_property(self._made_of[key][0])

    def stays(self, tree: Node, name: str) -> bool | None:
        """Whether the property called `name` is refuted or vacuous in a tree: a counterexample that is known may show
        it, else its slice is judged. False for a tree that cannot be judged, None where neither tells."""
        try:
            key = self.system(tree)
        except InputError:
            return False
        seen = (self._seen.get((key, only)) for only in ((), (name,)))
        state = next((one.states.get(name) for one in seen if one is not None), None)
        if state is not None:
            return state.failing
        if len(self._made_of[key]) != 1:
            state = self.briefly(tree, (name,)).states.get(name)
            return state is not None and state.failing
        return self.runs_there(tree, name) or self._alone(self._made_of[key][0], name)

    def is_small(self, tree: Node) -> bool:
        """Whether the system that a tree comes to is solved at once. Raises InputError."""
        return self._rules[self.system(tree)] < _FEW

    def is_about(self, tree: Node, name: str) -> bool:
        """Whether the property called `name` is about anything in a tree: it may have a premise. Raises InputError."""
        props = (prop for system in self._made_of[self.system(tree)] for prop in system.properties)
        return any(prop.id == name and not same(prop.companion, FALSE) for prop in props)

    def runs_there(self, tree: Node, name: str) -> bool:
        """Whether a counterexample of a property that is known is one in a tree, too. Raises InputError."""
        systems, runs = self._made_of[self.system(tree)], self._runs.get(name, ())
        self.work += 2 * len(runs)
        return len(systems) == 1 and any(stays(systems[0], name, run) for run in runs)

    def _alone(self, system: TransitionSystem, name: str) -> bool | None:
        prop = next((one for one in system.properties if one.id == name), None)
        if prop is None or same(prop.companion, FALSE):
            return False
        self.asked += 1
        self.work += 30 + len(system.rules) ** 2 // 8
        found = alone(system, prop, self.options.rlimit, _FEW)
        if found is not None and found.run is not None:
            self._runs[name] = [found.run, *self._runs.get(name, ())][:_RUNS]
        return None if found is None else found.fails

    def whole(self, tree: Node) -> Verdicts:
        """The verdicts with a report in which every refutation was replayed. Raises InputError."""
        self.asked += 1
        found = self._judged(tree, self.options)
        return self._seen.setdefault((self.system(tree), ()), found)

    def _judged(self, tree: Node, options: Options) -> Verdicts:
        report = checked_tree(tree, self.path, options).report
        for finding in report.findings:
            if finding.trace is not None and finding.verdict is Verdict.REFUTED:
                runs = [finding.trace, *self._runs.get(finding.property.id, ())]
                self._runs[finding.property.id] = runs[:_RUNS]
        return Verdicts(states(report), report)


def states(report: Report) -> States:
    """The state of each property instance of a report, and of the handoffs that are not known to be taken."""
    found = {
        name: State(VACUOUS if f.vacuous else f.verdict.value, f.severity, f.handoffs)
        for f in report.findings
        for name in ids(f)
    }
    never = {Verdict.REFUTED: VACUOUS, Verdict.UNKNOWN: Verdict.UNKNOWN.value}
    found |= {f"{HANDOFF}{one.name}": State(never[one.verdict]) for one in report.taken if one.verdict in never}
    return found
