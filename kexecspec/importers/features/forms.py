"""How a feature is seen in a tree: the small form that `recognise:` of a feature has, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in a file: a function; or what a member of a struct of some type is set to (`hook`, as `platform_driver.
    shutdown`); or the initial value of a variable; or, with none of them, the whole file."""

    function: str = ""
    hook: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """The scope calls a function: itself, or (`deep`) through functions of the same file.

    argument: text that one of the arguments has. under, not_under: text of a condition around the call, in C.
    after: every such call comes after the first one of that function.
    """

    scope: Scope
    name: str
    deep: bool = False
    argument: str = ""
    under: str = ""
    not_under: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The scope has these words in this order, whatever stands between them; empty: the scope is there at all."""

    scope: Scope
    words: str
    deep: bool = False
    under: str = ""
    not_under: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """The file declares or defines this: a function, variable, type, macro, label of an enumeration."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """The file defines a struct, and it has this member."""

    struct: str
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """The file has this text, comments and all; blanks and line ends do not count."""

    text: str


Sight: TypeAlias = Call | Words | Symbol | Field | Text


@dataclass(frozen=True, slots=True)
class Seen:
    """A sight in the first of `files` that the tree has. Where it has none of them, but one of `beside`, the feature
    is absent; with neither nobody can tell."""

    files: tuple[str, ...]
    beside: tuple[str, ...]
    sight: Sight


@dataclass(frozen=True, slots=True)
class All:
    """Each of these."""

    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of these."""

    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    form: Form


@dataclass(frozen=True, slots=True)
class Never:
    """No tree shows it, and why."""

    why: str


Form: TypeAlias = Seen | All | Either | Not | Never


def form_of(entry: Mapping[str, Any]) -> Form:
    """The form that a `recognise:` mapping, valid by the schema, has."""
    match entry:
        case {"all": list(inner)}:
            return All(tuple(map(form_of, inner)))
        case {"any": list(inner)}:
            return Either(tuple(map(form_of, inner)))
        case {"not": dict(inner)}:
            return Not(form_of(inner))
        case {"impossible": str(why)}:
            return Never(why)
    return Seen(_names(entry["file"]), _names(entry.get("beside", ())), _sight(entry))


def files_of(form: Form) -> frozenset[str]:
    """Every file that a form may look at."""
    match form:
        case All(forms) | Either(forms):
            return frozenset().union(*map(files_of, forms))
        case Not(inner):
            return files_of(inner)
        case Never():
            return frozenset()
        case Seen(files, beside):
            return frozenset(files) | frozenset(beside)


def _sight(entry: Mapping[str, Any]) -> Sight:
    scope = Scope(*(str(entry.get(key, "")) for key in ("function", "hook", "variable")))
    conditions = {key: str(entry.get(key, "")) for key in ("under", "not_under")}
    match entry:
        case {"symbol": name}:
            return Symbol(str(name))
        case {"struct": struct, "field": name}:
            return Field(str(struct), str(name))
        case {"text": text}:
            return Text(str(text))
        case {"calls": name} | {"reaches": name}:
            argument, after = str(entry.get("with", "")), str(entry.get("after", ""))
            return Call(scope, str(name), "reaches" in entry, argument, **conditions, after=after)
    return Words(scope, str(entry.get("has", entry.get("reads", ""))), "reads" in entry, **conditions)


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))
