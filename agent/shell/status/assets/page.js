// Keeps the page as it would be if it were loaded now: /api/v1/events says when something happened, and the parts are
// taken from the page itself. While nobody looks, nothing is asked for.
'use strict';

const parts = ['verdict', 'facts', 'outputs', 'service-list', 'writes', 'journal'];
const shortestPause = 300; // ms between two looks, however much happens
const longestPause = 15000; // so that what only time brings is seen, too
const comeAgain = 10000; // after the agent would not have us

let events = null;
let timer = 0;
let lastLook = 0;
let looking = false;
let again = false;

function sayLive(isLive) {
  const live = document.getElementById('live');
  live.className = isLive ? 'on' : 'off';
  const text = isLive ? 'live' : 'the agent does not answer: this is how it was';
  if (live.textContent !== text) live.textContent = text;
  document.body.classList.toggle('stale', !isLive);
  if (!isLive) document.title = 'No answer – swarm-sd';
}

function replacePart(id, fresh) {
  const old = document.getElementById(id);
  const next = fresh.getElementById(id);
  if (!old || !next || old.isEqualNode(next)) return;
  const open = new Map(Array.from(old.querySelectorAll('details'), (each) => [each.id, each.open]));
  const scrolled = Array.from(old.querySelectorAll('pre'), (each) => each.scrollTop);
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  const adopted = document.adoptNode(next);
  for (const each of adopted.querySelectorAll('details')) {
    if (open.has(each.id)) each.open = open.get(each.id);
    else each.classList.add('fresh');
  }
  old.replaceWith(adopted);
  adopted.querySelectorAll('pre').forEach((each, at) => { each.scrollTop = scrolled[at] || 0; });
  if (focused)
    for (const link of adopted.querySelectorAll('a'))
      if (link.getAttribute('href') === focused) { link.focus({ preventScroll: true }); break; }
}

async function look() {
  if (looking) { again = true; return; }
  looking = true;
  lastLook = Date.now();
  try {
    const answer = await fetch(location.href, { cache: 'no-store' });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    parts.forEach((id) => replacePart(id, fresh));
    const icon = fresh.querySelector('link[rel=icon]').getAttribute('href');
    const ours = document.querySelector('link[rel=icon]');
    if (ours.getAttribute('href') !== icon) ours.setAttribute('href', icon);
    document.title = fresh.title;
    document.querySelector('footer').replaceWith(document.adoptNode(fresh.querySelector('footer')));
    sayLive(true);
    tick();
  } catch {
    sayLive(false);
  }
  looking = false;
  if (again) { again = false; lookSoon(); }
}

function lookSoon() {
  if (timer) return;
  timer = setTimeout(() => { timer = 0; look(); }, Math.max(0, lastLook + shortestPause - Date.now()));
}

function listen() {
  if (events || document.hidden) return;
  events = new EventSource('/api/v1/events');
  events.onopen = lookSoon; // whatever happened meanwhile
  events.onmessage = lookSoon;
  events.onerror = () => {
    if (events && events.readyState === EventSource.CLOSED) {
      events = null;
      setTimeout(listen, comeAgain);
    }
    lookSoon();
  };
}

function rest() {
  if (events) events.close();
  events = null;
}

// As the agent words it.
function span(seconds) {
  if (seconds < 100) return Math.max(0, Math.floor(seconds)) + ' s';
  if (seconds < 6000) return Math.floor(seconds / 60) + ' min';
  if (seconds < 172800) return Math.floor(seconds / 3600) + ' h';
  return Math.floor(seconds / 86400) + ' d';
}

// The agent's clock and ours may differ: ages count from when the page was made.
let made = '';
let madeAt = 0;

function tick() {
  const asOf = document.querySelector('time[data-fixed]').dateTime;
  if (asOf !== made) {
    made = asOf;
    madeAt = Date.now();
  }
  const now = Date.parse(made) + Date.now() - madeAt;
  for (const each of document.querySelectorAll('time:not([data-fixed])')) {
    const text = span((now - Date.parse(each.dateTime)) / 1000) + ' ago';
    if (each.textContent !== text) each.textContent = text;
  }
}

setInterval(() => {
  if (document.hidden) return;
  tick();
  if (Date.now() - lastLook > longestPause) look();
}, 1000);
document.addEventListener('visibilitychange', () => (document.hidden ? rest() : listen()));
window.addEventListener('pagehide', rest);
window.addEventListener('pageshow', listen);
listen();
