"""The formats by their names, and what a file of each is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kexecspec.export.aiger import aiger
from kexecspec.export.btor2 import btor2
from kexecspec.export.model import Model
from kexecspec.export.murphi import murphi
from kexecspec.export.promela import promela
from kexecspec.export.smtlib import smtlib
from kexecspec.export.smv import smv

FORMATS: Mapping[str, Callable[[Model, str], str | bytes]] = {
    "smtlib": smtlib,
    "btor2": btor2,
    "aiger": aiger,
    "smv": smv,
    "promela": promela,
    "murphi": murphi,
}
"""Each writes a model under a title; `aiger` is bytes. `promela` raises TooLarge."""
