// Keeps a page true while one looks at it. Everything works without it: forms post, pages load.
// The server draws each page; what is marked data-live is taken from a fresh one and put in place.
"use strict";
(() => {
  const skew = Number(document.documentElement.dataset.now) - Date.now();
  const now = () => Date.now() + skew;
  const byId = (id) => document.getElementById(id);

  // The same two greatest units as the server writes.
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const words = (millis) => {
    const seconds = Math.round(millis / 1000);
    if (seconds < 1) return "less than a second";
    const at = units.findIndex(([, size]) => seconds >= size);
    const [unit, size] = units[at];
    const next = units[at + 1];
    const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
    return `${Math.floor(seconds / size)} ${unit}` + (rest ? ` ${rest} ${next[0]}` : "");
  };
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const tick = () => {
    for (const node of document.querySelectorAll("[data-until]")) {
      const left = Number(node.dataset.until) - now();
      put(node, left <= 0 ? "no time" : words(left));
    }
    for (const node of document.querySelectorAll("[data-since]")) {
      put(node, words(Math.max(0, now() - Number(node.dataset.since))));
    }
  };
  setInterval(tick, 1000);
  tick();

  // What changed is said once to who listens rather than looks.
  const sayings = () => new Map([...document.querySelectorAll("[data-say]")].map((node) =>
    [node.id, `${node.dataset.say} ${node.textContent.trim()}`.trim()]));
  const speak = (before) => {
    const said = [...sayings()].filter(([id, text]) => before.get(id) !== text).map(([, text]) => text);
    if (said.length) byId("aloud").textContent = said.join(". ");
  };

  const swap = (page) => {
    const before = sayings();
    for (const live of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(live.id);
      if (!fresh || fresh.innerHTML === live.fresh) continue;
      // Whoever types here is not interrupted.
      const at = document.activeElement;
      const inside = live.contains(at);
      if (inside && at.matches("input, textarea, select")) continue;
      const open = [...live.querySelectorAll("details[open][id]")].map((node) => node.id);
      const across = live.querySelector("ul")?.scrollLeft;
      live.fresh = fresh.innerHTML;
      live.replaceChildren(...document.importNode(fresh, true).childNodes);
      for (const id of open) byId(id)?.setAttribute("open", "");
      if (across) live.querySelector("ul").scrollLeft = across;
      if (inside && at.id) byId(at.id)?.focus({ preventScroll: true });
      if (live.dataset.classFrom) live.parentElement.className = fresh.parentElement.className;
    }
    document.title = page.title;
    const made = page.getElementById("made");
    if (made) byId("made")?.replaceChildren(...made.childNodes);
    tick();
    speak(before);
  };

  const link = byId("link");
  const broken = (why) => { if (link) { link.hidden = !why; put(link, why); } };
  // What the server knows may be this old: a look so soon after an event may not have seen it.
  const old = 1000;
  let wanted = false, busy = false, last = 0, heard = 0, misses = 0;
  const look = async () => {
    if (busy) { wanted = true; return; }
    busy = true;
    wanted = false;
    last = Date.now();
    const give = new AbortController();
    const late = setTimeout(() => give.abort(), 10000);
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, signal: give.signal });
      if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      misses = 0;
      broken("");
    } catch {
      misses += 1;
      broken(misses > 1 ? "This page is not up to date: turnback does not answer. It is asked again by itself; runs go on without this page." : "");
    } finally {
      clearTimeout(late);
      busy = false;
      if (wanted || last < heard + old) soon();
    }
  };
  // At most once in a second and a half, and not all at the same instant.
  let timer = 0;
  const soon = () => {
    if (timer || document.hidden) { wanted = true; return; }
    const wait = Math.max(60, 1500 - (Date.now() - last)) + Math.random() * 250;
    timer = setTimeout(() => { timer = 0; look(); }, wait);
  };
  const hear = () => { heard = Date.now(); soon(); };
  if (document.querySelector("[data-live]")) {
    const events = new EventSource("/api/v1/events");
    for (const name of ["message", "journal", "progress", "guards", "questions", "runs", "flags", "warning", "missed"]) {
      events.addEventListener(name, hear);
    }
    events.onopen = soon;
    // Whatever the stream does, nothing here is older than this.
    setInterval(() => { if (Date.now() - last > (events.readyState === 1 ? 15000 : 4000)) soon(); }, 2000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
    for (const live of document.querySelectorAll("[data-live]")) live.fresh = live.innerHTML;
  }

  // What is chosen is shown at once; without this script there is a button.
  for (const button of document.querySelectorAll("[data-sent-by-itself]")) button.parentElement.hidden = true;
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-sends]")) event.target.form.submit();
  });
  // Nothing is asked for twice by a nervous finger.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    setTimeout(() => { delete event.target.dataset.sent; }, 5000);
  });
  const here = document.querySelector(".places [aria-current]");
  if (here) here.parentElement.parentElement.scrollLeft = here.offsetLeft - 40;
})();
