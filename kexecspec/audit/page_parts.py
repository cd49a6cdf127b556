"""The style and the script of the page. The script sorts and filters tables; without it all is shown."""

STYLE = """
:root { --ink: #1b1f24; --paper: #ffffff; --soft: #f2f4f7; --line: #d5dae1; --quiet: #5a6472; --link: #1756a9;
  --error: #b42318; --open: #c77700; --note: #2f6fb3; --proved: #2e7d4f; --none: #8b95a3; --onchip: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --paper: #14171b; --soft: #1d2127; --line: #343b45; --quiet: #a3adba; --link: #83b4f5;
    --error: #f0796d; --open: #f0b04a; --note: #7db3ee; --proved: #74c694; --none: #8b95a3; --onchip: #14171b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 1.2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
.lead { max-width: 70ch; color: var(--quiet); }
.legend { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .8rem; margin: 1rem 0; }
.legend dd { margin: 0; color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
thead th { position: sticky; top: 0; background: var(--soft); padding: 0; white-space: nowrap; }
th button { all: unset; display: block; width: 100%; box-sizing: border-box; padding: .4rem .6rem; cursor: pointer;
  font-weight: 600; }
th button:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
tbody tr:hover { background: var(--soft); }
td { overflow-wrap: break-word; min-width: 3.5em; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.zero { color: var(--none); }
.code { font: .85em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.chip { display: inline-block; padding: 0 .5em; border-radius: .7em; font-size: .85em; white-space: nowrap;
  color: var(--onchip); background: var(--none); }
.chip.s-error { background: var(--error); } .chip.s-open { background: var(--open); }
.chip.s-note { background: var(--note); } .chip.s-proved { background: var(--proved); }
.plot { width: 100%; min-width: 620px; height: auto; } .plot text { font-size: 12px; fill: var(--ink); }
.plot .count { fill: var(--quiet); }
.plot .s-error { fill: var(--error); } .plot .s-open { fill: var(--open); }
.plot .s-note { fill: var(--note); } .plot .s-proved { fill: var(--proved); }
details ul { margin: .3rem 0; padding-left: 1.1rem; } summary { cursor: pointer; color: var(--link); font-size: .85em; }
input[type=search] { font: inherit; padding: .25rem .5rem; border: 1px solid var(--line); border-radius: .3rem;
  background: var(--paper); color: inherit; max-width: 100%; }
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #fff; --line: #999; --quiet: #333; --onchip: #000; }
  body { font-size: 10px; } main { max-width: none; padding: 0; } .filter, summary { display: none; }
  .wide { overflow: visible; } thead { display: table-header-group; } thead th { position: static; }
  tr, .plot { break-inside: avoid; } h2 { break-after: avoid; }
  .chip { background: none !important; border: 1px solid #555; }
  .plot rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

SCRIPT = """
"use strict";
for (const head of document.querySelectorAll("thead th")) {
  head.firstElementChild.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0], column = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending" ||
      (!head.hasAttribute("aria-sort") && body.rows.length && body.rows[0].cells[column].classList.contains("number"));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const said = row => { const cell = row.cells[column];
      const text = (cell.firstChild && cell.querySelector("details") ? cell.textContent.split(" to look at")[0] :
        cell.textContent).trim();
      return cell.classList.contains("number") ? Number(text) : text.toLowerCase(); };
    const rows = Array.from(body.rows, row => [said(row), row]);
    rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (down ? -1 : 1));
    body.append(...rows.map(pair => pair[1]));
  });
}
for (const field of document.querySelectorAll("[data-filter]")) {
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
    for (const row of document.getElementById(field.dataset.filter).tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
    }
  });
}
"""
