"""The command that reads a board and its kernel: its arguments and its help."""

from __future__ import annotations

from typing import Any

import click


@click.command(name="import")
@click.option("--dtb", "--dts", required=True, metavar="FILE", help="A .dtb, a .dts, or /sys/firmware/fdt.")
@click.option("--kernel", metavar="TREE", help="The sources of the kernel that drives it.")
@click.option("--config", metavar="FILE", help="That kernel's .config.")
@click.option("--sysfs", metavar="DIR|TAR", help="/ of the running machine, or a copy of its /sys and /proc.")
@click.option("--tee", default="", metavar="RELEASE|none", help="OP-TEE's release, or that there is none.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A fact that you know; may be repeated.")
@click.option("--update", metavar="FILE", help="Import again into FILE: what was changed there by hand stays.")
@click.option("-o", "--output", metavar="FILE", help="Default: stdout, or the file that is updated.")
def import_(**given: Any) -> int:
    """Make a platform file of a device tree and a kernel tree, each fact with
    where it was read.

    What nobody could tell is left open and listed on top; `check` takes the
    file as it is.
    """
    from kexecspec.cli.importing import Request, run

    return run(Request(**given))
