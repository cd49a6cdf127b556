"""The secure world, the interrupt controllers and the kernels as a platform file has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kexecspec.importers.board import Board
from kexecspec.importers.compose.parts import Part, part
from kexecspec.importers.compose.questions import KERNEL
from kexecspec.importers.compose.setting import Setting, has_tee
from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.library import Library

CRASH = "kdump"
HANDOFFS = [
    f"{KERNEL} -kexec-> {KERNEL}",
    f"{KERNEL} -crash-> {CRASH}",
    f"{KERNEL} -reboot-> {KERNEL}",
    f"{CRASH} -reboot-> {KERNEL}",
]


def secure_world(board: Board, setting: Setting, library: Library) -> Part:
    """The trusted OS with what its node says; its release is free where the user does not say it."""
    if not has_tee(board, setting):
        said = bool(setting.tee) or board.tee.confidence == "read"
        places = (Place("--tee"),) if setting.tee else board.tee.places
        return part({"none": Fact(True, places, "read" if said else "assumed")})
    found = board.tee
    told = setting.tee not in ("", "unknown", "optee")
    release: Fact[str] = Fact(setting.tee, (Place("--tee"),)) if told else unknown(*found.places)
    ffa = found.value == "optee-ffa"
    kind = _kind_of_build(board, library)
    facts: dict[str, Fact[Any] | None] = {
        "optee": release,
        "abi": Fact("ffa" if ffa else "smc", found.places, found.confidence if found.value else "assumed"),
        "board": kind,
        "threads": None if kind else assumed(2),
        "heap.size": None if kind else assumed(65536),
        "heap.base_use": unknown(),
    }
    return part(facts)


def _kind_of_build(board: Board, library: Library) -> Fact[str] | None:
    """The library's board that is called as one of the compatibles is, behind the comma."""
    spec = library.spec("tee", "optee")
    boards = spec.content.get("boards", {}) if spec else {}
    for compatible in board.compatibles:
        name = compatible.rpartition(",")[2]
        if name in boards and boards[name].get("threads") != "cores":
            return assumed(name, Place(board.file, node="/"))
    return None


def interrupt_controllers(board: Board) -> dict[str, Part]:
    """The GICs of a board; one without an ITS keeps no tables in memory, and how it was booted is all the same."""
    variant: Fact[Any] = Fact("arm,gic-v3")
    return {
        one.name: part(
            {
                "variant": replace(variant, places=(one.place,)),
                "its": one.its,
                "efi": one.efi if one.its.value else None,
            }
        )
        for one in board.gics
    }


def kernels(board: Board, setting: Setting, library: Library) -> dict[str, Part]:
    """The kernel and its crash kernel, of one version."""
    version = setting.version if setting.version.known else assumed(str(library.newest))
    built_in = setting.cmdline.known and (setting.forced or not board.bootargs.value)
    line = setting.cmdline if built_in else board.bootargs
    facts: dict[str, Fact[Any] | None] = {
        "version": version,
        "cmdline": line if line.value else None,
        **{f"features.{name}": fact for name, fact in setting.features.items()},
        **{f"config.{name}": fact for name, fact in setting.config.items()},
    }
    crash = {name: fact for name, fact in facts.items() if name != "cmdline"}
    return {KERNEL: part(facts), CRASH: part({**crash, "kdump": Fact(True)})}
