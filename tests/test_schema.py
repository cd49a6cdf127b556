"""Departures from a schema are told all at once, at their place, with what would be right."""

# ruff: noqa: E501  (tables of cases read better unwrapped)

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kexecspec.diagnostics import Diagnostic, in_order
from kexecspec.formats import CHECKS
from kexecspec.resources import schema_path, schemas_root, specs_root
from kexecspec.schema import validate
from kexecspec.source import parse, read

GOOD = """\
# yaml-language-server: $schema=platform.schema.json
platform: acme-r1
memory: {ram: [0x8000_0000 + 8GiB], crashkernel: 0xe000_0000 + 256MiB}
secure_world: {optee: 3.13.0, abi: smc, threads: 2}
smmus: {smmu0: {variant: "arm,mmu-500"}}
devices:
  eth0:  {driver: fsl_enetc, smmu: smmu0, streams: [0x429], dma: ring}
  bnxt:  {driver: tee_bnxt_fw}
kernels:
  prod:  {version: 5.10.19}
  dump:  {version: 5.10.19, kdump: true, duties: [network]}
handoffs: [prod -kexec-> prod, prod -crash-> dump, dump -reboot-> prod]
"""

FULL = """\
schema: kexecspec/platform/1
platform: everything
about: every key once
memory:
  ram: [0x0 .. 2GiB, 0x1_0000_0000 + 4GiB]
  reserved: [0x1000 + 4KiB]
  crashkernel: [0x4000_0000 + 256MiB, 0x1_2000_0000 + 1GiB]
  static_shm: 0xfe00_0000 + 2MiB
  dma_limit: 4GiB
secure_world:
  optee: 4.9.0
  abi: ffa
  board: imx
  threads: 2
  heap: {size: 64KiB, base_use: [15888, 24176]}
  dynamic_shm: true
  prealloc_cache: unknown
  rpc_arg: false
  spmc: s-el1
  handles: 64
  va_space: 32MiB
  services:
    ftpm: {ta_flags: [single_instance, keep_alive], pseudo: false, makes_rpc: true, locks: [rpmb], provides: [ftpm]}
  suspended_threads: 1
  mediator: none
  supplicant: {present: true, may_die: true}
smmus:
  v2: {variant: "arm,smmu-v2", reset: {clientpd: unknown}, abort_is_fatal: true, coherent: false}
  v3: {variant: "arm,smmu-v3", reset: {gbpa: bypass, enabled: false}, before: [a]}
devices:
  a:
    driver: mine
    bus: platform
    smmu: v2
    streams: [1, 2]
    domain: identity
    iova: unknown
    dma: {kind: one-shot, requests_by: user, runs_out: true, writes: true, recurrent: false}
    quiesced_by: {by: child, name: b}
    running: true
    order: 3
  b: {driver: generic-pci, dma: msi, bus_master: ignored, behind_port: true, msi: true, after: [a], quiesced_by: nothing}
drivers:
  mine:
    title: a driver under review
    kind: tee-client
    bus: tee
    since: 6.13
    service: {name: ftpm}
    calls: kernel
    hooks:
      probe:
        - tee_client_open_context
        - {do: tee_shm_alloc, buffer: b, size: 4MiB, flags: [mapped, dma_buf], unless: tee-kernel-buf}
        - {do: tee_shm_alloc_kernel_buf, buffer: b, size: 4MiB, when: [tee-kernel-buf]}
      shutdown: [{do: tee_shm_free, buffer: b}]
    provides: [ftpm]
    quiesced_by: {kexec: [{by: shutdown, when: x}, {by: bus}], how: it is}
kernels:
  prod:
    version: 6.12
    features: {optee-drains-at-probe: false, smmu2-device-links: unknown}
    cmdline: [arm-smmu.disable_bypass=1, quiet]
    config: {CONFIG_OPTEE: y, CONFIG_HZ: 250}
    duties: [ftpm]
    user_space: {sessions: 2, pages: 8, services: [ftpm]}
    min_threads: 1
    drivers: {optee: true}
  fw: {payload: other, smmu_aware: false, conforming: false, resumes_threads: true, adopts: false}
first: prod
handoffs:
  - prod -kexec -e-> prod
  - {from: prod, to: fw, kind: kexec, user_space: running, at_most: 3, name: to-fw}
limits: {handoffs_between_resets: 10}
resets: {warm_clears: [secure_world]}
duties: [network]
assume: {in_flight: none, fabric_drains: true, others: [{says: the clock is right, why: measured}]}
expect:
  KX101/drain@crash: REFUTED
  KX103: {verdict: REFUTED, handoffs: 4, harm: EXHAUSTION, outcome: CONFIRMED, log: error -22}
"""


def found(text: str, schema: str = "platform") -> list[Diagnostic]:
    return list(validate(parse(text, "p.yaml"), schema))


@pytest.mark.parametrize("text", [GOOD, FULL, "platform: a\nsecure_world: none\n", "{}"])
def test_good_platforms(text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize(
    ("line", "code", "column", "message", "help_"),
    [
        ("plattform: x", "KX003", 1, "unknown key 'plattform'", "did you mean 'platform'?"),
        ("memory: {ram: [], }", "KX007", 15, "'ram' is empty: at least 1 needed", None),
        ("memory: {reserved: []}", "KX008", 1, "'ram' is missing in 'memory'", "add 'ram: ...'"),
        ("memory: {ram: [0x1000]}", "KX006", 16, "item 1 of 'ram' is a range such as 0x8000_0000 + 8GiB, not the number 0x1000", None),
        ("memory: {ram: [low]}", "KX009", 16, "a range is START + SIZE or START .. END, such as 0x8000_0000 + 8GiB", "item 1 of 'ram' is a range such as 0x8000_0000 + 8GiB"),
        ("memory: {ram: [0x2000 .. 0x1000]}", "KX009", 16, "the range ends at 0x1000, not after its start 0x2000", "the end is exclusive"),
        ("memory: {ram: [0x1000 + 1KiB], dma_limit: 4GB}", "KX009", 43, "unknown unit 'GB': KiB, MiB, GiB and TiB (or K, M, G, T) are known", "'dma_limit' is a size such as 64KiB, or unknown"),
        ("smmus: {s: {variant: v, reset: {gbpa: bypas}}}", "KX002", 39, "unknown GBPA 'bypas'", "did you mean 'bypass'? allowed: bypass, abort, unknown"),
        ("smmus: [s]", "KX006", 8, "'smmus' is a mapping, not a list", None),
        ("devices: {a: {driver: d, running: no}}", "KX004", 35, "'running' is true, false or unknown, not the text 'no'", "only true and false are; write false"),
        ("devices: {a: {driver: d, running: 'true'}}", "KX004", 35, "'running' is true, false or unknown, not the text 'true'", "in quotes it is text; write true"),
        ("devices: {a: {driver: d, running: maybe}}", "KX006", 35, "'running' is true, false or unknown, not the text 'maybe'", "or write unknown"),
        ("devices: {a: {driver: d, running: 1}}", "KX006", 35, "'running' is true, false or unknown, not the number 1", None),
        ("devices: {a: {driver: }}", "KX006", 15, "'driver' is a name (letters, digits, and . _ + - inside), not nothing", "write a value, or remove the key"),
        ("devices: {a: {driver: 610}}", "KX004", 23, "'driver' is a name (letters, digits, and . _ + - inside), not the number 610", 'in quotes it is text: "610"'),
        ("devices: {a: {driver: d, smmu: s, streams: [1.5]}}", "KX004", 45, "item 1 of 'streams' is a stream id, not the text '1.5'", "there are no fractions here; this is text"),
        ("devices: {a: {driver: d, smmu: s, streams: [0x1_0000_0000]}}", "KX007", 45, "item 1 of 'streams' is '4294967296', too large: at most 4294967295", None),
        ("devices: {a: {driver: d, smmu: s, streams: [-1]}}", "KX007", 45, "item 1 of 'streams' is -1, too small: at least 0", None),
        ("devices: {a: {driver: d, smmu: s, streams: [7, 1, 7]}}", "KX023", 51, "'7' stands twice in 'streams' (line 1)", "remove one of the two"),
        ("devices: {a: {driver: d, streams: [7]}}", "KX022", 26, "'streams' needs 'smmu' beside it", None),
        ("devices: {a: {driver: d, dma: rng}}", "KX002", 31, "unknown kind of DMA 'rng'", "did you mean 'ring'? allowed: ring, one-shot, periodic-read, periodic-write, firmware, msi, none, unknown"),
        ("devices: {a: {driver: d, dma: {kind: ring, ends: true}}}", "KX003", 44, "unknown key 'ends' in 'dma'", "allowed: kind, writes, requests_by, recurrent, runs_out"),
        ("devices: {a b: {driver: d}}", "KX009", 11, "the key 'a b' is not a name (letters, digits, and . _ + - inside)", None),
        ("kernels: {k: {}}", "KX008", 11, "'version' is missing in 'k'", "add 'version: ...'"),
        ("kernels: {k: {version: 6}}", "KX004", 24, "'version' is a kernel version such as 5.10 or 5.10.61, not the number 6", 'in quotes it is text: "6"'),
        ("kernels: {k: {version: 6.1, config: {HZ: 5}}}", "KX009", 38, "the key 'HZ' is not CONFIG_NAME", None),
        ("kernels: {}", "KX007", 10, "'kernels' is empty: at least 1 needed", None),
        ("secure_world: nothing", "KX006", 15, "'secure_world' is none or a mapping, not the text 'nothing'", "or write none"),
        ("secure_world: {optee: 3.13.0, amdtee: true}", "KX022", 31, "'amdtee' does not go here: optee is given, and a platform has one trusted OS", "remove one of the two"),
        ("secure_world: {threads: 2}", "KX008", 1, "'optee' is missing in 'secure_world'", "add 'optee: ...'"),
        ("secure_world: {optee: 3.x y}", "KX009", 23, "'3.x y' is not a version such as 3.13.0", None),
        ("handoffs: [a -> b]", "KX009", 12, "a handoff is written 'KERNEL -KIND-> KERNEL', such as prod -kexec-> prod", None),
        ("handoffs: [a -kexc-> b]", "KX002", 12, "unknown kind of handoff 'kexc'", "did you mean 'kexec'? allowed: kexec, kexec -e, systemctl kexec, crash, reboot, reboot -f, reboot --force, reboot-force"),
        ("expect: {KX1: PROVED}", "KX009", 10, "the key 'KX1' is not CODE, CODE/instance, CODE@handoff or CODE/instance@handoff", None),
        ("schema: kexecspec/platform/2", "KX021", 9, "unknown form of the file 'kexecspec/platform/2'", "this version knows kexecspec/platform/1"),
        ("secure_world: {none: false}", "KX006", 22, "'none' is true, not false", None),
        ("drivers: {d: {hooks: {shutdwn: []}}}", "KX003", 23, "unknown key 'shutdwn' in 'hooks'", "did you mean 'shutdown'? allowed: probe, shutdown, remove, suspend, runtime"),
        ("drivers: {d: {hooks: {shutdown: [tee_shm_freee]}}}", "KX002", 34, "unknown operation 'tee_shm_freee'", "did you mean 'tee_shm_free'?"),
        ("drivers: {d: {hooks: {shutdown: none}}}", "KX006", 33, "'shutdown' is a list, not the text 'none'", None),
        ("drivers: {d: {sources: []}}", "KX007", 24, "'sources' is empty: at least 1 needed", None),
        ("about: ''", "KX007", 8, "'about' is empty: at least 1 needed", None),
    ],
)  # fmt: skip
def test_one_departure(line: str, code: str, column: int, message: str, help_: str | None) -> None:
    (diagnostic,) = found(line)
    assert (diagnostic.code, diagnostic.message) == (code, message)
    assert (diagnostic.span.line, diagnostic.span.column) == (1, column)
    assert (diagnostic.help or "").startswith(help_ or "")
    assert bool(diagnostic.help) == bool(help_)


def test_all_departures_at_once_in_reading_order() -> None:
    text = "platform: a b\nmemory: {ram: [x], rams: 1}\ndevices:\n  d: {dma: rng}\nkernels: {k: {kdump: 1}}\n"
    diagnostics = found(text)
    assert [(d.code, d.span.line) for d in diagnostics] == [
        ("KX009", 1), ("KX009", 2), ("KX003", 2), ("KX008", 4), ("KX002", 4), ("KX008", 5), ("KX006", 5),
    ]  # fmt: skip
    assert tuple(diagnostics) == in_order(diagnostics)


@pytest.mark.parametrize("text", ["- a\n", "word\n", "5\n"])
def test_a_file_that_is_no_mapping(text: str) -> None:
    (diagnostic,) = found(text)
    assert (diagnostic.code, diagnostic.span.line) == ("KX006", 1)
    assert diagnostic.message.startswith("the file is a mapping, not ")


def test_a_library_driver_needs_its_sources() -> None:
    assert [d.message for d in found("driver: x\nkind: tee\n", "driver")] == [
        "'title' is missing",
        "'sources' is missing",
    ]


def test_drivers_of_the_library() -> None:
    files = sorted((specs_root() / "drivers").glob("*.yaml"))
    assert files
    assert {
        file.name: validate(read(str(file)), "driver")
        for file in files
        if validate(read(str(file)), "driver")
    } == {}


def schemas_below(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from schemas_below(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from schemas_below(value)


OURS = ("platform", "driver")


@pytest.mark.parametrize("name", OURS)
def test_schemas_are_valid_and_close_every_mapping(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(schema_path(name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{name}.schema.json"
    for below in schemas_below(schema):
        assert "oneOf" not in below
        assert "anyOf" not in below
        if isinstance(below.get("properties"), dict) and below.get("type") == "object":
            assert below["additionalProperties"] is False
        if isinstance(below.get("format"), str):
            assert below["format"] in CHECKS


@pytest.mark.parametrize("name", OURS)
def test_schema_references_lead_somewhere(name: str) -> None:
    for below in schemas_below(json.loads(schema_path(name).read_text(encoding="utf-8"))):
        reference = below.get("$ref")
        if isinstance(reference, str):
            file, _, pointer = reference.partition("#/")
            target: Any = json.loads(
                (schemas_root() / (file or f"{name}.schema.json")).read_text(encoding="utf-8")
            )
            for step in pointer.split("/"):
                target = target[step]
            assert isinstance(target, dict)


def test_resources_that_are_not_there() -> None:
    with pytest.raises(FileNotFoundError, match="no schema 'nothing'"):
        schema_path("nothing")
    assert specs_root().is_dir()


def test_reading_alone_does_not_load_jsonschema(tmp_path: Path) -> None:
    program = "import sys, kexecspec.source, kexecspec.schema; sys.exit('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
