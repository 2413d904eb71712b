// Shows a lesson's content_html. The server has sanitised it; this builds the elements one by one
// from an allow-list all the same and never hands a string to the browser's HTML parser, so the
// page needs no Trusted Types policy and a hole in one sanitiser is not yet a hole.

import { h, safeURL } from "./dom.js";

const allowed = new Set(("h1 h2 h3 h4 h5 h6 p a em strong b i u s del ins code pre kbd sup sub br hr ul ol li " +
  "blockquote table thead tbody tfoot tr th td caption img dl dt dd div span input mark small figure figcaption").split(" "));
const empty = new Set(["br", "hr", "img", "input"]);
const attributes = {
  a: ["href", "title"], img: ["src", "alt", "title"], ol: ["start"], th: ["align", "colspan", "rowspan"],
  td: ["align", "colspan", "rowspan"], code: ["class"], pre: ["class"], input: ["checked", "disabled", "type"],
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
    if (!attributes[name]?.includes(key)) continue;
    const value = decode(double ?? single ?? bare ?? "");
    if (key !== "href" && key !== "src") el.setAttribute(key, value);
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
