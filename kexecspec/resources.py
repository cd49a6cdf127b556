"""Where the library's files are: in the wheel beside the package, in a checkout at its top."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def specs_root() -> Path:
    """The folder with drivers/, kernels/, components/... Raises FileNotFoundError if it is not installed."""
    return _root("_specs", "specs")


def schemas_root() -> Path:
    """The folder with NAME.schema.json. Raises FileNotFoundError if it is not installed."""
    return _root("_schemas", "schemas")


def schema_path(name: str) -> Path:
    """The file of the schema `name` ("platform", "driver"...). Raises FileNotFoundError if there is none."""
    path = schemas_root() / f"{name}.schema.json"
    if not path.is_file():
        raise FileNotFoundError(f"no schema '{name}' in {path.parent}")
    return path


def _root(packed: str, checkout: str) -> Path:
    for candidate in (_PACKAGE / packed, _PACKAGE.parent / checkout):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"kexecspec is installed without its {checkout}/ folder")
