// Shows a lesson's content_html. The server has sanitised it; this builds the elements one by one
// from an allow-list all the same and never hands a string to the browser's HTML parser, so the
// page needs no Trusted Types policy and a hole in one sanitiser is not yet a hole.

import { h, safeURL } from "./dom.js";

const allowed = new Set(("h1 h2 h3 h4 h5 h6 p a em strong b i u s strike del ins code pre kbd samp var tt sup sub br wbr hr ul ol li " +
  "blockquote q cite dfn abbr time table thead tbody tfoot tr th td caption img dl dt dd div span input mark small big figure figcaption " +
  "details summary bdi bdo ruby rt rp address article aside section header footer center").split(" "));
const empty = new Set(["br", "hr", "img", "input", "wbr"]);
const everywhere = ["id", "title", "lang", "dir"];
const cells = ["align", "colspan", "rowspan"];
const attributes = {
  a: ["href"], img: ["src", "alt", "width", "height"], ol: ["start", "type", "reversed"], li: ["value"], th: cells, td: cells,
  p: ["align"], div: ["align"], h1: ["align"], h2: ["align"], h3: ["align"], h4: ["align"], h5: ["align"], h6: ["align"],
  code: ["class"], details: ["open"], time: ["datetime"], ins: ["datetime"], del: ["datetime"], input: ["checked", "disabled", "type"],
};
const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

const decode = (text) => text.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, name) => {
  if (name[0] !== "#") return entities[name.toLowerCase()] ?? whole;
  const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
});

const token = /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>|([^<]+|<)/gi;
const attribute = /([a-z][a-z-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi;

// rich turns sanitised HTML into elements inside one <div>.
export function rich(html) {
  const root = h("div", { class: "prose" });
  const open = [root];
  let skipping = null; // inside an element whose text is not for reading
  for (const [, slash, rawName, rest, text] of String(html || "").matchAll(token)) {
    const name = rawName?.toLowerCase();
    if (skipping) {
      if (slash && name === skipping) skipping = null;
    } else if (text !== undefined) {
      open.at(-1).append(decode(text));
    } else if (name === "script" || name === "style") {
      if (!slash) skipping = name;
    } else if (!allowed.has(name)) {
      continue; // a comment, or an element that is not shown; its text stays
    } else if (slash) {
      const at = open.findLastIndex((el) => el.localName === name);
      if (at > 0) open.length = at;
    } else {
      const el = build(name, rest);
      open.at(-1).append(el);
      if (!empty.has(name)) open.push(el);
    }
  }
  return root;
}

function build(name, rest) {
  const el = document.createElement(name);
  for (const [, rawKey, double, single, bare] of rest.matchAll(attribute)) {
    const key = rawKey.toLowerCase();
    if (!everywhere.includes(key) && !attributes[name]?.includes(key)) continue;
    const value = decode(double ?? single ?? bare ?? "");
    if (key === "id") { if (value.startsWith("md-")) el.id = value; } // others could name a part of the page
    else if (key === "href" && value.startsWith("#")) leadTo(el, value.slice(1));
    else if (key !== "href" && key !== "src") el.setAttribute(key, value);
    else if (!safeURL(value).startsWith("#")) el.setAttribute(key, value); // # is the console's own address
  }
  if (name === "a" && el.hasAttribute("href")) {
    el.rel = "noopener noreferrer nofollow";
    if (new URL(el.href, location.origin).origin !== location.origin) el.target = "_blank";
  }
  if (name === "input") {
    el.type = "checkbox";
    el.disabled = true;
  }
  if (name === "img") el.loading = "lazy";
  return el;
}

// leadTo makes a link to an element of the same text. Its own address would be one of the console's.
function leadTo(link, id) {
  link.setAttribute("href", location.hash || "#");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    let name = id;
    try { name = decodeURIComponent(id); } catch { /* taken as it is */ }
    const target = [...link.closest(".prose")?.querySelectorAll("[id]") ?? []].find((el) => el.id === name);
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });
}
