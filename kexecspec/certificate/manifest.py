"""manifest.json: what a certificate is about, what it claims, and the sums of its files.

Names stand in it as `symbols.plain` writes them, so it is ASCII whatever a platform calls its parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.ir.values import Value
from kexecspec.schema import validate
from kexecspec.source import parse, plain

SCHEMA = "kexecspec/certificate/1"
FILE = "manifest.json"
HOW = "cat system.smt2 invariants.smt2 OBLIGATION | SOLVER: every file in obligations/ must be answered unsat"


@dataclass(frozen=True)
class Run:
    """A run as the values of the facts that nobody knows, and the rules that fire."""

    start: Mapping[str, Value]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What the certificate says of one property; `obligation` and `run` are there where it is PROVED."""

    property: str
    verdict: str
    obligation: str | None = None
    run: Run | None = None


@dataclass(frozen=True)
class Handoff:
    """What the certificate says of a handoff of the file: PROVED by a run to where it is taken, or nothing."""

    name: str
    verdict: str
    run: Run | None = None


@dataclass(frozen=True)
class Part:
    """One system: its folder ("" for the certificate's own), and the unknown facts as they were filled in. Where it is
    that of a part of the platform, `about` says of which, and `alike` for which others it stands."""

    folder: str
    facts: Mapping[str, Value]
    handoffs: tuple[Handoff, ...]
    claims: tuple[Claim, ...]
    about: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sum:
    """A file's size and SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything that the manifest says. `tool` is (version, sha256); `named` are the parts asked for by name,
    where the platform is taken apart."""

    platform: str
    platform_sha256: str
    specs_sha256: str
    tool: tuple[str, str]
    z3: str
    parts: tuple[Part, ...]
    files: tuple[Sum, ...]
    named: tuple[str, ...] = ()


def manifest_text(manifest: Manifest) -> str:
    """The file's text, the same for the same manifest."""
    return _written(
        {
            "schema": SCHEMA,
            "check": HOW,
            "platform": {"name": manifest.platform, "sha256": manifest.platform_sha256},
            "specs": {"sha256": manifest.specs_sha256},
            "tool": {"name": "kexecspec", "version": manifest.tool[0], "sha256": manifest.tool[1]},
            "z3": manifest.z3,
            **({"named": list(manifest.named)} if manifest.named else {}),
            "systems": [_part(part) for part in manifest.parts],
            "files": [{"path": one.path, "bytes": one.size, "sha256": one.sha256} for one in manifest.files],
        }
    )


def read_manifest(text: str, path: str) -> Manifest:
    """The manifest in a text from anywhere; `path` names it in complaints. Raises InputError.

    It is read by the strict reader of YAML, of which JSON is a part (bounded depth and size, no key twice), must
    fit its schema, and must be written as `manifest_text` writes it.
    """
    root = parse(text, path)
    content: Any = plain(root)
    said = content.get("schema") if isinstance(content, dict) else None
    if said != SCHEMA:
        message = f"this version knows certificates of the form {SCHEMA}, not {quote(said)}"
        raise InputError([Diagnostic("KX021", message, Span(path))])
    wrong = validate(root, "certificate")
    if wrong:
        raise InputError(wrong)
    if _written(content) != text:
        raise InputError([Diagnostic("KX028", "the manifest is not JSON as kexecspec writes it", Span(path))])
    return Manifest(
        content["platform"]["name"],
        content["platform"]["sha256"],
        content["specs"]["sha256"],
        (content["tool"]["version"], content["tool"]["sha256"]),
        content["z3"],
        tuple(_read_part(one) for one in content["systems"]),
        tuple(Sum(one["path"], one["bytes"], one["sha256"]) for one in content["files"]),
        tuple(content.get("named", ())),
    )


def _written(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def _part(part: Part) -> dict[str, Any]:
    return {
        "folder": part.folder,
        "facts": dict(part.facts),
        **({"about": list(part.about), "alike": list(part.alike)} if part.about else {}),
        "handoffs": [{"handoff": one.name, "verdict": one.verdict, **_run(one.run)} for one in part.handoffs],
        "properties": [_claim(claim) for claim in part.claims],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    said: dict[str, Any] = {"property": claim.property, "verdict": claim.verdict}
    if claim.obligation is not None:
        said["obligation"] = claim.obligation
    return {**said, **_run(claim.run)}


def _run(run: Run | None) -> dict[str, Any]:
    return {} if run is None else {"run": {"start": dict(run.start), "rules": list(run.rules)}}


def _read_part(said: Mapping[str, Any]) -> Part:
    handoffs = tuple(Handoff(one["handoff"], one["verdict"], _read_run(one)) for one in said["handoffs"])
    claims = tuple(
        Claim(one["property"], one["verdict"], one.get("obligation"), _read_run(one)) for one in said["properties"]
    )
    about, alike = tuple(said.get("about", ())), tuple(said.get("alike", ()))
    return Part(said["folder"], said["facts"], handoffs, claims, about, alike)


def _read_run(said: Mapping[str, Any]) -> Run | None:
    run = said.get("run")
    return None if run is None else Run(run["start"], tuple(run["rules"]))
