"""What a tree shows of a feature: present, absent, or nobody can tell, with the places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kexecspec.importers.facts import Fact, Place, unknown
from kexecspec.importers.features.forms import All, Either, Form, Never, Not, Seen, form_of
from kexecspec.importers.features.look import Hit, look
from kexecspec.importers.features.tree import Tree, open_tree
from kexecspec.importers.source.conditions import all_hold, options_in
from kexecspec.library import Library, library

_MOST = 3


def features_of(tree: Tree | str | Path, specs: Library | None = None) -> Mapping[str, Fact[bool]]:
    """For each feature of specs/kernels, by name: whether the tree has it, and where that is seen.

    A feature that needs an option of the configuration counts as there when no configuration is given, as it does in
    the version table. Raises NoTree for a folder without a kernel's sources, NoParser without tree_sitter.
    """
    found = tree if isinstance(tree, Tree) else open_tree(tree)
    entries = (specs or library()).features
    return {name: recognised(found, entries[name]) for name in sorted(entries)}


def recognised(tree: Tree, entry: Mapping[str, Any]) -> Fact[bool]:
    """Whether a tree has the feature that `entry` describes."""
    if "recognise" not in entry:
        return unknown(note="nothing says how it is seen in a tree")
    option = str(entry.get("config", ""))
    fact = _judge(tree, form_of(entry["recognise"]), option)
    if fact.value and option and tree.config is not None and tree.config.get(option) not in ("y", "m"):
        return Fact(False, fact.places, note=f"{option} is not set")
    return fact


def _judge(tree: Tree, form: Form, option: str) -> Fact[bool]:
    match form:
        case All(forms):
            return _together([_judge(tree, inner, option) for inner in forms], False)
        case Either(forms):
            return _together([_judge(tree, inner, option) for inner in forms], True)
        case Not(inner):
            fact = _judge(tree, inner, option)
            return fact if fact.value is None else Fact(not fact.value, fact.places, fact.confidence, fact.note)
        case Never(why):
            return unknown(note=why)
        case Seen():
            return _seen(tree, form, option)


def _together(facts: list[Fact[bool]], deciding: bool) -> Fact[bool]:
    """`deciding` if one of the facts is that, unknown if one of them is, else the opposite."""
    for value in (deciding, None, not deciding):
        chosen = [fact for fact in facts if fact.value is value]
        if chosen:
            few = chosen if value is (not deciding) else chosen[:1]
            places = tuple(dict.fromkeys(place for fact in few for place in fact.places))[:_MOST]
            return Fact(value, places, few[0].confidence, few[0].note)
    return unknown(note="there is nothing to look for")


def _seen(tree: Tree, form: Seen, option: str) -> Fact[bool]:
    path = next((path for path in form.files if tree.text(path) is not None), None)
    if path is None:
        other = next((path for path in form.beside if tree.text(path) is not None), None)
        if other is None:
            return unknown(Place(form.files[0]), note="the tree has no such file")
        return Fact(False, (Place(form.files[0]),), note=f"the tree has no such file, but {other}")
    unit, text = tree.unit(path), tree.text(path)
    assert unit is not None and text is not None
    found = look(unit, text, form.sight)
    sure = [hit for hit in found.hits if all_hold(_open(hit, option), tree.config) is True]
    if sure:
        return Fact(True, tuple(Place(path, hit.line) for hit in sure[:_MOST]))
    perhaps = [hit for hit in found.hits if all_hold(_open(hit, option), tree.config) is None]
    if perhaps:
        asked = options_in(c for hit in perhaps for c in hit.conditions) or tuple(_texts(perhaps))
        return unknown(Place(path, perhaps[0].line), note=f"it depends on {', '.join(asked[:_MOST])}")
    return unknown(Place(path), note=found.doubt) if found.doubt else Fact(False, (Place(path),))


def _open(hit: Hit, option: str) -> tuple[str, ...]:
    """The conditions of a hit without those that the feature's own option fulfils."""
    return tuple(c for c in hit.conditions if not option or all_hold((c,), {option: "y"}) is not True)


def _texts(hits: Iterable[Hit]) -> Iterable[str]:
    return dict.fromkeys(condition for hit in hits for condition in hit.conditions)
