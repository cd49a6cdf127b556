"""`kexecspec list`, `show system`, `show survives`: what a platform file becomes; nothing is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kexecspec.cli.console import say
from kexecspec.cli.platforms import Settled, settled_parts
from kexecspec.diagnostics import escape
from kexecspec.ir.nodes import FALSE, Expr, same
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.text import text
from kexecspec.ir.values import describe
from kexecspec.library import Library
from kexecspec.report.look import columns, count, wrapped


def list_properties(file: str, specs: Library | None = None) -> int:
    """One line for each property instance; no verdict is computed. Raises InputError."""
    found = settled_parts(file, over=specs)
    properties = {prop.id: prop for one in found for prop in _properties(one)}
    number = count(len(properties), "property", "properties")
    say(f"{escape(file)}: {escape(found[0].platform.name)}: {number}")
    for prop in properties.values():
        say("\n".join(wrapped(f"{prop.id}  {_judged(prop)}  {prop.says}", "  ", "      ")))
    return 0


def _properties(found: Settled) -> Iterator[Property]:
    """Those of a system, and of the masters that are like the one that it is about."""
    for prop in found.system.properties:
        yield prop
        for other, instance in zip(found.alike, prop.instances(found.alike), strict=True):
            yield replace(prop, instance=instance, says=prop.says.replace(prop.part, other))


def _judged(prop: Property) -> str:
    return "not judged" if same(prop.companion, FALSE) else prop.severity


def show_system(file: str, lifetime: str | None) -> int:
    """The variables (of one lifetime, if that is given) and, without it, the rules. Raises InputError."""
    for found in settled_parts(file):
        say("\n".join(_system(found, lifetime)))
    return 0


def _system(found: Settled, lifetime: str | None) -> Iterator[str]:
    system = found.system
    wanted = [v for v in system.variables.values() if lifetime in (None, v.lifetime.value)]
    yield f"{escape(found.platform.name)}{found.title}: {count(len(wanted), 'variable')}"
    for var in wanted:
        yield from _variable(var)
    if lifetime is not None:
        return
    yield from ("", count(len(system.rules), "rule"))
    for rule in system.rules:
        yield from _rule(rule)
    yield from ("", count(len(system.invariants), "invariant"))
    for invariant in system.invariants:
        yield from wrapped(f"{invariant.name}: {text(invariant.holds)}", "  ", "      ")


def _variable(var: Var) -> Iterator[str]:
    initial = "any value" if var.initial is None else text(var.initial)
    yield from wrapped(f"{var.name}: {describe(var.sort)}, {var.lifetime.value}, first {initial}", "  ", "      ")
    if var.says:
        yield from wrapped(var.says, "      ")


def _rule(rule: Rule) -> Iterator[str]:
    yield from wrapped(f"{rule.name} ({rule.actor}){': ' + rule.says if rule.says else ''}", "  ", "      ")
    yield from wrapped(f"when {text(rule.enabled)}", "      ", "        ")
    for name, effect in rule.effect.items():
        yield from wrapped(f"{name} := {text(effect)}", "      ", "        ")


def survives(file: str) -> int:
    """The platform's memory: what no handoff but a platform reset clears. Raises InputError."""
    for found in settled_parts(file):
        say("\n".join(_survivors(file, found)))
    return 0


def _survivors(file: str, found: Settled) -> Iterator[str]:
    kept = [v for v in found.system.variables.values() if v.lifetime is Lifetime.PLATFORM]
    name = f"{escape(file)}: {escape(found.platform.name)}{found.title}"
    yield f"{name}: {count(len(kept), 'variable')} outlive a kernel"
    if kept:
        width = min(30, max(len(escape(v.name)) for v in kept))
        rows = [(v.name, v.says or describe(v.sort), _handoffs(v, found.system)) for v in kept]
        yield from columns([("what", "meaning", "a handoff"), *rows], (width, 50 - width, 22))


def _handoffs(var: Var, system: TransitionSystem) -> str:
    """What the handoff rules do to `var`: each effect, with the handoffs that have it."""
    effects: dict[Expr | None, list[str]] = {}
    for rule in system.rules:
        if rule.handoff:
            effects.setdefault(rule.effect.get(var.name), []).append(rule.name)
    if set(effects) <= {None}:
        return "keeps it"
    return "\n".join(f"{_short(effect)}" for effect in effects)


def _short(effect: Expr | None) -> str:
    said = "keeps it" if effect is None else f"makes it {text(effect)}"
    return said if len(said) <= 60 else said[:57] + "..."
