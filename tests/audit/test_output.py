"""An audit as text, JSON, CSV and a page, with names that mean harm."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import jsonschema
import pytest

from kexecspec.audit.as_json import as_csv, as_json
from kexecspec.audit.as_text import text
from kexecspec.audit.page import page, table
from kexecspec.audit.plot import bars
from kexecspec.audit.rows import COLUMNS, as_table
from kexecspec.audit.tables import by_subsystem
from tests.audit.sample import HOSTILE, sample
from tests.goldens import ROOT

_EMPTY = {"meta", "input", "rect", "wbr"}


class Elements(HTMLParser):
    """Every element with its attributes, and the text outside of style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _EMPTY or tag == "rect":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data


@pytest.fixture(scope="module")
def elements() -> Elements:
    read = Elements()
    read.feed(page(sample()))
    read.close()
    assert read.open == []
    return read


def test_the_page_is_whole_and_what_is_hostile_is_text(elements: Elements) -> None:
    tags = [tag for tag, _ in elements.found]
    assert tags.count("script") == 1 and "alert('x')" in elements.text
    assert "\x1b" not in page(sample())
    assert not any(name.startswith("on") for _, attrs in elements.found for name in attrs)


def test_the_page_needs_nothing_else(elements: Elements) -> None:
    reaching = {"src", "href", "action", "data", "poster", "srcset", "xlink:href"}
    assert not any(reaching & attrs.keys() for _, attrs in elements.found)
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp", page(sample()))
    policy = next(attrs for tag, attrs in elements.found if attrs.get("http-equiv"))["content"]
    assert policy is not None and policy.startswith("default-src 'none'")


def test_the_page_has_tables_a_plot_and_every_standing(elements: Elements) -> None:
    assert [tag for tag, _ in elements.found].count("svg") == 1
    classes = " ".join(attrs.get("class") or "" for _, attrs in elements.found)
    assert all(f"s-{standing}" in classes for standing in ("error", "open", "note", "proved"))
    ids = {attrs["id"] for _, attrs in elements.found if attrs.get("id")}
    filters = {attrs["data-filter"] for _, attrs in elements.found if attrs.get("data-filter")}
    assert filters == ids == {"findings", "boards"}
    assert "no driver binds it" in elements.text and "lie in RAM" in elements.text


def test_cells_and_bars_are_escaped() -> None:
    assert "<script>" not in table((HOSTILE, "b", "c"), [(HOSTILE, 1, (HOSTILE, "code"))])
    drawn = bars(by_subsystem(sample().rows), HOSTILE)
    assert "<script>" not in drawn and drawn.count("<rect") == 4


def test_json_is_valid_by_its_schema_and_csv_says_the_same() -> None:
    schema = json.loads((ROOT / "schemas/audit.schema.json").read_text())
    content = json.loads(as_json(sample()))
    jsonschema.Draft202012Validator(schema).validate(content)
    assert len(content["rows"]) == len(sample().rows) and set(content["rows"][0]) == set(COLUMNS)
    assert content["totals"]["KX301@crash"]["proved"] == 1
    head, *lines = csv.reader(io.StringIO(as_csv(sample())))
    assert head == list(COLUMNS) and len(lines) == len(content["rows"])
    names = [line[head.index("name")] for line in lines]
    assert f"'=1+{HOSTILE}" in names, "no cell begins a formula"
    assert set(as_table(sample().rows[0])) == set(COLUMNS)


def test_the_text_is_plain_and_fits() -> None:
    said = text(sample(), whole=True)
    assert max(map(len, said.splitlines())) <= 78
    assert "\x1b" not in said and "\u202e" not in said
    assert "2. thing: 1 on kexec; 1 device of 1 board\n     drivers/net/thing.c:12" in said
    assert "KX301@kexec 2 1 1 . ." in " ".join(said.split())
    assert "1 whether its I/O addresses, taken for physical ones, lie in RAM" in " ".join(said.split())


def test_of_long_tables_the_head_is_shown() -> None:
    short = text(sample())
    assert "and 1 more (--whole, or another --format)" in short
    assert "and 1 more" not in text(sample(), whole=True)
