"""`make browser`: the HTML report in a real browser, at two widths. The suite assumes no browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kexecspec.check import check
from kexecspec.cli.reports import rule_text
from kexecspec.options import Options
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.textfile import line_reader
from tests.browser.chrome import Tab, tab
from tests.goldens import ROOT
from tests.test_hostile_names import HOSTILE, STORY, quoted

STORIES = ("examples/tee-bnxt-fourth-kexec/before.yaml", "examples/kdump-fault-storm/smmu-v2-v6.1-window.yaml")
WIDTHS = (1280, 420)
STEPS = "document.querySelectorAll('.trace:first-of-type .step')"
CURRENT = "[...document.querySelectorAll('.current .number')].map(one => one.textContent).join(' ')"
WHERE = "document.querySelector('.trace .where').textContent"
KEPT = os.environ.get("SCREENSHOTS")
"""The folder where pictures are kept, if anybody wants to look at them."""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Tab]:
    with tab() as made:
        yield made


def written(folder: Path, *paths: str) -> Path:
    look = Look(line_of=line_reader(), root=str(ROOT), explain=rule_text)
    file = folder / "report.html"
    file.write_text(REPORTERS["html"]([Outcome(path, check(path, Options())) for path in paths], look))
    return file


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return written(tmp_path_factory.mktemp("page"), *STORIES)


def complaints(chrome: Tab) -> list[dict[str, object]]:
    """Errors, violations of the policy, and whatever was asked of a network."""
    found = []
    for event in chrome.events:
        method, given = event.get("method", ""), event.get("params", {})
        url = given.get("request", {}).get("url", "")
        if method in ("Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded"):
            found.append(event)
        if method == "Network.requestWillBeSent" and not url.startswith("file:"):
            found.append(event)
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_complains_of_nothing(chrome: Tab, page: Path, width: int, scheme: str) -> None:
    chrome.media(scheme=scheme)
    chrome.open(page, width)
    assert complaints(chrome) == []
    assert chrome.value("document.documentElement.scrollWidth") <= width
    right = "Math.max(...[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().right))"
    assert chrome.value(right) <= width + 1
    assert chrome.value("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)"
    )
    if KEPT:
        chrome.picture(Path(KEPT) / f"html-{width}-{scheme}.png")


def test_text_can_be_read_in_both_schemes(chrome: Tab, page: Path) -> None:
    """Contrast of 4.5 to 1 or more (WCAG AA) of every text against what is behind it."""
    contrast = """(() => {
      const lum = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(v => v / 255).map(
        v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if (!c.endsWith(', 0)')) return c; } return 'rgb(255, 255, 255)'; };
      return Math.min(...[...document.querySelectorAll('main *')].filter(
        e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).map(e => {
          const a = lum(getComputedStyle(e).color), b = lum(behind(e));
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })); })()"""
    for scheme in ("light", "dark"):
        chrome.media(scheme=scheme)
        chrome.open(page, 1280)
        chrome.press("j")
        assert chrome.value(contrast) >= 4.5


@pytest.mark.parametrize("width", WIDTHS)
def test_arrows_run_from_lane_to_lane(chrome: Tab, page: Path, width: int) -> None:
    """The end of each arrow is on a lifeline, wherever the layout has put them."""
    chrome.media()
    chrome.open(page, width)
    off = """Math.max(...[...document.querySelectorAll('.arrow')].map(arrow => {
      const lives = [...arrow.closest('.step').querySelectorAll('.life')];
      const lanes = lives.map(life => life.getBoundingClientRect().left);
      const {left, right} = arrow.getBoundingClientRect();
      return Math.max(...[left, right].map(x => Math.min(...lanes.map(lane => Math.abs(lane - x))))); }))"""
    assert chrome.value(off) <= 2
    assert chrome.value("document.querySelectorAll('.arrow').length") > 20


def test_the_keyboard_steps_through_a_trace(chrome: Tab, page: Path) -> None:
    chrome.media()
    chrome.open(page, 1280)
    total = chrome.value(f"{STEPS}.length")
    assert chrome.value(CURRENT) == ""
    for key, current in (("ArrowRight", "1."), ("ArrowRight", "2."), ("j", "3."), ("k", "2."), ("ArrowLeft", "1."),
                         ("ArrowLeft", "1."), ("End", f"{total}."), ("ArrowRight", f"{total}."), ("Home", "1."),
                         ("Escape", "")):  # fmt: skip
        chrome.press(key)
        assert chrome.value(CURRENT) == current, key
    assert chrome.value(WHERE) == f"all steps: {total}"
    chrome.press("j")
    assert chrome.value(WHERE) == f"step 1 of {total}"
    chrome.press("n")
    chrome.press("j")
    assert chrome.value(CURRENT) == "1. 1." and chrome.value("document.activeElement.id") == "t1-2"
    chrome.press("p")
    assert chrome.value("document.activeElement.id") == "t1-1"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_log_follows_the_steps(chrome: Tab, page: Path, width: int) -> None:
    """So far as the steps have come it is there, the lines of the step are marked, and the newest is in sight."""
    chrome.media()
    chrome.open(page, width, 700)
    log = "document.querySelectorAll('.trace:first-of-type .log .line"
    total, there = chrome.value(f"{log}').length"), f"{log}:not(.later)').length"
    assert total > 3 and chrome.value(there) == total
    chrome.press("Home")
    seen, marked = [chrome.value(there)], 0
    newest = f"""(() => {{ const line = [...{log}:not(.later)')].pop(); if (!line) return true;
      const box = line.closest('pre').getBoundingClientRect(), own = line.getBoundingClientRect();
      return own.top >= box.top - 1 && own.bottom <= box.bottom + 1 && own.bottom <= window.innerHeight + 1; }})()"""
    for _ in range(chrome.value(f"{STEPS}.length") - 1):
        chrome.press("ArrowRight")
        before, now = seen[-1], chrome.value(there)
        seen.append(now)
        current = chrome.value(f"{log}.current').length")
        assert current == now - before
        marked += current
        assert chrome.value(newest)
        assert chrome.value("document.querySelector('.current').getBoundingClientRect().bottom") <= 701
    assert seen == sorted(seen) and seen[-1] == total and len(set(seen)) > 1 and marked > 1
    if KEPT:
        chrome.press("ArrowLeft")
        chrome.picture(Path(KEPT) / f"html-log-{width}.png")
    chrome.press("Escape")
    assert chrome.value(there) == total and chrome.value(f"{log}.current').length") == 0


def test_the_step_that_is_shown_is_in_sight(chrome: Tab, page: Path) -> None:
    chrome.media()
    chrome.open(page, 420, 600)
    for key in ("End", "Home", "ArrowRight"):
        chrome.press(key)
        place = chrome.value("JSON.stringify(document.querySelector('.current').getBoundingClientRect())")
        top, bottom = (float(place.split(f'"{side}":')[1].split(",")[0].rstrip("}")) for side in ("top", "bottom"))
        assert top >= 0 and bottom <= 601


def test_buttons_do_what_keys_do(chrome: Tab, page: Path) -> None:
    chrome.media()
    chrome.open(page, 1280)
    chrome.value("document.querySelector('button[data-key=End]').click()")
    assert chrome.value(CURRENT) == f"{chrome.value(f'{STEPS}.length')}."


def test_on_paper_everything_is_there(chrome: Tab, page: Path) -> None:
    chrome.media("print")
    chrome.open(page, 800)
    assert chrome.value("getComputedStyle(document.querySelector('.bar')).display") == "none"
    chrome.press("j")
    assert chrome.value("getComputedStyle(document.querySelector('.step.later')).opacity") == "1"
    assert len(chrome.ask("Page.printToPDF")["data"]) > 10_000


def test_nothing_that_an_input_says_runs(chrome: Tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = quoted("\n".join(("<img src=x onerror=document.title='gone'>", *HOSTILE[:-5])).replace("\0", ""))
    (tmp_path / "acme.yaml").write_text(STORY.format(text=hostile))
    monkeypatch.chdir(tmp_path)
    chrome.media()
    chrome.open(written(tmp_path, "acme.yaml"), 1280)
    assert complaints(chrome) == []
    assert chrome.value("document.title") == "kexecspec: acme"
    assert chrome.value("document.querySelectorAll('img, iframe, object, form, input').length") == 0
    assert chrome.value("document.scripts.length") == 1
    smuggled = """(() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.ran = 2">');
      return new Promise(done => setTimeout(() => done(window.ran ?? 'nothing ran'), 100)); })()"""
    assert chrome.value(smuggled) == "nothing ran" and complaints(chrome) != []
