"""The system of one property as every format writes it: what may not fire says so in its guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kexecspec.export.dag import Dag
from kexecspec.ir.slice import cone, restrict
from kexecspec.ir.system import Mode, Property, Rule, TransitionSystem, Var, writers
from kexecspec.ir.values import EnumSort
from kexecspec.ir.walk import references


@dataclass(frozen=True)
class Step:
    """A rule: where `guard` holds, and only there, `effect` may change the state. Both are nodes."""

    name: str
    guard: int
    effect: Mapping[str, int]
    says: str
    handoff: bool


@dataclass(frozen=True)
class Model:
    """A system and what is to hold in its every state, as nodes of `dag`. A variable that `initial` does not name may
    be anything of its sort at first."""

    system: TransitionSystem
    prop: Property
    dag: Dag
    initial: Mapping[str, int]
    steps: tuple[Step, ...]
    holds: int

    @property
    def variables(self) -> tuple[Var, ...]:
        """In the order of the system."""
        return tuple(self.system.variables.values())

    def writers(self) -> dict[str, list[tuple[int, Step]]]:
        """The steps that write each variable, with their numbers."""
        found = writers(step.effect for step in self.steps)
        return {name: [(place, self.steps[place]) for place in found.get(name, ())] for name in self.system.variables}

    def codes(self) -> dict[str, int]:
        """A number for each label of any enumeration."""
        each = (label for var in self.variables if isinstance(var.sort, EnumSort) for label in var.sort.labels)
        return {label: number for number, label in enumerate(dict.fromkeys(each))}

    def late(self, step: Step) -> tuple[str, ...]:
        """The variables whose new value has to be worked out before `step` writes any; a constant need not."""
        return tuple(name for name, node in step.effect.items() if self.dag.literal(node) is None)

    def roots(self) -> Iterator[int]:
        """Every node that a file has to give, some more than once."""
        for step in self.steps:
            yield from (step.guard, *step.effect.values())
        yield self.holds


def sliced(system: TransitionSystem, prop: Property) -> TransitionSystem:
    """The part of `system` that bears on `prop`. Unlike the slices that are solved it does nothing that the system does
    not do: whose turn it is and whether there is room counts as well."""
    rules = tuple(replace(rule, guard=rule.enabled, order=()) for rule in system.rules)
    return restrict(system, cone(replace(system, rules=rules), references(prop.holds)))


def model(system: TransitionSystem, prop: Property) -> Model:
    """The model of `prop`, which speaks of variables of `system`. Raises ValueError for a property that is about some
    state instead of every one."""
    if prop.mode is not Mode.ALWAYS:
        raise ValueError(f"{prop.id} is about some state")
    dag = Dag(system.variables)
    steps = tuple(_step(dag, rule) for rule in system.rules)
    return Model(system, prop, dag, _initial(dag, system), steps, dag.add(prop.holds))


def _initial(dag: Dag, system: TransitionSystem) -> dict[str, int]:
    found = {}
    for name, var in system.variables.items():
        if var.initial is not None:
            first = dag.add(var.initial)
            if dag.literal(dag.inside(first, var.sort)) is not True:
                raise ValueError(f"{name} may be none of its sort at first")
            found[name] = dag.fitted(first, var.sort)
    return found


def _step(dag: Dag, rule: Rule) -> Step:
    guard = dag.all(dag.add(part) for part in (rule.guard, *rule.order))
    effect = {}
    for name, expr in rule.effect.items():
        sort, after = dag.variables[name].sort, dag.add(expr)
        guard = dag.both(guard, dag.inside(after, sort))
        effect[name] = dag.fitted(after, sort)
    return Step(rule.name, guard, effect, rule.says, rule.handoff)
