"""The program: all its commands, by what they are about. What a command does is imported when it runs."""

from __future__ import annotations

import click

from kexecspec import __version__
from kexecspec.cli import on_boards, on_changes, on_fleets, on_itself, on_library, on_platforms, on_trees


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 78, "terminal_width": 78},
    epilog="Start with `kexecspec init`, then `kexecspec check platform.yaml`.",
)
@click.version_option(__version__, prog_name="kexecspec", message="%(prog)s %(version)s")
def program() -> None:
    """Proves that handing a machine from one kernel to the next is safe, or replays
    a way in which it is not."""


_COMMANDS = (
    on_platforms.check,
    on_platforms.test,
    on_platforms.replay,
    on_platforms.verify_cert,
    on_platforms.why,
    on_platforms.export,
    on_platforms.list_,
    on_platforms.init,
    on_changes.reduce,
    on_changes.diagnose,
    on_changes.diff,
    on_changes.fix,
    on_fleets.sweep,
    on_fleets.merge,
    on_fleets.matrix,
    on_fleets.audit,
    on_trees.import_,
    on_library.explain,
    on_library.schema,
    on_library.show,
    on_itself.cache,
    on_itself.completion,
    on_itself.man,
    on_itself.help_,
    on_boards.exposure,
    on_boards.recipe,
)
for _command in _COMMANDS:
    program.add_command(_command)
