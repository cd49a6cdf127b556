"""`--specs` and `--policy`: what is laid over the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kexecspec.diagnostics import allowed_help, quote

if TYPE_CHECKING:
    from kexecspec.library import Library
    from kexecspec.options import Options


def laid_on(options: Options, folders: Sequence[str], policy: str | None = None) -> Options:
    """`options` with the library that has `folders` laid over it and a policy chosen, where there are any. Raises as
    `specs_of`."""
    return replace(options, library=specs_of(folders, policy)) if folders or policy is not None else options


def specs_of(folders: Sequence[str], policy: str | None = None) -> Library:
    """The library, with the specifications of `folders` over it and a policy chosen.

    Raises InputError with all that is wrong with them, click.UsageError for a policy that there is not.
    """
    from kexecspec.library import library
    from kexecspec.policies import is_path, with_policy
    from kexecspec.site import laid_over

    specs = laid_over(library(), folders) if folders else library()
    if policy is not None and not is_path(policy) and policy not in (known := specs.names("policies")):
        raise click.UsageError(f"--policy {quote(policy)}: {allowed_help(policy, known)}; of a file: NAME.yaml.")
    return specs if policy is None else with_policy(specs, policy)
