"""A platform file read, and held against its schema while the rest of the tool is loaded.

Both take a tenth of a second or more, and neither needs the other.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kexecspec.diagnostics import InputError

if TYPE_CHECKING:
    from kexecspec.library import Library
    from kexecspec.options import Options
    from kexecspec.source import Node

CHECK = "kexecspec.check"
"""What is loaded with it is most of the tool."""


def opened(path: str, options: Options) -> Node:
    """The tree of the platform file `path`, which is fit for a check. Raises InputError with everything that is wrong
    with its form."""
    from kexecspec.platform.fit import unfit
    from kexecspec.solve.aside import beside
    from kexecspec.source import load

    root = load(path)
    if CHECK in sys.modules:
        wrong = unfit(root)
    else:
        with beside(unfit, root) as said:
            load_tool(options.library)
            wrong = said()
    if wrong:
        raise InputError(wrong)
    return root


def load_tool(specs: Library | None = None) -> None:
    """What every check takes: its modules, the features that rules look at, and the sums of what it is made from."""
    import kexecspec.check  # noqa: F401
    from kexecspec import hashes
    from kexecspec.library import library

    specs = specs or library()
    _ = specs.features_in_rules, specs.newest, hashes.of_installation(specs)
