"""What is fuzzed: each target takes any bytes, and lets nothing escape but a broken promise."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from kexecspec.cache.terms import Malformed
from kexecspec.cache.written import read, worth_keeping, written
from kexecspec.certificate.examine import examine
from kexecspec.certificate.made import certificate
from kexecspec.certificate.manifest import FILE
from kexecspec.check import checked
from kexecspec.cli.platforms import Settled, settled
from kexecspec.cli.replaying import beside, fitting
from kexecspec.diagnostics import InputError, escape, render_all
from kexecspec.ground.ground import ground
from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.whole import imported
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.features.forms import Call, Scope, Symbol
from kexecspec.importers.features.look import look
from kexecspec.importers.source.entry import driver_entry
from kexecspec.importers.source.index import opened_index
from kexecspec.importers.source.parse import read_c, read_structs
from kexecspec.importers.source.records import packed, unpacked
from kexecspec.importers.source.syntax import parse
from kexecspec.input_codes import INPUT_CODES
from kexecspec.ir.language import Group, LanguageError, Meaning, lower
from kexecspec.ir.nodes import Ref
from kexecspec.ir.system import Lifetime, TransitionSystem, Var
from kexecspec.ir.text import text
from kexecspec.ir.typing import SortError, sort_of
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform.ways import read_platforms
from kexecspec.report import Look
from kexecspec.report.itf_read import read_trace
from kexecspec.sweep.combine import combinations
from kexecspec.sweep.read import read_matrix
from kexecspec.sweep.results import read_results
from kexecspec.sweep.shards import merged
from kexecspec.sweep.tables import WRITERS, as_text
from kexecspec.textfile import line_reader

CORPUS = Path(__file__).parent / "corpus"
SMALL = """\
schema: kexecspec/platform/1
platform: acme
secure_world: {optee: 3.13.0, abi: smc, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices: {bnxt: {driver: tee_bnxt_fw}}
kernels: {prod: {version: 5.10.19}}
handoffs: [prod -systemctl kexec-> prod]
"""
FEW = 8
"""Devices, kernels and handoffs of a platform that is made into a system too: larger ones take their time."""


def loader(content: bytes) -> None:
    """A platform file: read, checked, resolved in every way it leaves open and, where it is small, grounded."""
    path = _folder() / "in.yaml"
    path.write_bytes(content)
    try:
        platforms = read_platforms(str(path), library())
    except InputError as error:
        return _told(error)
    for _, platform in platforms[:2]:
        if max(len(platform.entities) - FEW, len(platform.kernels), len(platform.edges)) <= FEW:
            ground(platform, library())


def traces(content: bytes) -> None:
    """A trace file beside the platform that it is fitted to."""
    path = _folder() / "in.itf.json"
    path.write_bytes(content)
    try:
        file = read_trace(str(path))
        beside(file)
        fitting(file, _acme())
    except InputError as error:
        _told(error)


def rules(content: bytes) -> None:
    """A text of the rule language, lowered, sorted and written out again."""
    try:
        found = lower(content.decode("utf-8", "replace"), _scope)
        sort_of(found, _VARIABLES)
        assert text(found)
    except (LanguageError, SortError) as error:
        assert str(error)


def certificates(content: bytes) -> None:
    """A certificate of which one file is changed: the first line names it, the rest is what stands in it. Unless it
    is the manifest, the sums are made to fit, so that what is behind them is reached."""
    name, _, text = content.partition(b"\n")
    files = {**_certificate(), FILE: _certificate()[FILE]}
    changed = next((known for known in files if known.encode() == name), FILE)
    files[changed] = text
    if changed != FILE:
        files[FILE] = _signed(files)
    folder = _folder() / "certificate"
    for path, inner in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(inner)
    try:
        examined = examine(str(folder))
    except InputError as error:
        return _told(error)
    assert all(escape(one) for one in examined.rejections)


def sweeps(content: bytes) -> None:
    """A matrix beside a platform file: read, counted, and its first combinations made."""
    path = _folder() / "in.yaml"
    path.write_bytes(content)
    (_folder() / "acme.yaml").write_text(SMALL)
    try:
        for one in combinations(read_matrix(str(path)))[:FEW]:
            assert one.tree().span
    except InputError as error:
        _told(error)


def results(content: bytes) -> None:
    """A file of results, put together with itself and written out in every format."""
    path = _folder() / "in.jsonl"
    path.write_bytes(content)
    try:
        read = read_results(str(path))
        head, rows = merged([read, read])
    except InputError as error:
        return _told(error)
    for write in WRITERS.values():
        assert write(head, rows, Look())
    assert "\x1b" not in as_text(head, rows, Look())


def answers(content: bytes) -> None:
    """What is kept of a check, read back: whatever is read was worth keeping, and is written again as it was read."""
    system = _system()
    try:
        found = read(content.decode("utf-8", "replace"), system, system.properties)
    except Malformed as error:
        assert str(error)
        return
    assert all(map(worth_keeping, found))
    assert read(written(system, found), system, system.properties) == found


def blobs(content: bytes) -> None:
    """A device tree blob, imported: what comes out is a platform file, whatever stood in it."""
    try:
        board = read_board(content, "in.dtb")
        made = imported(board, by_library(library()), Setting(), (), library())
    except InputError as error:
        return _told(error)
    assert made.text.isascii() and made.text.replace("\n", "").isprintable()


def sources(content: bytes) -> None:
    """A C file: read in both ways, kept and read back, and looked at for a function, a call and a hook."""
    file = read_c("drivers/in.c", content)
    assert unpacked(json.loads(json.dumps(packed(file)))) == unpacked(json.loads(json.dumps(packed(file))))
    assert {struct.name for struct in read_structs("drivers/in.c", content).structs if struct.whole} <= {
        struct.name for struct in file.structs
    }
    unit = parse(content)
    assert len(unit.blanked.text) == len(content)
    for sight in (Symbol("acme_probe"), Call(Scope(hook="platform_driver.shutdown"), "dev_close", deep=True)):
        look(unit, content, sight)
    root = _folder() / "tree"
    (root / "drivers").mkdir(parents=True, exist_ok=True)
    (root / "drivers/in.c").write_bytes(content)
    with opened_index(root, None, 1) as index:
        for driver in index.every():
            assert driver_entry(driver, library())["driver"]


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "loader": loader, "rules": rules, "traces": traces, "certificates": certificates, "sweeps": sweeps,
    "results": results, "answers": answers, "blobs": blobs, "sources": sources,
}  # fmt: skip


def corpus(target: str) -> tuple[Path, ...]:
    """The inputs that are kept for a target: seeds, and everything that was once a finding."""
    return tuple(sorted((CORPUS / target).iterdir()))


class _Part:
    """A thing of the platform for the rule language."""

    def __init__(self, name: str) -> None:
        self.name = name

    def attribute(self, name: str) -> Meaning:
        if name not in ("on", "count", "mode"):
            raise LanguageError(f"{self.name} has no {name}")
        return Ref(f"{self.name}.{name}")


_SORTS = {"on": BOOL, "count": IntSort(0, 9), "mode": EnumSort(("idle", "busy"))}
_VARIABLES = {
    f"{part}.{name}": Var(f"{part}.{name}", sort, None, Lifetime.KERNEL)
    for part in ("a", "b")
    for name, sort in _SORTS.items()
}


def _scope(name: str) -> Meaning | None:
    meanings: dict[str, Meaning] = {"self": _Part("a"), "a": _Part("a"), "b": _Part("b")}
    return Group((_Part("a"), _Part("b"))) if name == "devices" else meanings.get(name)


@cache
def _folder() -> Path:
    """Where inputs lie: beside files to extend, and beside things that must not be read."""
    folder = Path(tempfile.mkdtemp(prefix="kexecspec-fuzz-"))
    (folder / "acme.yaml").write_text(SMALL)
    (folder / "loop.yaml").write_text("extends: in.yaml\n")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "zero").symlink_to("/dev/zero")
    return folder


@cache
def _acme() -> tuple[Settled, ...]:
    return settled(str(_folder() / "acme.yaml"))


@cache
def _system() -> TransitionSystem:
    ((_, platform),) = read_platforms(str(_folder() / "acme.yaml"), library())
    return ground(platform, library())


@cache
def _certificate() -> dict[str, bytes]:
    """The files of a small certificate."""
    found = certificate(checked(str(_folder() / "acme.yaml"), Options(only=("KX105",), certified=True)))
    assert found is not None
    return {name: text.encode() for name, text in found.files.items()}


def _signed(files: Mapping[str, bytes]) -> bytes:
    """The manifest, with sums that fit the files."""
    said = json.loads(files[FILE])
    said["files"] = [
        {"path": name, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
        for name, text in files.items()
        if name != FILE
    ]
    return (json.dumps(said, indent=1) + "\n").encode()


def _told(error: InputError) -> None:
    """Every complaint has a known code, and can be shown."""
    assert error.diagnostics and all(one.code in INPUT_CODES for one in error.diagnostics)
    assert render_all(error.diagnostics[:5], line_reader()).replace("\n", "").isprintable()
