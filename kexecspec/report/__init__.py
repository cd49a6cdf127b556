"""What a check found, in the formats that people and programs read. One format a module, one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome

Reporter = Callable[[Sequence[Outcome], Look], str]

_WHERE = MappingProxyType({
    "text": "text.as_text", "json": "as_json.as_json", "itf": "itf.as_itf", "sarif": "sarif.as_sarif",
    "junit": "junit.as_junit", "github": "github.as_github", "gitlab": "gitlab.as_gitlab", "ktap": "ktap.as_ktap",
    "markdown": "markdown.as_markdown", "csv": "spreadsheet.as_csv", "html": "page.document.as_html",
    "lore": "lore.as_lore", "mermaid": "mermaid.as_mermaid", "svg": "drawing.as_svg",
})  # fmt: skip


class _Formats(Mapping[str, Reporter]):
    """Each format's module is loaded when it is asked for: a check writes one of them, or two."""

    def __getitem__(self, name: str) -> Reporter:
        module, _, function = _WHERE[name].rpartition(".")
        reporter: Reporter = getattr(import_module(f"kexecspec.report.{module}"), function)
        return reporter

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)


REPORTERS: Mapping[str, Reporter] = _Formats()
"""Every output format of `check` by its name."""
OF_ONE_TRACE = frozenset({"itf", "mermaid", "svg"})
"""The formats that hold one trace, and nothing where nothing is refuted."""

__all__ = ["OF_ONE_TRACE", "REPORTERS", "Look", "Outcome", "Reporter"]
