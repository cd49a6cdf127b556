"""specs/ as values: drivers, kernel features, TEEs, SMMU variants, components and properties.

Files are read when they are first needed, so that a small platform reads little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kexecspec.resources import specs_root
from kexecspec.source import Node, plain, read
from kexecspec.versions import Version, holds, parse_version

OPEN = ("properties", "policies", "drivers")
"""The folders that others may add to."""
RULES = ("components", "properties")
"""Those whose expressions may look at a kernel's features."""


@dataclass(frozen=True)
class Spec:
    """One specification: its contents and the file it stands in, relative to specs/."""

    name: str
    path: str
    content: Mapping[str, Any]
    node: Node


@dataclass(frozen=True)
class Severity:
    """How much a refuted property counts, where a policy says so: on one kind of handoff, or on all (None)."""

    code: str
    handoff: str | None
    severity: str


@dataclass(frozen=True)
class Library:
    """The specifications under one folder, and what others have laid over them: folders with specifications of their
    own, of which none has a name that is taken, and a policy beside the default one."""

    root: Path
    over: tuple[Path, ...] = ()
    policy: tuple[Severity, ...] = ()

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the files of a folder, sorted."""
        return tuple(sorted(name for root in self._roots(folder) for name in _names(root, folder)))

    def spec(self, folder: str, name: str) -> Spec | None:
        """One file of a folder, or None if there is none of that name."""
        found = (_spec(root, folder, name, str(root) if root in self.over else "specs") for root in self._roots(folder))
        return next((spec for spec in found if spec is not None), None)

    def of_others(self, spec: Spec) -> bool:
        """Whether `spec` was laid over the library."""
        return any(spec.path == _shown(str(root), *_place(spec)) for root in self.over)

    def severity(self, code: str, own: str | None, handoff: str) -> str:
        """How much a refutation of `code` on a kind of handoff counts: by the policy that was chosen, else as the
        instance says itself (`own`), else by the default policy."""
        chosen = {(entry.code, entry.handoff): entry.severity for entry in self.policy}
        return str(chosen.get((code, handoff), chosen.get((code, None), own or _usual(self).get(code, "error"))))

    def _roots(self, folder: str) -> tuple[Path, ...]:
        return (self.root, *self.over) if folder in OPEN else (self.root,)

    def all(self, folder: str) -> tuple[Spec, ...]:
        """All files of a folder, sorted by name."""
        return _all(self, folder)

    @property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """Every kernel feature by its id."""
        return _features(self.root)

    def features_of(self, version: Version) -> frozenset[str]:
        """The ids of the features that an unmodified kernel of `version` has."""
        return _features_of(self.root, version)

    @property
    def newest(self) -> Version:
        """The newest mainline release that any feature speaks of; what later kernels do is not described."""
        return max(
            parse_version(str(entry["since"])).base for entry in self.features.values() if entry.get("since") != "never"
        )

    @property
    def features_in_rules(self) -> frozenset[str]:
        """The features that rules look at by themselves, beside those that decide a driver's operations."""
        return _features_in_rules(self)

    def smmu_variant(self, name: str) -> Spec | None:
        """The SMMU variant called `name`, or of which it is an alias."""
        return _variants(self.root).get(name)


def library() -> Library:
    """The specifications that came with this installation."""
    return Library(specs_root())


def has_feature(entry: Mapping[str, Any], version: Version) -> bool:
    """Whether an unmodified kernel of `version` has the feature that `entry` describes."""
    since, until = entry.get("since", "never"), entry.get("until")
    return holds(
        None if since == "never" else parse_version(str(since)),
        None if until is None else parse_version(str(until)),
        _releases(entry.get("backports", {})), version, _releases(entry.get("backports_until", {})),
    )  # fmt: skip


def _releases(table: Mapping[str, Any]) -> Mapping[str, Version]:
    return {str(series): parse_version(str(release)) for series, release in table.items()}


def variant_names(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under which a platform may ask for an SMMU variant."""
    return (str(content["variant"]), *content.get("aliases", ()), *content.get("compatible", ()))


def feature_version(text: str) -> Version:
    """`text` as a version. Raises ValueError with a plain sentence."""
    return parse_version(text)


def _place(spec: Spec) -> tuple[str, str]:
    path = Path(spec.path)
    return path.parent.name, path.stem


def _shown(root: str, folder: str, name: str) -> str:
    return f"{root}/{folder}/{name}.yaml"


@cache
def _names(root: Path, folder: str) -> tuple[str, ...]:
    return tuple(file.stem for file in (root / folder).glob("*.yaml"))


@cache
def _all(specs: Library, folder: str) -> tuple[Spec, ...]:
    found = (specs.spec(folder, name) for name in specs.names(folder))
    return tuple(spec for spec in found if spec is not None)


@cache
def _usual(specs: Library) -> Mapping[str, str]:
    default = specs.spec("policies", "default")
    usual: Mapping[str, str] = default.content["severity"] if default else {}
    return usual


@cache
def _variants(root: Path) -> Mapping[str, Spec]:
    """SMMU variants by all their names; where two have one, it is the first's."""
    return {name: spec for spec in reversed(Library(root).all("smmu")) for name in variant_names(spec.content)}


@cache
def _spec(root: Path, folder: str, name: str, shown: str) -> Spec | None:
    file = root / folder / f"{name}.yaml"
    if not file.is_file():
        return None
    node = read(str(file))
    content = plain(node)
    if not isinstance(content, dict):
        raise TypeError(f"{folder}/{name}.yaml is no mapping")
    return Spec(name, _shown(shown, folder, name), content, node)


@cache
def _features(root: Path) -> Mapping[str, Mapping[str, Any]]:
    entries: dict[str, Mapping[str, Any]] = {}
    for spec in Library(root).all("kernels"):
        entries |= spec.content["features"]
    return entries


@cache
def _features_of(root: Path, version: Version) -> frozenset[str]:
    return frozenset(name for name, entry in _features(root).items() if has_feature(entry, version))


@cache
def _features_in_rules(specs: Library) -> frozenset[str]:
    texts = (str(spec.content) for folder in RULES for spec in specs.all(folder))
    named = (word.replace("_", "-") for text in texts for word in re.findall(r"\bnow\.(\w+)", text))
    return frozenset(named) & specs.features.keys()
