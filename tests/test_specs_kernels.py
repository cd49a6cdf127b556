"""The kernel features: every entry on the disk, its form, its releases, and some versions known by heart."""

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
tee-dynamic-shm tee-static-shm-optional optee-pool-registers-dmabuf optee-pool-frees-on-error
optee-pool-frees-right-pages tee-kernel-buf tee-shm-register-flag tee-shm-priv tee-shm-priv-accepted
optee-rpc-alloc-priv tee-shm-dynamic-flag tee-shm-no-dma-buf tee-exact-pages optee-enables-shm-cache
optee-drains-at-probe optee-drains-at-shutdown optee-internal-context optee-refuses-kdump optee-rpc-arg
optee-ffa-abi ffa-core-shutdown optee-supplicant-killable optee-system-sessions tee-bus-shutdown
ftpm-shutdown-closes-session ftpm-shutdown-frees-shm ftpm-tee-bus tee-bnxt-shutdown smmu2-shutdown
smmu2-shutdown-calls-remove iommu-unregister-releases-groups smmu2-shutdown-keeps-registration
smmu2-disable-bypass-default smmu2-probe-bypass-window smmu2-device-links smmu2-qcom-keeps-smrs
smmu2-kdump-masks-fault-irqs smmu2-shutdown-aborts smmu2-shutdown-leaves smmu3-shutdown
smmu3-shutdown-calls-remove smmu3-shutdown-keeps-registration smmu3-disable-bypass-param
smmu3-unattached-abort smmu3-kdump-fails-probe smmu3-kdump-evtq-off smmu3-gbpa-abort-when-enabled
smmu3-shutdown-gbpa-abort smmu3-kdump-adopt smmu3-kexec-adopt pci-clear-master-on-kexec
pci-clear-master-always pci-port-shutdown
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
    got, lost = releases(entry, "backports"), releases(entry, "backports_until")
    return holds(since, until, got, parse_version(version), lost)


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
    """A kernel of today that has a feature has what the feature needs."""
    lacking = []
    for name, entry in entries():
        for other in entry.get("needs", {}):
            if has(name, "6.12.117") and not has(other, "6.12.117"):
                lacking.append((name, other))
    assert lacking == []


KNOWN = """
5.10.19 has tee-dynamic-shm optee-pool-registers-dmabuf optee-enables-shm-cache ftpm-shutdown-closes-session
5.10.19 has ftpm-tee-bus smmu2-shutdown smmu2-shutdown-calls-remove smmu2-disable-bypass-default
5.10.19 has smmu2-qcom-keeps-smrs smmu3-kdump-evtq-off
5.10.19 lacks tee-kernel-buf tee-shm-priv optee-pool-frees-on-error optee-drains-at-probe
5.10.19 lacks optee-drains-at-shutdown optee-refuses-kdump tee-bnxt-shutdown ftpm-shutdown-frees-shm
5.10.19 lacks tee-shm-no-dma-buf optee-internal-context smmu2-probe-bypass-window
5.10.19 lacks iommu-unregister-releases-groups optee-rpc-arg smmu3-kdump-fails-probe
5.10.58 has tee-kernel-buf optee-pool-registers-dmabuf optee-drains-at-probe optee-drains-at-shutdown
5.10.58 has optee-refuses-kdump
5.10.58 lacks tee-shm-priv optee-rpc-alloc-priv tee-bnxt-shutdown optee-internal-context
5.10.61 has tee-kernel-buf tee-shm-priv tee-shm-priv-accepted optee-rpc-alloc-priv tee-bnxt-shutdown
5.10.61 has ftpm-shutdown-frees-shm optee-pool-frees-on-error optee-drains-at-shutdown optee-refuses-kdump
5.10.61 lacks optee-pool-registers-dmabuf optee-pool-frees-right-pages optee-internal-context
5.10.61 lacks tee-shm-no-dma-buf
5.10.103 has optee-internal-context optee-pool-frees-right-pages tee-shm-no-dma-buf
5.10.103 lacks optee-supplicant-killable
5.4.291 has optee-drains-at-probe tee-shm-priv optee-internal-context optee-supplicant-killable
5.4.291 lacks optee-drains-at-shutdown optee-refuses-kdump tee-bnxt-shutdown ftpm-tee-bus
5.13 has optee-pool-registers-dmabuf
5.13 lacks tee-kernel-buf tee-shm-priv-accepted
5.13.10 has tee-kernel-buf tee-shm-priv optee-drains-at-shutdown
5.13.10 lacks tee-bnxt-shutdown optee-pool-registers-dmabuf
5.14 has tee-bnxt-shutdown optee-drains-at-shutdown
5.14 lacks optee-internal-context optee-ffa-abi
6.1.0 has smmu2-shutdown-calls-remove iommu-unregister-releases-groups
6.1.0 lacks smmu2-shutdown-keeps-registration
6.1.3 has smmu2-shutdown-calls-remove smmu3-shutdown-calls-remove iommu-unregister-releases-groups
6.1.3 has optee-rpc-arg smmu2-probe-bypass-window pci-port-shutdown smmu3-disable-bypass-param
6.1.3 lacks smmu2-shutdown-keeps-registration smmu3-shutdown-keeps-registration tee-exact-pages
6.1.3 lacks optee-supplicant-killable
6.1.6 has smmu2-shutdown-calls-remove
6.1.6 lacks smmu2-shutdown-keeps-registration
6.1.7 has iommu-unregister-releases-groups smmu2-shutdown-keeps-registration
6.1.7 has smmu3-shutdown-keeps-registration
6.1.7 lacks smmu2-shutdown-calls-remove smmu3-shutdown-calls-remove
6.2-rc3 has smmu2-shutdown-calls-remove
6.2-rc3 lacks smmu2-shutdown-keeps-registration
6.1.192 has smmu2-shutdown-keeps-registration optee-refuses-kdump pci-port-shutdown
6.1.192 has optee-registers-devices-last optee-supplicant-killable smmu3-disable-bypass-param
6.1.192 lacks tee-exact-pages tee-bus-shutdown caam-jr-shutdown optee-system-sessions ffa-core-shutdown
6.12.117 has tee-exact-pages caam-jr-shutdown optee-system-sessions optee-registers-devices-last
6.12.117 has optee-rpc-arg qat-shutdown
6.12.117 lacks tee-bus-shutdown pci-port-shutdown smmu3-disable-bypass-param ffa-core-shutdown
6.12.117 lacks dwc3-core-shutdown
4.19.50 has smmu3-kdump-fails-probe
4.19.50 lacks smmu3-kdump-evtq-off
4.19.51 has smmu3-kdump-evtq-off
4.19.51 lacks smmu3-kdump-fails-probe
"""


@pytest.mark.parametrize("line", KNOWN.strip().splitlines())
def test_known_versions(line: str) -> None:
    version, verb, *names = line.split()
    assert [name for name in names if has(name, version) is not (verb == "has")] == []


def test_what_was_never_merged_holds_nowhere() -> None:
    never = [name for name, entry in entries() if entry["since"] == "never"]
    assert never
    assert not any(has(name, version) for name in never for version in ("4.19", "5.10.61", "6.12.117", "7.3"))
