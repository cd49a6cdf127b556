"""A bpftrace script that watches the functions behind the steps of a trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.diagnostics import escape
from kexecspec.platform.facts import Kernel, Platform
from kexecspec.recipe.known import Probe, Recipes
from kexecspec.report.look import wrapped
from kexecspec.versions import Version, parse_version

UNTESTED = "Untested on hardware: made from a model of the board and from kernel sources."


def script(platform: Platform, id_: str, known: Recipes) -> str:
    """The script for the first Linux kernel of `platform`: the functions that it has, as far as they were read in
    kernels around its version; the others are named at the end."""
    kernel = _kernel(platform)
    version = parse_version(str(kernel.version)) if kernel is not None else None
    has = features(platform)
    wanted = [probe for probe in known.probes if probe.needs in has]
    there = [probe for probe in wanted if version is not None and probe.is_in(version)]
    lines = ["#!/usr/bin/env bpftrace", *_head(platform, id_, kernel), "", *_begin()]
    for probe in there:
        lines += ["", *_probe(probe)]
    lines += ["", "END", "{", "  clear(@start);", "}"]
    missing = [probe for probe in wanted if probe not in there]
    return "\n".join([*lines, *_missing(missing, version)]) + "\n"


def features(platform: Platform) -> frozenset[str]:
    """What a platform has of that which functions are `for`."""
    found = {"any"}
    if platform.of_kind("client"):
        found.add("tee")
    drivers = {entity.driver for entity in platform.of_kind("tee_driver")}
    if drivers & {"optee", "optee-ffa"}:
        found |= {"optee", "optee-ffa" if "optee-ffa" in drivers else "optee-smc"}
    for smmu in platform.of_kind("smmu"):
        found |= {"smmu", "smmu-v3" if smmu.facts.get("v3") is True else "smmu-v2"}
    hooks = (hooks for entity in platform.of_kind("device") for hooks in entity.hooks.values())
    if any(op.do == "pci_clear_master" for hook in hooks for op in hook.shutdown):
        found.add("pci")
    return frozenset(found)


def _kernel(platform: Platform) -> Kernel | None:
    first = platform.kernels[platform.first]
    return first if first.linux else next((one for one in platform.kernels.values() if one.linux), None)


def _comment(text: str) -> list[str]:
    return wrapped(text, "// ")


def _head(platform: Platform, id_: str, kernel: Kernel | None) -> Iterator[str]:
    yield from _comment(f"{id_} on {platform.name}: what happens around a handoff.")
    yield from _comment(UNTESTED)
    if kernel is not None:
        yield from _comment(f"For {kernel.name}, Linux {kernel.version}; it needs kprobes and BTF.")
    yield from _comment(
        "Start it before the first step, on a serial console: what it prints last is seen there only. It ends with its "
        "kernel; start it again in the next one. A kernel that crashes prints nothing more."
    )


def _begin() -> Iterator[str]:
    yield from ["BEGIN", "{", "  @start = nsecs;", '  printf("watching\\n");', "}"]


def _probe(probe: Probe) -> Iterator[str]:
    places = ", ".join(f"{file}@{version}" for file, version in probe.read)
    yield from _comment(f"{probe.symbol}: {places}")
    if probe.note:
        yield from _comment(probe.note)
    for kind, body in (("kprobe", probe.entry), ("kretprobe", probe.exit)):
        if body:
            yield from [f"{kind}:{probe.symbol}", "{", *(f"  {line}" for line in body.rstrip().split("\n")), "}"]


def _missing(probes: Sequence[Probe], version: Version | None) -> Iterator[str]:
    if probes:
        said = ", ".join(dict.fromkeys(escape(probe.symbol) for probe in probes))
        yield ""
        yield from _comment(f"Left out, for nobody read them in Linux {version or '-'}: {said}")
