"""Whether properties that others have written may be asked of the parts of a platform instead of the whole.

What the library's own look at is known (tests/ground/test_parts.py); of any other it is found out: it has to mean in
each part what it means on the whole, and each of its instances has to have a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kexecspec.diagnostics import Diagnostic, InputError
from kexecspec.ground.ground import world_of
from kexecspec.ground.names import World
from kexecspec.ground.properties import fits, properties
from kexecspec.ground.site_rules import site_rule
from kexecspec.ground.veil import Hidden
from kexecspec.ir.language import LanguageError
from kexecspec.ir.system import Property
from kexecspec.library import Library, Spec
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import Part
from kexecspec.tree import at


def wider(platform: Platform, parts: Sequence[Part], library: Library) -> Spec | None:
    """A property of others that looks at more than a part of `platform`, or means nothing there; None where all may be
    asked of `parts`."""
    others = [spec for spec in library.all("properties") if library.of_others(spec)]
    if not others or len(parts) < 2:
        return None
    whole = world_of(platform, library)
    asked = frozenset(name for part in parts for name in (*part.alike, *(part.platform.about or ())))
    return next(
        (s for s in others if _of(s, platform) - asked or any(_differs(s, whole, part, library) for part in parts)),
        None,
    )


def too_wide(spec: Spec, platform: Platform, library: Library) -> InputError:
    """The complaint about a rule that looks at more than a part, on a platform that cannot be judged as a whole. Raises
    InputError for one that means nothing at all."""
    site_rule(world_of(platform, library), spec)
    message = f"this looks at more than one part, and too much is unknown of {platform.name} to judge all at once"
    place = at(spec.node, ("instances",))
    return InputError([Diagnostic("KX036", message, place, (), "state what is unknown, or speak of self only")])


def _of(spec: Spec, platform: Platform) -> frozenset[str]:
    """The entities that a property has instances for."""
    entries = [entry for entry in spec.content["instances"] if entry["for"] != "duty"]
    return frozenset(
        entity.name
        for entry in entries
        for entity in platform.of_kind(entry["for"])
        if fits(entity.driver, entry.get("drivers"))
    )


def _differs(spec: Spec, whole: World, part: Part, library: Library) -> bool:
    """Whether a property means something else in a part, or nothing, with the secure world in sight or without."""
    about, duties = part.platform.about, part.platform.duties
    there = replace(whole, platform=replace(whole.platform, about=about, duties=duties))
    try:
        if part.bare is not None:
            site_rule(world_of(part.bare, library), spec)
        here = site_rule(world_of(part.platform, library), spec)
        return _meant(properties(there, spec.content)) != _meant(here)
    except (LanguageError, Hidden, InputError):
        return True


def _meant(found: Iterable[Property]) -> list[tuple[object, ...]]:
    return [(prop.id, prop.mode, prop.holds, prop.companion, prop.counter) for prop in found]
