"""Stepping through a trace and its log with the keyboard. Without it the page shows everything at once."""

SCRIPT = """\
'use strict';
(() => {
  const traces = [...document.querySelectorAll('.trace')];
  const at = new Map(traces.map(trace => [trace, 0]));
  let active = traces[0];
  const steps = trace => [...trace.querySelectorAll('.step')];
  function show(trace, number) {
    const all = steps(trace);
    const now = Math.max(0, Math.min(all.length, number));
    at.set(trace, now);
    all.forEach((step, index) => {
      step.classList.toggle('current', now === index + 1);
      step.classList.toggle('later', now > 0 && index + 1 > now);
      if (now === index + 1) step.setAttribute('aria-current', 'step'); else step.removeAttribute('aria-current');
    });
    trace.classList.toggle('stepping', now > 0);
    const numberOf = step => Number(step.dataset.number);
    const until = now ? numberOf(all[now - 1]) : Infinity;
    const since = now > 1 ? numberOf(all[now - 2]) : 0;
    const lines = [...trace.querySelectorAll('.log .line')];
    lines.forEach(line => {
      const step = Number(line.dataset.step);
      line.classList.toggle('later', step > until);
      line.classList.toggle('current', now > 0 && step > since && step <= until);
    });
    const newest = lines.filter(line => !line.classList.contains('later')).pop();
    const log = trace.querySelector('.log pre');
    if (log) log.scrollTop = newest ? newest.offsetTop + newest.offsetHeight - log.clientHeight : 0;
    trace.querySelector('.ending').classList.toggle('later', now > 0 && now < all.length);
    const said = now ? 'step ' + now + ' of ' : 'all steps: ';
    trace.querySelector('.where').textContent = said + all.length;
    if (now) all[now - 1].scrollIntoView({block: 'nearest'});
  }
  function choose(trace) {
    active = trace;
    trace.focus({preventScroll: true});
    trace.scrollIntoView({block: 'start'});
  }
  const moves = {
    ArrowRight: now => now + 1, j: now => now + 1,
    ArrowLeft: now => Math.max(1, now - 1), k: now => Math.max(1, now - 1),
    Home: () => 1, End: () => Infinity, Escape: () => 0,
  };
  document.addEventListener('keydown', event => {
    if (!active || event.ctrlKey || event.altKey || event.metaKey) return;
    const other = {n: 1, p: -1}[event.key];
    if (other) {
      const next = traces[traces.indexOf(active) + other];
      if (next) { event.preventDefault(); choose(next); }
    } else if (event.key in moves) {
      event.preventDefault();
      show(active, moves[event.key](at.get(active)));
    }
  });
  for (const trace of traces) {
    trace.querySelector('.bar').hidden = false;
    trace.addEventListener('focusin', () => { active = trace; });
    trace.addEventListener('click', () => { active = trace; });
    for (const button of trace.querySelectorAll('button')) {
      button.addEventListener('click', () => show(trace, moves[button.dataset.key](at.get(trace))));
    }
    show(trace, 0);
  }
  window.addEventListener('beforeprint', () => traces.forEach(trace => show(trace, 0)));
})();
"""
