"""The HTML page without a browser: well formed, closed in itself, and nothing but what it was told to say. What a
browser makes of it is tested by `make browser`."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from made_reports import leak, proved, refuted, report
from test_formats import ALL, HOSTILE, SPOILT, made

from kexecspec.ir.verdict import Lap
from kexecspec.report import Outcome
from kexecspec.report.page.document import SHOWN
from kexecspec.report.page.markup import element, source

VOID = {"meta"}
ELEMENTS = {
    "html", "head", "meta", "title", "style", "script", "body", "main", "footer", "h1", "h2", "h3", "h4", "p", "span",
    "strong", "code", "kbd", "pre", "table", "thead", "tbody", "tr", "th", "td", "a", "section", "div", "button", "ol",
    "ul", "li", "details", "summary",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "tabindex", "aria-label", "aria-live",
    "aria-hidden", "href", "rel", "type", "hidden", "data-key", "data-number", "data-rule", "data-step",
}  # fmt: skip


class Strict(HTMLParser):
    """Every element is one of ours and closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert tag in ELEMENTS and set(names) <= ATTRIBUTES and len(set(names)) == len(names)
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("outcomes", [ALL, (SPOILT,), (Outcome("a", report(proved())),)], ids=["all", "spoilt", "good"])
def test_it_is_well_formed_and_its_links_lead_somewhere(outcomes: tuple[Outcome, ...]) -> None:
    page = Strict(made("html", *outcomes))
    ids = [one["id"] for _, one in page.found if "id" in one]
    assert len(set(ids)) == len(ids)
    for one in page.of("a"):
        target = one["href"] or ""
        assert target[1:] in ids if target.startswith("#") else target.startswith(("https://git.kernel.org/",))


def test_the_policy_allows_the_one_style_and_the_one_script_and_nothing_else() -> None:
    text = made("html")
    policy = next(one["content"] or "" for one in Strict(text).of("meta") if "http-equiv" in one)
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "http" not in policy
    assert not re.search(r"\bstyle=|\bon[a-z]+=|@import|url\(|src=", text)


def test_it_says_what_was_found() -> None:
    page = Strict(made("html"))
    said = " ".join(" ".join(page.texts).split())
    for wanted in ("acme-r1", "DISAGREEMENT", "KX103/bnxt@kexec", "the jump to prod",
                   "tee_bnxt_fw: probe of optee-clnt0 failed with error -22", "tee.stale: 0 -> 96",
                   "Free it in .shutdown.", "Not modelled: GIC state", "the same of eth0"):  # fmt: skip
        assert wanted in said
    assert "<script>|`@root`" in " ".join(Strict(made("html", SPOILT)).texts), HOSTILE


def test_a_page_of_many_traces_stays_small() -> None:
    many = report(*(refuted(f"KX{n}") for n in range(100, 400)))
    page = Strict(made("html", Outcome("a", many)))
    assert len(page.of("section")) == SHOWN
    assert f"{300 - SHOWN} more traces are not drawn." in page.texts


SOURCES = {
    "commit 954a03be033c": "https://git.kernel.org/linus/954a03be033c",
    "drivers/tee/optee/core.c@6.1.192":
        "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git/tree/drivers/tee/optee/core.c?h=v6.1.192",
    "optee_os core/tee/entry_std.c@3.13.0": "https://github.com/OP-TEE/optee_os/blob/3.13.0/core/tee/entry_std.c",
    "by definition": None, 'thread "Why is the ARM SMMU v1/v2 put into bypass mode on kexec?"': None,
    "commit 954a03be033c\" onclick=\"x": None, "drivers/../x@y": None,
}  # fmt: skip


@pytest.mark.parametrize("ref", SOURCES)
def test_a_source_is_linked_where_it_names_a_public_place(ref: str) -> None:
    page = Strict(source(ref))
    assert [one["href"] for one in page.of("a")] == ([SOURCES[ref]] if SOURCES[ref] else [])
    assert page.texts == [ref]


def test_a_text_stays_a_text() -> None:
    (found,) = Strict(element("p", class_='"><script>')).found
    assert found == ("p", {"class": '"><script>'})


def test_the_trace_of_a_lap_says_that_it_repeats() -> None:
    found = refuted(rounds=6, lap=Lap(3, 2, 5, "tee.stale", 96))
    for form in ("html", "lore", "svg", "mermaid", "markdown"):
        assert "repeat 5 times" in made(form, Outcome("a", report(found))), form


def test_a_jump_changes_the_living_kernel() -> None:
    text = made("html", Outcome("a", report(leak())))
    before, after = re.findall(r'<div class="lanes lives" aria-hidden="true">(.*?)</div>', text)
    assert "dead" in before and before.count("life") == 2 and after == before
