"""The commands about the program itself: their arguments and their help."""

from __future__ import annotations

import click


@click.command()
@click.argument("what", type=click.Choice(["path", "clear", "verify"]), required=False)
def cache(what: str | None) -> int:
    """Say where judgements are kept and how many; forget all, or what is damaged."""
    from kexecspec.cli.caching import run

    return run(what or "verify")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what makes a shell complete commands, files and codes."""
    from kexecspec.cli.completing import run

    return run(_program(context), shell)


@click.command()
@click.pass_context
def man(context: click.Context) -> int:
    """Print a manual page of all commands, for man(1)."""
    from kexecspec.cli.manual import run

    return run(_program(context))


@click.command(name="help")
@click.argument("command", required=False)
@click.pass_context
def help_(context: click.Context, command: str | None) -> int:
    """Show the help of a command."""
    program, parent = _program(context), context.parent or context
    found = program.get_command(context, command) if command else program
    if found is None:
        raise click.UsageError(f"No such command '{command}'.")
    shown = parent if command is None else click.Context(found, info_name=command, parent=parent)
    click.echo(found.get_help(shown))
    return 0


def _program(context: click.Context) -> click.Group:
    program = context.find_root().command
    assert isinstance(program, click.Group)
    return program
