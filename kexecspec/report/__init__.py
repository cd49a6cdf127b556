"""What a check found, in the formats that people and programs read. One format a module, one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from kexecspec.report.as_json import as_json
from kexecspec.report.drawing import as_svg
from kexecspec.report.github import as_github
from kexecspec.report.gitlab import as_gitlab
from kexecspec.report.itf import as_itf
from kexecspec.report.junit import as_junit
from kexecspec.report.ktap import as_ktap
from kexecspec.report.look import Look
from kexecspec.report.lore import as_lore
from kexecspec.report.markdown import as_markdown
from kexecspec.report.mermaid import as_mermaid
from kexecspec.report.outcome import Outcome
from kexecspec.report.page.document import as_html
from kexecspec.report.sarif import as_sarif
from kexecspec.report.spreadsheet import as_csv
from kexecspec.report.text import as_text

Reporter = Callable[[Sequence[Outcome], Look], str]

REPORTERS: Mapping[str, Reporter] = MappingProxyType({
    "text": as_text, "json": as_json, "itf": as_itf, "sarif": as_sarif, "junit": as_junit, "github": as_github,
    "gitlab": as_gitlab, "ktap": as_ktap, "markdown": as_markdown, "csv": as_csv, "html": as_html,
    "lore": as_lore, "mermaid": as_mermaid, "svg": as_svg,
})  # fmt: skip
"""Every output format of `check` by its name."""
OF_ONE_TRACE = frozenset({"itf", "mermaid", "svg"})
"""The formats that hold one trace, and nothing where nothing is refuted."""

__all__ = ["OF_ONE_TRACE", "REPORTERS", "Look", "Outcome", "Reporter"]
