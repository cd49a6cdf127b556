"""Everything about a certificate that can be examined without a solver: it is what it says, about what it says.

Nothing in the folder is trusted: all but the invariants is derived anew from the platform copy and compared byte for
byte; the invariants are read strictly. What is left to ask a solver is whether each obligation is unsat.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kexecspec import hashes
from kexecspec.certificate import derive, runs
from kexecspec.certificate.bases import Base, bases, stands_for
from kexecspec.certificate.folder import read_folder
from kexecspec.certificate.forms import Malformed
from kexecspec.certificate.invariants_text import read_invariants
from kexecspec.certificate.made import PLATFORM, claim_of, facts_of
from kexecspec.certificate.manifest import FILE, Claim, Manifest, Part, read_manifest
from kexecspec.certificate.symbols import plain
from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.findings import Hashes
from kexecspec.ground.ground import ground
from kexecspec.handoff_runs import taking
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.library import Library, library
from kexecspec.platform.facts import Platform
from kexecspec.platform.ways import Ways, platforms_in
from kexecspec.source import Node, Table, load, parse
from kexecspec.source import plain as as_said
from kexecspec.textfile import decode

_PROVED, _NOT_JUDGED = "PROVED", "NOT_JUDGED"


@dataclass(frozen=True)
class Obligations:
    """One system's obligations by their paths in the certificate; each stands on `prelude`."""

    folder: str
    prelude: str
    each: Mapping[str, str]


@dataclass(frozen=True)
class Examined:
    """A certificate. `rejections` says what is wrong with it, each by name; where that is nothing, its proofs are
    good if every one of its obligations is unsat. Each system is one of the `bases`; `stands_for` says for which
    properties its own stand."""

    manifest: Manifest
    size: int
    rejections: tuple[str, ...]
    systems: tuple[Obligations, ...]
    severities: Mapping[str, str]
    same_tool: bool
    bases: tuple[Base, ...] = ()
    stands_for: tuple[Mapping[str, tuple[str, ...]], ...] = ()


def examine(path: str, platform_file: str | None = None) -> Examined:
    """The certificate in the folder `path`; `platform_file` is what it should be about, if given.

    Raises InputError where it cannot be read as a certificate at all.
    """
    content = read_folder(path)
    if FILE not in content:
        raise InputError([Diagnostic("KX028", f"no certificate: there is no {FILE}", Span(path))])
    manifest = read_manifest(decode(content[FILE], f"{path}/{FILE}"), f"{path}/{FILE}")
    size = sum(map(len, content.values()))
    rejections = tuple(_files(manifest, content))
    if rejections:
        return Examined(manifest, size, rejections, (), {}, True)
    specs = library()
    root = _platform(content[PLATFORM], f"{path}/{PLATFORM}")
    found = platforms_in(root, f"{path}/{PLATFORM}", specs)
    made_of = bases(found, as_said(root), frozenset(manifest.named))  # type: ignore[arg-type]
    now = hashes.of(found[0][1], specs)
    same_tool = manifest.tool[1] == now.tool
    rejections = (*_origin(manifest, found, now, specs, platform_file), *_systems(manifest, made_of))
    if rejections:
        return Examined(manifest, size, rejections, (), {}, same_tool)
    grounded = [ground(base.platform, specs) for base in made_of]
    judged = [_system(part, system, content) for part, system in zip(manifest.parts, grounded, strict=True)]
    systems = tuple(obligations for _, obligations in judged)
    untaken = (
        wrong
        for part, system, base in zip(manifest.parts, grounded, made_of, strict=True)
        for wrong in _handoffs(part, system, base.platform)
    )
    rejections = (*(one for wrong, _ in judged for one in wrong), *untaken, *_strangers(manifest, systems))
    names = tuple(stands_for(base, system) for base, system in zip(made_of, grounded, strict=True))
    severities = {
        name: prop.severity
        for system, known in zip(grounded, names, strict=True)
        for prop in system.properties
        for name in known[plain(prop.id)]
    }
    return Examined(manifest, size, rejections, systems, severities, same_tool, made_of, names)


def _files(manifest: Manifest, content: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with the list of files and their sums."""
    listed = Counter(one.path for one in manifest.files)
    for name in sorted(name for name, times in listed.items() if times > 1):
        yield f"{name}: it is listed twice"
    for name in sorted(content.keys() - {FILE, *listed}):
        yield f"{name}: the manifest does not list it"
    if PLATFORM not in listed:
        yield f"{PLATFORM}: it is missing"
    for one in manifest.files:
        if one.path not in content:
            yield f"{one.path}: it is missing"
        elif len(content[one.path]) != one.size:
            yield f"{one.path}: it has {len(content[one.path])} bytes, the manifest says {one.size}"
        elif hashlib.sha256(content[one.path]).hexdigest() != one.sha256:
            yield f"{one.path}: its sha256 is not that of the manifest"


def _platform(content: bytes, path: str) -> Node:
    """The platform file in the certificate. Raises InputError."""
    root = parse(decode(content, path), path)
    extended = root.entry("extends") if isinstance(root, Table) else None
    if extended is not None:
        message = "a certificate's platform extends nothing: no other file is read"
        raise InputError([Diagnostic("KX019", message, extended.key.span)])
    return root


def _origin(
    manifest: Manifest,
    found: Ways,
    now: Hashes,
    specs: Library,
    platform_file: str | None,
) -> Iterator[str]:
    """Whether the certificate is about this platform and these specifications."""
    if manifest.platform_sha256 != now.platform:
        yield f"{PLATFORM}: it is not the platform that the manifest names (sha256)"
    if manifest.platform != plain(found[0][1].name):
        yield f"{PLATFORM}: it is called {quote(plain(found[0][1].name))}, the manifest says {quote(manifest.platform)}"
    if manifest.specs_sha256 != now.specs:
        yield "specs: the certificate was made from other specifications than this kexecspec has"
    if platform_file is not None:
        wanted = platforms_in(load(platform_file), platform_file, specs)
        if [hashes.of_platform(p) for _, p in wanted] != [hashes.of_platform(p) for _, p in found]:
            yield f"{PLATFORM}: it is another platform than {platform_file}"


def _systems(manifest: Manifest, made_of: Sequence[Base]) -> Iterator[str]:
    """Whether the manifest's systems are those that the platform gives rise to."""
    if manifest.named and not any(base.about for base in made_of):
        yield f"{FILE}: parts are named, but the platform has none"
    if len(manifest.parts) != len(made_of):
        yield f"{FILE}: it has {len(manifest.parts)} systems, the platform gives rise to {len(made_of)}"
        return
    for number, (part, base) in enumerate(zip(manifest.parts, made_of, strict=True), 1):
        if part.folder != base.folder:
            yield f"{FILE}: system {number} has the folder {quote(part.folder)}"
        if list(part.facts.items()) != list(facts_of(base.facts).items()):
            yield f"{FILE}: system {number} fills in unknown facts in another way"
        if (part.about, part.alike) != (tuple(map(plain, base.about)), tuple(map(plain, base.alike))):
            yield f"{FILE}: system {number} is about another part of the platform"


def _system(part: Part, system: TransitionSystem, content: Mapping[str, bytes]) -> tuple[list[str], Obligations]:
    """What is wrong with one system's files and claims, and its obligations as they should be."""
    rejections = list(_claims(part, system))
    claimed = _claimed(part, system)
    given = {name.removeprefix(part.folder): text for name, text in content.items() if name.startswith(part.folder)}
    try:
        text = given.get(derive.INVARIANTS, b"").decode("ascii")
        invariants = read_invariants(text, system)
    except UnicodeDecodeError:
        return [*rejections, f"{part.folder}{derive.INVARIANTS}: it is not ASCII"], Obligations(part.folder, "", {})
    except Malformed as error:
        said = f"{part.folder}{derive.INVARIANTS}:{error.line}: {error}"
        return [*rejections, said], Obligations(part.folder, "", {})
    derived = derive.texts(system, invariants, claimed)
    for name, wanted in derived.items():
        if name not in given:
            rejections.append(f"{part.folder}{name}: it is missing")
        elif given[name] != wanted.encode("ascii"):
            line = _first_difference(given[name], wanted.encode("ascii"))
            rejections.append(f"{part.folder}{name}:{line}: this is not what the platform and the invariants give")
    each = {part.folder + name: text for name, text in derived.items() if derive.is_obligation(name)}
    return rejections, Obligations(part.folder, derived[derive.SYSTEM] + derived[derive.INVARIANTS], each)


def _claims(part: Part, system: TransitionSystem) -> Iterator[str]:
    """What is wrong with what the manifest says of each property."""
    wanted = {plain(prop.id): prop for prop in system.properties}
    said = Counter(claim.property for claim in part.claims)
    for name in sorted(wanted.keys() - said.keys()):
        yield f"{FILE}: the property {name} is not listed"
    for name in sorted(said.keys() - wanted.keys()):
        yield f"{FILE}: the platform has no property {name}"
    for name in sorted(name for name, times in said.items() if times > 1):
        yield f"{FILE}: {name} stands twice"
    names = derive.obligations(system)
    for claim in part.claims:
        if claim.property in wanted:
            yield from _claim(claim, wanted[claim.property], system, names)


def _claim(claim: Claim, prop: Property, system: TransitionSystem, names: Mapping[str, str]) -> Iterator[str]:
    premised = not same(prop.companion, FALSE)
    if claim.verdict == _NOT_JUDGED and premised:
        yield f"{FILE}: {claim.property} is to be judged: the platform has what it is about"
    if claim.verdict == _PROVED and not premised:
        yield f"{FILE}: {claim.property} is no proof: the platform has not what it is about"
    if claim != claim_of(prop, claim.verdict, names, claim.run) or (claim.run is None) != (claim.verdict != _PROVED):
        yield f"{FILE}: {claim.property} is {claim.verdict} with another obligation or run than that has"
    if claim.run is not None:
        wrong = runs.objection(system, runs.premise(prop), claim.run)
        if wrong is not None:
            yield f"{FILE}: the run of {claim.property}: {wrong}"


def _handoffs(part: Part, system: TransitionSystem, platform: Platform) -> Iterator[str]:
    """What is wrong with what the manifest says of each handoff."""
    if [one.name for one in part.handoffs] != [plain(edge.name) for edge in platform.edges]:
        yield f"{FILE}: its handoffs are not those of the platform"
        return
    for one, edge in zip(part.handoffs, platform.edges, strict=True):
        rule = taking(system, edge)
        if (one.run is None) != (one.verdict != _PROVED):
            yield f"{FILE}: the handoff {one.name} is {one.verdict} with a run"
        elif one.run is not None:
            wrong = "no rule takes it" if rule is None else runs.objection(system, rule.enabled, one.run)
            if wrong is not None:
                yield f"{FILE}: the run of the handoff {one.name}: {wrong}"


def _claimed(part: Part, system: TransitionSystem) -> list[Property]:
    proved = {claim.property for claim in part.claims if claim.verdict == _PROVED}
    return [prop for prop in system.properties if plain(prop.id) in proved]


def _strangers(manifest: Manifest, systems: Sequence[Obligations]) -> Iterator[str]:
    """Files that belong to nothing that is claimed."""
    known = {PLATFORM}
    for system in systems:
        known |= {system.folder + derive.SYSTEM, system.folder + derive.INVARIANTS, *system.each}
    if all(system.prelude for system in systems):
        for one in manifest.files:
            if one.path not in known:
                yield f"{one.path}: nothing that is claimed needs it"


def _first_difference(one: bytes, other: bytes) -> int:
    lines, others = one.split(b"\n"), other.split(b"\n")
    pairs = zip(lines, others, strict=False)
    return next((n for n, (a, b) in enumerate(pairs, 1) if a != b), min(len(lines), len(others)))
