// A lesson's text. The server has sanitized content_html; this reads it once more by an allow-list
// and builds the elements one by one. No string reaches the browser's HTML parser, so the page needs
// no Trusted Types policy, and a hole in one of the two sanitizers is not yet a hole in the console.

import { h, safeURL } from "./dom.js";

/**
 * An element that may be shown, with the attributes that it may have. `anchor` is the id within the
 * same text that a link leads to.
 *
 * @typedef {object} RichElement
 * @property {string} name
 * @property {Record<string, string>} attributes
 * @property {string} [anchor]
 * @property {RichNode[]} children
 *
 * @typedef {RichElement | string} RichNode
 */

const allowedElements = new Set(
  (
    "h1 h2 h3 h4 h5 h6 p a em strong b i u s strike del ins code pre kbd samp var tt sup sub br wbr " +
    "hr ul ol li blockquote q cite dfn abbr time table thead tbody tfoot tr th td caption img dl dt " +
    "dd div span input mark small big figure figcaption details summary bdi bdo ruby rt rp address " +
    "article aside section header footer center"
  ).split(" "),
);
const voidElements = new Set(["br", "hr", "img", "input", "wbr"]);
const skippedElements = new Set(["script", "style"]); // with their text

const commonAttributes = ["id", "title", "lang", "dir"];
const cellAttributes = ["align", "colspan", "rowspan"];

/** @type {Record<string, string[]>} */
const allowedAttributes = {
  a: ["href"],
  img: ["src", "alt", "width", "height"],
  ol: ["start", "type", "reversed"],
  li: ["value"],
  th: cellAttributes,
  td: cellAttributes,
  p: ["align"],
  div: ["align"],
  h1: ["align"],
  h2: ["align"],
  h3: ["align"],
  h4: ["align"],
  h5: ["align"],
  h6: ["align"],
  code: ["class"],
  details: ["open"],
  time: ["datetime"],
  ins: ["datetime"],
  del: ["datetime"],
  input: ["checked", "disabled", "type"],
};

/** @type {Record<string, string>} */
const namedEntities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** @param {string} text */
function decodeEntities(text) {
  return text.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, /** @type {string} */ name) => {
    if (!name.startsWith("#")) return namedEntities[name.toLowerCase()] ?? whole;
    const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}

// A comment, a tag (slash, name, rest), or text. A tag ends before the next < and an open comment at
// the end of the text, so that no input is read more than a few times.
const tokenPattern =
  /<!--[\s\S]*?(?:-->|$)|<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^<>"'])*)>|([^<]+|<)/gi;
const attributePattern = /([a-z][a-z-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi;

/**
 * parseRichText returns the tree of what may be shown of an HTML text. Elements that are not allowed
 * are left out and their text stays, except that of script and style.
 *
 * @param {string | null | undefined} html
 * @returns {RichNode[]}
 */
export function parseRichText(html) {
  /** @type {RichElement} */
  const root = { name: "", attributes: {}, children: [] };
  const open = [root];
  let skipping = "";
  for (const [, slash, rawName, rest, text] of String(html || "").matchAll(tokenPattern)) {
    const name = rawName?.toLowerCase();
    const parent = open[open.length - 1];
    if (skipping) {
      if (slash && name === skipping) skipping = "";
    } else if (text !== undefined) {
      parent.children.push(decodeEntities(text));
    } else if (skippedElements.has(name)) {
      if (!slash) skipping = name;
    } else if (!allowedElements.has(name)) {
      continue;
    } else if (slash) {
      const at = open.findLastIndex((element) => element.name === name);
      if (at > 0) open.length = at;
    } else {
      const element = parseElement(name, rest);
      parent.children.push(element);
      if (!voidElements.has(name)) open.push(element);
    }
  }
  return root.children;
}

/**
 * @param {string} name
 * @param {string} rest
 * @returns {RichElement}
 */
function parseElement(name, rest) {
  /** @type {RichElement} */
  const element = { name, attributes: {}, children: [] };
  for (const [, rawKey, double, single, bare] of rest.matchAll(attributePattern)) {
    const key = rawKey.toLowerCase();
    if (!commonAttributes.includes(key) && !allowedAttributes[name]?.includes(key)) continue;
    const value = decodeEntities(double ?? single ?? bare ?? "");
    if (key === "href" && value.startsWith("#")) element.anchor = value.slice(1);
    else if (isAllowedValue(key, value)) element.attributes[key] = value;
  }
  return element;
}

/**
 * isAllowedValue reports whether an allowed attribute may have a value. Ids that do not begin with
 * md- could name a part of the page, and addresses that begin with # are the console's own.
 *
 * @param {string} key
 * @param {string} value
 */
function isAllowedValue(key, value) {
  if (key === "id") return value.startsWith("md-");
  if (key === "href" || key === "src") return !safeURL(value).startsWith("#");
  return true;
}

/**
 * renderRichText returns an element that shows an HTML text.
 *
 * @param {string | null | undefined} html
 */
export function renderRichText(html) {
  const root = h("div", { class: "prose" });
  root.append(...parseRichText(html).map(renderNode));
  return root;
}

/**
 * @param {RichNode} node
 * @returns {Node | string}
 */
function renderNode(node) {
  if (typeof node === "string") return node;
  const element = document.createElement(node.name);
  for (const [key, value] of Object.entries(node.attributes)) element.setAttribute(key, value);
  if (node.anchor !== undefined) linkToAnchor(element, node.anchor);
  finishElement(element);
  element.append(...node.children.map(renderNode));
  return element;
}

/**
 * finishElement adds what every element of its kind has: links open other sites in a tab of their
 * own, checkboxes are only shown, pictures load when they come into view.
 *
 * @param {HTMLElement} element
 */
function finishElement(element) {
  if (element instanceof HTMLAnchorElement && element.hasAttribute("href")) {
    element.rel = "noopener noreferrer nofollow";
    if (new URL(element.href, location.origin).origin !== location.origin)
      element.target = "_blank";
  } else if (element instanceof HTMLInputElement) {
    element.type = "checkbox";
    element.disabled = true;
  } else if (element instanceof HTMLImageElement) {
    element.loading = "lazy";
  }
}

/**
 * linkToAnchor makes a link to an element of the same text. An address such as #notes can't be used,
 * as the fragment holds the address of the console.
 *
 * @param {HTMLElement} link
 * @param {string} anchor
 */
function linkToAnchor(link, anchor) {
  link.setAttribute("href", location.hash || "#");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const id = decodeAnchor(anchor);
    /** @type {HTMLElement[]} */
    const named = [...(link.closest(".prose")?.querySelectorAll("[id]") ?? [])].map(
      (element) => /** @type {HTMLElement} */ (element),
    );
    const target = named.find((element) => element.id === id);
    if (!target) return;
    openDetails(target);
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });
}

/** @param {string} anchor */
function decodeAnchor(anchor) {
  try {
    return decodeURIComponent(anchor);
  } catch {
    return anchor;
  }
}

/**
 * openDetails opens all details elements around an element, which could not be seen otherwise.
 *
 * @param {Element} element
 */
function openDetails(element) {
  let details = element.closest("details");
  while (details) {
    details.open = true;
    details = details.parentElement?.closest("details") ?? null;
  }
}
