"""The kernel features: every entry on the disk, its form, its releases, and versions known to be different."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kexecspec.source import plain, read
from kexecspec.versions import Version, holds, parse_version

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "specs" / "kernels").glob("*.yaml"))
SCHEMA = json.loads((ROOT / "schemas" / "feature.schema.json").read_text())

EXPECTED = """
tee-dynamic-shm tee-static-shm-optional optee-pool-registers-dmabuf optee-pool-frees-on-error optee-pool-frees-right-pages
tee-kernel-buf tee-shm-register-flag tee-shm-priv tee-shm-priv-accepted optee-rpc-alloc-priv tee-shm-dynamic-flag
tee-shm-no-dma-buf tee-exact-pages optee-enables-shm-cache optee-drains-at-probe optee-drains-at-shutdown
optee-internal-context optee-refuses-kdump optee-rpc-arg optee-ffa-abi ffa-core-shutdown optee-supplicant-killable
optee-system-sessions tee-bus-shutdown ftpm-shutdown-closes-session ftpm-shutdown-frees-shm ftpm-tee-bus tee-bnxt-shutdown
smmu2-shutdown smmu2-shutdown-calls-remove iommu-unregister-releases-groups smmu2-shutdown-keeps-registration
smmu2-disable-bypass-default smmu2-probe-bypass-window smmu2-device-links smmu2-qcom-keeps-smrs
smmu2-kdump-masks-fault-irqs smmu2-shutdown-aborts smmu2-shutdown-leaves smmu3-shutdown smmu3-shutdown-calls-remove
smmu3-shutdown-keeps-registration smmu3-disable-bypass-param smmu3-unattached-abort smmu3-kdump-fails-probe
smmu3-kdump-evtq-off smmu3-gbpa-abort-when-enabled smmu3-shutdown-gbpa-abort smmu3-kdump-adopt smmu3-kexec-adopt
pci-clear-master-on-kexec pci-clear-master-always pci-port-shutdown
"""

Entry = dict[str, Any]


@cache
def content(path: Path) -> Entry:
    found = plain(read(str(path)))
    assert isinstance(found, dict)
    return found


def entries() -> list[tuple[str, Entry]]:
    return [(name, entry) for path in FILES for name, entry in content(path)["features"].items()]


FEATURES = dict(entries())
each = pytest.mark.parametrize(("name", "entry"), entries(), ids=[name for name, _ in entries()])


def has(name: str, version: str) -> bool:
    entry = FEATURES[name]
    since = None if entry["since"] == "never" else parse_version(entry["since"])
    until = parse_version(entry["until"]) if "until" in entry else None
    return holds(since, until, releases(entry, "backports"), parse_version(version), releases(entry, "backports_until"))


def releases(entry: Entry, key: str) -> dict[str, Version]:
    return {series: parse_version(release) for series, release in entry.get(key, {}).items()}


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_file_validates(path: Path) -> None:
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(content(path))
    assert [f"{list(error.absolute_path)}: {error.message}" for error in errors] == []


def test_schema_is_a_schema_and_closed() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert "oneOf" not in json.dumps(SCHEMA)

    assert all("additionalProperties" in node for node in objects(SCHEMA))


def objects(node: Any) -> list[Entry]:
    """Every piece of a schema that describes a mapping."""
    children: list[Any] = []
    if isinstance(node, list):
        children = node
    elif isinstance(node, dict):
        children = list(node.values())
    here = [node] if isinstance(node, dict) and node.get("type") == "object" else []
    return here + [found for child in children for found in objects(child)]


def test_files_are_there_and_ids_unique() -> None:
    assert len(FILES) >= 6
    assert [name for name, count in Counter(name for name, _ in entries()).items() if count > 1] == []


def test_what_rules_and_drivers_build_on_is_there() -> None:
    assert [name for name in EXPECTED.split() if name not in FEATURES] == []


@each
def test_needs_resolve(name: str, entry: Entry) -> None:
    assert [other for other in entry.get("needs", {}) if other not in FEATURES or other == name] == []


@each
def test_releases_are_ordered(name: str, entry: Entry) -> None:
    if entry["since"] == "never":
        return
    since = parse_version(entry["since"])
    until = parse_version(entry["until"]) if "until" in entry else None
    assert until is None or since < until
    got, lost = releases(entry, "backports"), releases(entry, "backports_until")
    for series, release in (got | lost).items():
        assert release.series == series and not release.mainline
    for release in got.values():
        assert release.base < since, "a series that began with the feature needs no backport"
    for series, release in lost.items():
        assert until is not None and release.base < until
        assert got[series] < release if series in got else since <= release.base
    assert not set(entry.get("not_in", {})) & set(got)


@each
def test_commit_is_hex_and_sources_say_something(name: str, entry: Entry) -> None:
    assert re.fullmatch("[0-9a-f]{12,40}", entry.get("commit", "0" * 12))
    assert entry["sources"]
    for source in entry["sources"]:
        named = re.match("commit ([0-9a-f]+)", source["ref"])
        assert named is None or len(named[1]) >= 12


@each
def test_confidence_is_explained(name: str, entry: Entry) -> None:
    assert entry["confidence"] == "read" or entry["note"]


def test_a_fix_comes_no_later_than_it_is_needed() -> None:
    """What a feature needs reaches every series that has the feature: else nothing could repair that series."""
    lacking = []
    for name, entry in entries():
        for other in entry.get("needs", {}):
            if has(name, "6.12.117") and not has(other, "6.12.117"):
                lacking.append((name, other))
    assert lacking == []


KNOWN = {
    "5.10.19": (
        (
            "tee-dynamic-shm optee-pool-registers-dmabuf optee-enables-shm-cache ftpm-shutdown-closes-session ftpm-tee-bus"
            " smmu2-shutdown smmu2-shutdown-calls-remove smmu2-disable-bypass-default smmu2-qcom-keeps-smrs smmu3-kdump-evtq-off"
        ),
        (
            "tee-kernel-buf tee-shm-priv optee-pool-frees-on-error optee-drains-at-probe optee-drains-at-shutdown"
            " optee-refuses-kdump tee-bnxt-shutdown ftpm-shutdown-frees-shm tee-shm-no-dma-buf optee-internal-context"
            " smmu2-probe-bypass-window iommu-unregister-releases-groups optee-rpc-arg smmu3-kdump-fails-probe"
        ),
    ),
    "5.10.58": (
        "tee-kernel-buf optee-pool-registers-dmabuf optee-drains-at-probe optee-drains-at-shutdown optee-refuses-kdump",
        "tee-shm-priv optee-rpc-alloc-priv tee-bnxt-shutdown optee-internal-context",
    ),
    "5.10.61": (
        (
            "tee-kernel-buf tee-shm-priv tee-shm-priv-accepted optee-rpc-alloc-priv tee-bnxt-shutdown ftpm-shutdown-frees-shm"
            " optee-pool-frees-on-error optee-drains-at-shutdown optee-refuses-kdump"
        ),
        "optee-pool-registers-dmabuf optee-pool-frees-right-pages optee-internal-context tee-shm-no-dma-buf",
    ),
    "5.10.103": ("optee-internal-context optee-pool-frees-right-pages tee-shm-no-dma-buf", "optee-supplicant-killable"),
    "5.4.291": (
        "optee-drains-at-probe tee-shm-priv optee-internal-context optee-supplicant-killable",
        "optee-drains-at-shutdown optee-refuses-kdump tee-bnxt-shutdown ftpm-tee-bus",
    ),
    "5.13": ("optee-pool-registers-dmabuf", "tee-kernel-buf tee-shm-priv-accepted"),
    "5.13.10": ("tee-kernel-buf tee-shm-priv optee-drains-at-shutdown", "tee-bnxt-shutdown optee-pool-registers-dmabuf"),
    "5.14": ("tee-bnxt-shutdown optee-drains-at-shutdown", "optee-internal-context optee-ffa-abi"),
    "6.1.0": ("smmu2-shutdown-calls-remove iommu-unregister-releases-groups", "smmu2-shutdown-keeps-registration"),
    "6.1.3": (
        (
            "smmu2-shutdown-calls-remove smmu3-shutdown-calls-remove iommu-unregister-releases-groups optee-rpc-arg"
            " smmu2-probe-bypass-window pci-port-shutdown smmu3-disable-bypass-param"
        ),
        "smmu2-shutdown-keeps-registration smmu3-shutdown-keeps-registration tee-exact-pages optee-supplicant-killable",
    ),
    "6.1.6": ("smmu2-shutdown-calls-remove", "smmu2-shutdown-keeps-registration"),
    "6.1.7": (
        "iommu-unregister-releases-groups smmu2-shutdown-keeps-registration smmu3-shutdown-keeps-registration",
        "smmu2-shutdown-calls-remove smmu3-shutdown-calls-remove",
    ),
    "6.2-rc3": ("smmu2-shutdown-calls-remove", "smmu2-shutdown-keeps-registration"),
    "6.1.192": (
        (
            "smmu2-shutdown-keeps-registration optee-refuses-kdump pci-port-shutdown optee-registers-devices-last"
            " optee-supplicant-killable smmu3-disable-bypass-param"
        ),
        "tee-exact-pages tee-bus-shutdown caam-jr-shutdown optee-system-sessions ffa-core-shutdown",
    ),
    "6.12.117": (
        "tee-exact-pages caam-jr-shutdown optee-system-sessions optee-registers-devices-last optee-rpc-arg qat-shutdown",
        "tee-bus-shutdown pci-port-shutdown smmu3-disable-bypass-param ffa-core-shutdown dwc3-core-shutdown",
    ),
    "4.19.50": ("smmu3-kdump-fails-probe", "smmu3-kdump-evtq-off"),
    "4.19.51": ("smmu3-kdump-evtq-off", "smmu3-kdump-fails-probe"),
}


@pytest.mark.parametrize("version", KNOWN)
def test_known_versions(version: str) -> None:
    present, absent = (names.split() for names in KNOWN[version])
    assert [name for name in present if not has(name, version)] == []
    assert [name for name in absent if has(name, version)] == []


def test_what_was_never_merged_holds_nowhere() -> None:
    never = [name for name, entry in entries() if entry["since"] == "never"]
    assert never
    assert not any(has(name, version) for name in never for version in ("4.19", "5.10.61", "6.12.117", "7.3"))
