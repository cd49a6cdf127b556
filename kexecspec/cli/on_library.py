"""The commands that show the library, and what becomes of a file: their arguments and their help."""

from __future__ import annotations

import click

from kexecspec.cli.options import SPECS, codes, files


@click.command()
@click.argument("code", shell_complete=codes)
@SPECS
def explain(code: str, specs: tuple[str, ...]) -> int:
    """Say what a code such as KX103 means, with its sources."""
    from kexecspec.cli.explain import run

    return run(code, specs)


@click.command()
@click.argument("name", required=False)
def schema(name: str | None) -> int:
    """Print a JSON schema, or the names of all."""
    from kexecspec.cli.schemas import run

    return run(name)


@click.group()
def show() -> None:
    """Show the library, or what a platform file becomes."""


@show.command()
@click.argument("name", required=False)
def drivers(name: str | None) -> int:
    """The drivers of the library, or one of them."""
    from kexecspec.cli.show_library import drivers as shown

    return shown(name)


@show.command()
@click.argument("name", required=False)
@click.option("--kernel", metavar="VERSION", help="Only those that an unmodified kernel of this version has.")
@click.option("--tree", metavar="DIR", help="What this kernel source tree shows of them, beside the version table.")
@click.option("--config", metavar="FILE", help="The .config that the tree is built with.")
def features(name: str | None, kernel: str | None, tree: str | None, config: str | None) -> int:
    """Kernel features with their sources, or one of them."""
    if tree is not None:
        from kexecspec.cli.show_tree import features_of_tree

        if kernel is not None:
            raise click.UsageError("--kernel and --tree exclude each other: a tree says itself which version it is")
        return features_of_tree(name, tree, config)
    if config is not None:
        raise click.UsageError("--config goes with --tree")
    from kexecspec.cli.show_features import features as shown

    return shown(name, kernel)


@show.command()
@click.argument("name", required=False)
def smmus(name: str | None) -> int:
    """The SMMU variants, or what one of them leaves behind."""
    from kexecspec.cli.show_library import smmus as shown

    return shown(name)


@show.command()
def properties() -> int:
    """The properties, by code."""
    from kexecspec.cli.show_library import properties as shown

    return shown()


@show.command()
@click.argument("file", shell_complete=files)
@click.option("--lifetime", type=click.Choice(["kernel", "platform", "fixed"]), help="Only variables of this lifetime.")
def system(file: str, lifetime: str | None) -> int:
    """The transition system that a platform file becomes."""
    from kexecspec.cli.show_system import show_system

    return show_system(file, lifetime)


@show.command()
@click.argument("file", shell_complete=files)
def survives(file: str) -> int:
    """What outlives a kernel of a platform, and what a handoff does to it."""
    from kexecspec.cli.show_system import survives as shown

    return shown(file)
