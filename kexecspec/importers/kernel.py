"""A kernel tree and its configuration as what a platform file says of a kernel."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.importers.features.beside import version_of_tree
from kexecspec.importers.features.tree import Tree
from kexecspec.importers.kept_features import Features
from kexecspec.library import Library
from kexecspec.platform.kernels import PASSTHROUGH

CMDLINE = "CONFIG_CMDLINE"


def setting_of(tree: Tree, found: Features, config_file: str, library: Library, tee: str) -> Setting:
    """The version that the tree's Makefile names, the features that its sources show otherwise than the version table
    does, and the options without which features are not there. A version that is not described is taken to be the
    newest one that is, and every feature that the sources show comes with it. `found` are the tree's features."""
    version = version_of_tree(tree)
    described = version is not None and version.base <= library.newest
    usual = library.features_of(version if version is not None and described else library.newest)
    features = {name: fact for name, fact in found.items() if fact.known and fact.value is not (name in usual)}
    said = tree.version if described else assumed(str(library.newest), *tree.version.places)
    config = tree.config or {}
    options = _options(tree.config, config_file, library)
    return Setting(said, features, options, tee, _built_in(config, config_file), config.get(f"{CMDLINE}_FORCE") == "y")


def _built_in(config: Mapping[str, str], file: str) -> Fact[str]:
    """The command line of a configuration (early_init_dt_scan_chosen); unknown where it has none."""
    text = config.get(CMDLINE, "").removeprefix('"').removesuffix('"').replace('\\"', '"').strip()
    return Fact(text, (Place(file),)) if text else unknown(*([Place(file)] if file else []))


def _options(config: Mapping[str, str] | None, file: str, library: Library) -> dict[str, Fact[str]]:
    """The options that features hang on and that the configuration does not set, and those that other facts hang on
    and that it does set."""
    if config is None:
        return {}
    wanted = {str(entry["config"]) for entry in library.features.values() if "config" in entry}
    made = {name: Fact("n", (Place(file),)) for name in sorted(wanted) if config.get(name, "n") not in ("y", "m")}
    return made | ({PASSTHROUGH: Fact("y", (Place(file),))} if config.get(PASSTHROUGH) == "y" else {})
