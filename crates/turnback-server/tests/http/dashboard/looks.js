// Facts about a page that hold for whoever uses it, found out in the browser: a list of breaches.
const found = [];
const seen = (node) => {
  if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
  const box = node.getBoundingClientRect();
  return box.width > 1 && box.height > 1;
};
const name = (node) => `<${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""} class="${node.getAttribute("class") || ""}"> ${(node.textContent || "").trim().slice(0, 40)}`;

// One heading at the top, none skipped; landmarks; a language and a title.
const headings = [...document.querySelectorAll("h1, h2, h3, h4")];
if (headings.filter((h) => h.tagName === "H1").length !== 1) found.push("not exactly one h1");
let level = 0;
for (const heading of headings) {
  const its = Number(heading.tagName[1]);
  if (its > level + 1) found.push(`${name(heading)} skips a level after h${level}`);
  level = its;
}
for (const landmark of ["header", "main", "footer"]) {
  if (document.querySelectorAll(`body > ${landmark}`).length !== 1) found.push(`not exactly one ${landmark}`);
}
if (document.querySelector("[data-live]#places") === null && document.querySelector("nav") !== null) found.push("the navigation does not live");
if (!document.documentElement.lang) found.push("no language");
if (!document.title.trim()) found.push("no title");

// Ids once; what refers to one finds it.
const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`the id ${id} comes twice`);
for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
  for (const node of document.querySelectorAll(`[${attribute}]`)) {
    for (const id of node.getAttribute(attribute).split(/\s+/)) {
      if (!document.getElementById(id)) found.push(`${name(node)}: ${attribute} ${id} leads nowhere`);
    }
  }
}

// Whatever can be used has a name.
const named = (node) => {
  const label = node.getAttribute("aria-label")
    || (node.getAttribute("aria-labelledby") || "").split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" ")
    || [...(node.labels || [])].map((label) => label.textContent).join(" ")
    || (node.matches("button, a, summary") ? node.textContent : "");
  return label.trim().length > 0;
};
for (const node of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, progress, [role=img]")) {
  if (!named(node)) found.push(`${name(node)} has no name`);
}
for (const node of document.querySelectorAll("[tabindex]")) {
  if (node.tabIndex > 0) found.push(`${name(node)} jumps the order of tabs`);
}

// No sideways scrolling.
const wide = document.documentElement.scrollWidth;
if (wide > innerWidth) {
  const far = [...document.body.querySelectorAll("*")].filter((node) => seen(node) && node.getBoundingClientRect().right > innerWidth + 1).slice(-3).map(name);
  found.push(`${wide} pixels wide in a window of ${innerWidth}: ${far.join("; ")}`);
}

// Contrast (WCAG 2.2, 1.4.3): text against what lies behind it.
// Asking the canvas is slow, and a page has few colours and many texts.
const known = new Map();
const asked = (text) => {
  const canvas = colour.canvas ||= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const colour = (text) => {
  if (!known.has(text)) known.set(text, asked(text));
  return known.get(text);
};
const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
const behind = (node) => {
  const layers = [];
  for (let at = node; at; at = at.parentElement) {
    const layer = colour(getComputedStyle(at).backgroundColor);
    layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
};
const light = ([r, g, b]) => [r, g, b].map((part) => {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const contrast = (a, b) => {
  const [more, less] = [light(a), light(b)].sort((x, y) => y - x);
  return (more + 0.05) / (less + 0.05);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const told = new Set();
while (texts.nextNode()) {
  const text = texts.currentNode.textContent.trim();
  const node = texts.currentNode.parentElement;
  if (!text || !node || node.closest("script, noscript, .unseen, .skip, title, desc, option, [disabled], .off") || !seen(node)) continue;
  const style = getComputedStyle(node);
  const ground = behind(node);
  const ink = over(colour(node.closest("svg") ? style.fill : style.color), ground);
  const ratio = contrast(ink, ground);
  if (ratio < 4.5) {
    const said = `${name(node)} has a contrast of ${ratio.toFixed(2)}`;
    if (!told.has(said)) { told.add(said); found.push(said); }
  }
}
// Shapes that mean something (1.4.11).
for (const node of document.querySelectorAll("svg.mark, .rail .here i")) {
  if (!seen(node)) continue;
  const style = getComputedStyle(node);
  const ratio = contrast(over(colour(node.matches("svg") ? style.color : style.borderTopColor), behind(node.parentElement)), behind(node.parentElement));
  if (ratio < 3) found.push(`${name(node.parentElement)}: its shape has a contrast of ${ratio.toFixed(2)}`);
}
return found;
