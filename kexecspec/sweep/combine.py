"""The combinations of a matrix, counted before they are made."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.diagnostics import Diagnostic, InputError, quote
from kexecspec.sweep.matrix import ADDED, Choice, Combination, Matrix, Names, Value, label, products

Chosen = tuple[Names, tuple[Value, ...]]


def combinations(matrix: Matrix) -> tuple[Combination, ...]:
    """Every combination that is to be judged, numbered. Raises InputError where there are more than the limit, none,
    or where an exclude or include changes nothing."""
    _count(matrix)
    everything: list[Chosen] = [
        (tuple((axis.name, value.name) for axis, value in zip(matrix.axes, values, strict=True)), values)
        for values in products(matrix.axes)
    ]
    kept, wrong = _kept(matrix, everything)
    adding = [choice for choice in matrix.includes if choice.added]
    added = [(choice, chosen) for choice in adding for chosen in everything if choice.fits(chosen[0])]
    if len(kept) + len(added) > matrix.limit:
        wrong.append(_too_many(matrix, f"{len(kept) + len(added)} combinations with what is included"))
    if not wrong and not kept and not added:
        wrong.append(Diagnostic("KX029", "nothing is left: everything is excluded", matrix.excludes[0].span))
    wrong += _twice(added)
    if wrong:
        raise InputError(wrong)
    found = [Combination(number, *chosen) for number, chosen in enumerate(kept, 1)]
    for number, (choice, (names, values)) in enumerate(added, len(kept) + 1):
        assert choice.added is not None
        name, layer = choice.added
        found.append(Combination(number, (*names, (ADDED, name)), values, layer))
    return tuple(found)


def columns(matrix: Matrix) -> tuple[str, ...]:
    """What the parts of a combination's name are called."""
    added = any(choice.added for choice in matrix.includes)
    return (*(axis.name for axis in matrix.axes), *((ADDED,) if added else ()))


def _kept(matrix: Matrix, everything: list[Chosen]) -> tuple[list[Chosen], list[Diagnostic]]:
    """What is not excluded, or put back; and the excludes and includes that change nothing."""
    back = [choice for choice in matrix.includes if choice.added is None]
    used: set[int] = set()
    kept = []
    for chosen in everything:
        out = next((choice for choice in matrix.excludes if choice.fits(chosen[0])), None)
        again = next((choice for choice in back if choice.fits(chosen[0])), None) if out else None
        used |= {id(choice) for choice in (out, again) if choice}
        if out is None or again is not None:
            kept.append(chosen)
    wrong = [
        Diagnostic("KX029", "this excludes nothing that others leave", choice.span, help="remove it")
        for choice in matrix.excludes
        if id(choice) not in used
    ]
    wrong += [
        Diagnostic("KX029", "this includes nothing: nothing of it is excluded", choice.span, help="say name: and set:")
        for choice in back
        if id(choice) not in used
    ]
    return kept, wrong


def _twice(added: list[tuple[Choice, Chosen]]) -> Iterator[Diagnostic]:
    """Combinations that are added under the same name."""
    seen: set[tuple[Names, str]] = set()
    for choice, (names, _) in added:
        assert choice.added is not None
        name = choice.added[0]
        if (names, name) in seen:
            message = f"{quote(name)} is added twice to {label(names)}"
            yield Diagnostic("KX023", message, choice.span, help="give it another name")
        seen.add((names, name))


def _count(matrix: Matrix) -> None:
    """Raises InputError where the axes alone have too many combinations."""
    if matrix.product > matrix.limit:
        said = " x ".join(str(len(axis.values)) for axis in matrix.axes)
        raise InputError([_too_many(matrix, f"{said} = {matrix.product} combinations")])


def _too_many(matrix: Matrix, said: str) -> Diagnostic:
    largest = max(matrix.axes, key=lambda axis: len(axis.values))
    help_ = f"shorten an axis, or say 'limit: {matrix.product}'" if matrix.product <= 200_000 else "shorten an axis"
    return Diagnostic("KX018", f"{said}, more than the limit of {matrix.limit}", largest.span, help=help_)
