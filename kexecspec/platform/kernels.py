"""Kernels: a version, hand-made changes and a command line become features and facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kexecspec.diagnostics import quote
from kexecspec.library import Library, feature_version
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.costs import argument_bytes
from kexecspec.platform.facts import Kernel, Reliance

ELFCORE_ADDR_MAX = 2**64 - 1
"""No address of ELF headers: where elfcorehdr= says so is_kdump_kernel() is false (include/linux/crash_dump.h)."""

PASSTHROUGH = "CONFIG_IOMMU_DEFAULT_PASSTHROUGH"
"""What the kernel takes iommu.passthrough to be where the command line does not say (drivers/iommu/iommu.c)."""


def kernels(
    content: Mapping[str, Any], library: Library, tee: Mapping[str, Any], wrong: Complaints
) -> dict[str, Kernel]:
    """The kernels of a platform file by name. What cannot be is added to `wrong`."""
    return {
        name: _kernel(name, entry or {}, content, library, tee, wrong)
        for name, entry in content.get("kernels", {}).items()
    }


def reliances(found: Mapping[str, Kernel], library: Library, relevant: frozenset[str]) -> tuple[Reliance, ...]:
    """What nobody has verified of the features among `relevant`, whether a kernel has them or lacks them, and
    releases whose name hides what is in them."""
    entries = ((name, library.features[name]) for name in sorted(relevant & library.features.keys()))
    doubted = tuple(
        Reliance(f"kernel feature {name}", str(entry.get("note") or entry.get("confidence")), name)
        for name, entry in entries
        if entry.get("confidence", "unverified") != "read"
    )
    return (*doubted, *(_hidden(kernel) for kernel in found.values() if kernel.linux and _local(kernel.version)))


def _hidden(kernel: Kernel) -> Reliance:
    why = "a distribution's name hides the stable release; say which one it is built from"
    return Reliance(f"version {kernel.version} is taken as {kernel.version.split('-')[0]}", why, kernel.name)


def _local(version: str) -> bool:
    try:
        return bool(feature_version(version).local)
    except ValueError:
        return False


def _kernel(
    name: str,
    entry: Mapping[str, Any],
    content: Mapping[str, Any],
    library: Library,
    tee: Mapping[str, Any],
    wrong: Complaints,
) -> Kernel:
    linux = entry.get("payload", "linux") == "linux"
    features = _features(name, entry, library, wrong) if linux else frozenset()
    if not tee.get("rpc_arg") and tee.get("abi") != "ffa":  # over FF-A argument pages are kept without it, too
        features -= {"optee-rpc-arg"}
    cmdline = _words(entry.get("cmdline"))
    kdump = bool(entry.get("kdump", _only_crashed_into(name, content)))
    headers = elf_headers(cmdline)
    denied = linux and (headers is False or entry.get("config", {}).get("CONFIG_CRASH_DUMP") in ("n", False))
    recognises = linux and not denied and (kdump or headers is True)
    facts = {
        "linux": linux,
        "kdump": kdump,
        "kdump_recognised": recognises,
        "kdump_denied": denied,
        "smmu_aware": bool(entry.get("smmu_aware", linux)),
        "resumes_threads": bool(entry.get("resumes_threads", entry.get("conforming", True) is False)),
        "adopts": bool(entry.get("adopts", f"smmu3-{'kdump' if recognises else 'kexec'}-adopt" in features)),
        "passthrough": _on(cmdline, "iommu.passthrough", entry.get("config", {}).get(PASSTHROUGH, "n") in ("y", True)),
        "disable_bypass": _on(cmdline, "arm-smmu.disable_bypass", "smmu2-disable-bypass-default" in features),
        "unattached_abort": "smmu3-unattached-abort" in features
        and ("smmu3-disable-bypass-param" not in features or _on(cmdline, "arm-smmu-v3.disable_bypass", True)),
        "rpc_registers": "tee-shm-priv" in features
        and "optee-rpc-alloc-priv" not in features
        and tee.get("abi") == "smc",
        "argument_bytes": argument_bytes(tee),
        "call_bytes": 0 if "optee-rpc-arg" in features else argument_bytes(tee),
        "calls_share": tee.get("abi") == "ffa" and "optee-rpc-arg" not in features,
        "min_threads": int(entry.get("min_threads", tee.get("min_threads", 1))),
        "sessions": int(entry.get("user_space", {}).get("sessions", 0)) if tee["kind"] == "optee" else 0,
        "pages": int(entry.get("user_space", {}).get("pages", 0)) if tee["kind"] == "optee" else 0,
    }
    return Kernel(
        name, _readable(entry.get("version", ""), library, linux), linux, features, kdump, recognises, facts,
        tuple(entry.get("duties", ())), wrong.span("kernels", name),
    )  # fmt: skip


def elf_headers(cmdline: Iterable[str]) -> bool | None:
    """Whether the last elfcorehdr= among the words of a command line names ELF headers; None where there is none."""
    given = [word.partition("=")[2] for word in cmdline if word.startswith("elfcorehdr=")]
    if not given:
        return None
    try:
        return int(given[-1].rpartition("@")[2], 0) != ELFCORE_ADDR_MAX
    except ValueError:
        return True


def _only_crashed_into(name: str, content: Mapping[str, Any]) -> bool:
    kinds = [
        str(item if isinstance(item, str) else f"{item['from']} -{item['kind']}-> {item['to']}")
        for item in content.get("handoffs", ())
    ]
    into = [text for text in kinds if text.endswith(f"-> {name}")]
    return bool(into) and all("-crash->" in text for text in into)


def _features(name: str, entry: Mapping[str, Any], library: Library, wrong: Complaints) -> frozenset[str]:
    version = entry.get("version")
    if version is None:
        wrong.say(
            "KX008",
            f"kernel {name} has no version",
            ("kernels", name),
            help="version: 6.12, or payload: other",
        )
        return frozenset()
    try:
        release = feature_version(str(version))
        if release.base > library.newest:
            known = f"kernels up to {library.newest.series} are described"
            wrong.say("KX002", f"unknown version {quote(version)}", ("kernels", name, "version"), known)
        found = set(library.features_of(release))
    except ValueError as error:
        wrong.say("KX009", str(error), ("kernels", name, "version"))
        return frozenset()
    for feature, wanted in entry.get("features", {}).items():
        if feature not in library.features:
            wrong.unknown("feature", feature, sorted(library.features), ("kernels", name, "features", feature))
        elif wanted is True:
            found.add(feature)
        else:
            found.discard(feature)
    config = entry.get("config", {})
    return frozenset(f for f in found if config.get(library.features[f].get("config", ""), "y") not in ("n", False))


def _readable(version: object, library: Library, linux: bool) -> str:
    """The version as written; in place of one that has been complained about, one that can be compared."""
    try:
        feature_version(str(version))
    except ValueError:
        return str(library.newest) if linux else str(version)
    return str(version)


def _words(cmdline: object) -> tuple[str, ...]:
    words = cmdline if isinstance(cmdline, list) else str(cmdline or "").split()
    return tuple(str(word) for word in words)


def _on(cmdline: tuple[str, ...], parameter: str, default: bool) -> bool:
    """The last `parameter=VALUE` of a kernel command line as the kernel's own kstrtobool reads it."""
    spelled = re.compile(re.escape(parameter).replace("\\-", "[-_]") + "(?:=(.*))?")
    for word in reversed(cmdline):
        match = spelled.fullmatch(word)
        if match:
            return match[1] is None or match[1].lower() in ("1", "y", "yes", "on", "true", "t")
    return default
