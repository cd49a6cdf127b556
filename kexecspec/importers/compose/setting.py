"""What is imported besides the board: the kernel, its configuration, and answers of the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kexecspec.importers.board import Board
from kexecspec.importers.facts import Fact, unknown


@dataclass(frozen=True)
class Setting:
    """`version` of the kernel; `features` and `config` are those that differ from what the version says; `tee` is what
    the user says of the trusted OS: a release of OP-TEE, `unknown` or `none`, and "" for nothing. `cmdline` is built
    in: it counts where a boot loader gives none, or always (`forced`)."""

    version: Fact[str] = field(default_factory=unknown)
    features: Mapping[str, Fact[bool]] = field(default_factory=dict)
    config: Mapping[str, Fact[str]] = field(default_factory=dict)
    tee: str = ""
    cmdline: Fact[str] = field(default_factory=unknown)
    forced: bool = False


def has_tee(board: Board, setting: Setting) -> bool:
    """Whether there is a trusted OS: as the user says, else as the board does."""
    return setting.tee != "none" if setting.tee else board.tee.value is not None
