"""How the page looks: light and dark, wide and narrow, on a screen and on paper. No colour alone says anything."""

STYLE = """\
:root { color-scheme: light dark; --ink: #1d2127; --dim: #59626e; --page: #ffffff; --card: #f5f6f8; --line: #cfd5dc;
  --bad: #b3261e; --good: #1a6b35; --open: #855300; --note: #3f51a3; --now: #fff3c4; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --dim: #a0a9b4; --page: #14171b; --card: #1d2126;
  --line: #3a414a; --bad: #ff8a80; --good: #7fd99a; --open: #ffc46b; --note: #a9b8ff; --now: #3b3413;
  --link: #8ec5ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.25rem; color: var(--ink); background: var(--page);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1.08rem; margin: 0; } h4 { font-size: .95rem; margin: 0 0 .35rem; }
p { margin: .35rem 0; } a { color: var(--link); } code, pre, .mono { font: .88em/1.45 ui-monospace, monospace; }
.dim { color: var(--dim); } .verdict { font-weight: 700; white-space: nowrap; }
.refuted, .vacuous, .unmet, .expired, .unused, .too, .disagrees, .input { color: var(--bad); }
.proved { color: var(--good); }
.unknown, .unverified { color: var(--open); } .note { color: var(--note); } .not { color: var(--dim); }
.waived { color: var(--note); }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; font-size: .87rem; }
.findings td:nth-child(2) code { white-space: nowrap; } details { margin: .6rem 0; } summary { cursor: pointer; }
.trace { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem;
  margin: 1.2rem 0; }
.trace:focus { outline: 2px solid var(--link); outline-offset: 2px; }
.bar { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: .7rem 0; }
.bar[hidden] { display: none; }
button { font: inherit; font-size: .87rem; padding: .15rem .6rem; color: var(--ink); background: var(--page);
  border: 1px solid var(--line); border-radius: .3rem; cursor: pointer; }
button:focus-visible { outline: 2px solid var(--link); }
.both { display: grid; grid-template-columns: minmax(0, 1fr) minmax(15rem, 22rem); gap: 1.2rem; align-items: start; }
.beside { position: sticky; top: .5rem; display: grid; gap: 1rem; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: .3rem; padding: .6rem; margin: .3rem 0;
  white-space: pre-wrap; }
.steps { list-style: none; margin: 0; padding: 0; }
.lanes { display: grid; gap: 0; }
.l1 .lanes { grid-template-columns: repeat(1, minmax(0, 1fr)); }
.l2 .lanes { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.l3 .lanes { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.l4 .lanes { grid-template-columns: repeat(4, minmax(0, 1fr)); }
.heads { position: sticky; top: 0; z-index: 1; background: var(--card); border-bottom: 1px solid var(--line); }
.heads .head { text-align: center; font-weight: 600; font-size: .87rem; padding: .3rem .2rem; }
.step { position: relative; padding: .45rem 0; scroll-margin: 3.5rem; }
.step::before { content: ""; position: absolute; inset: 0 auto 0 -.5rem; border-left: 3px solid transparent; }
.step > * { position: relative; }
.step > .lives { position: absolute; inset: 0; }
.step.current { background: var(--now); } .step.current::before { border-left-color: var(--link); }
.step.later { opacity: .35; }
.what { margin: 0 0 .1rem; padding-left: 2.1em; text-indent: -2.1em; }
.number { display: inline-block; min-width: 2.1em; text-indent: 0; color: var(--dim); }
.life { grid-row: 1; justify-self: center; width: 0; border-left: 1px solid var(--line); }
.marks { min-height: 1.15rem; margin: .15rem 0; }
.path { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.life.dead { visibility: hidden; }
.c1 { grid-column: 1; } .c2 { grid-column: 2; } .c3 { grid-column: 3; } .c4 { grid-column: 4; }
.arrow { grid-row: 1; align-self: center; height: 0; border-top: 2px solid var(--ink); position: relative; }
.arrow::after { content: ""; position: absolute; top: -6px; border: 5px solid transparent; }
.right::after { right: 0; border-left: 9px solid var(--ink); border-right: 0; }
.left::after { left: 0; border-right: 9px solid var(--ink); border-left: 0; }
.jump .arrow { border-top: 4px double var(--note); }
.jump .arrow.right::after { border-left-color: var(--note); top: -7px; }
.jump .what { font-weight: 600; }
.dot { grid-row: 1; align-self: center; justify-self: center; width: .7rem; height: .7rem; border-radius: 50%;
  background: var(--ink); }
.jump .dot { border-radius: 0; background: var(--note); }
.last .what { font-weight: 700; } .last .arrow { border-top-color: var(--bad); } .last .dot { background: var(--bad); }
.last .right::after { border-left-color: var(--bad); } .last .left::after { border-right-color: var(--bad); }
.s12 { grid-column: 1 / 3; margin-inline: 25%; } .s23 { grid-column: 2 / 4; margin-inline: 25%; }
.s34 { grid-column: 3 / 5; margin-inline: 25%; } .s13 { grid-column: 1 / 4; margin-inline: 16.667%; }
.s24 { grid-column: 2 / 5; margin-inline: 16.667%; } .s14 { grid-column: 1 / 5; margin-inline: 12.5%; }
.changed { list-style: none; margin: .1rem 0 0 2.1em; padding: 0; color: var(--dim); }
.ending { margin: .5rem 0 0; padding: .5rem .3rem; border-top: 2px solid var(--bad); }
.left-out { color: var(--dim); padding: .4rem .3rem; }
.log pre { position: relative; max-height: 22rem; overflow: auto; }
.line { display: block; padding-left: .5rem; border-left: 3px solid transparent; } .line.harm { color: var(--bad); }
.line.current { background: var(--now); border-left-color: var(--link); } .line.later { opacity: .35; }
.listing { counter-reset: none; } .listing .marked { background: var(--now); display: inline-block; width: 100%; }
.sources { margin: .2rem 0; padding-left: 1.1rem; font-size: .9rem; }
kbd { font: .85em ui-monospace, monospace; border: 1px solid var(--line); border-radius: .2rem; padding: 0 .3em; }
@media (max-width: 60rem) { .both { display: block; } .beside { display: contents; } .beside > * { margin: 1rem 0; }
  .stepping .log { position: sticky; bottom: 0; z-index: 2; background: var(--card); padding: .3rem 0; margin: 0; }
  .stepping .log pre { max-height: 7.5rem; } .stepping .log p { display: none; }
  .stepping .step { scroll-margin: 3.5rem 0 12rem; } }
@media (max-width: 36rem) { body { padding: .7rem; font-size: 14px; } .trace { padding: .7rem; }
  table.findings, .findings tbody, .findings tr, .findings td { display: block; } .findings thead { display: none; }
  .findings tr { border-bottom: 1px solid var(--line); padding: .45rem 0; }
  .findings td { border: 0; padding: .05rem 0; } .findings td:nth-child(2) code { white-space: normal; } }
@media print { :root { --ink: #000; --dim: #444; --page: #fff; --card: #fff; --line: #999; --now: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; } .bar, .keys { display: none; }
  .beside, .heads { position: static; }
  .step, tr, .trace h3 { break-inside: avoid; } .step.later, .line.later { opacity: 1; }
  .stepping .log { position: static; } .log pre { max-height: none; } .trace { border: 0; padding: 0; } }
"""
