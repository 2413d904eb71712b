// Elements of the page. Everything that users wrote becomes a text node or an attribute; nothing in
// the console turns a string into markup.

/**
 * A child of an element. Empty values are left out, so that `condition && h("p")` can be written.
 *
 * @typedef {Node | string | number | boolean | null | undefined | readonly any[]} Child
 */

/**
 * What an element gets: `class`, `text` (its text content), `testid` (data-testid), `on` (listeners
 * by event), and attributes. Values that are undefined, null or false are left out.
 *
 * @typedef {Record<string, any> & { on?: Record<string, (event: any) => unknown> }} Props
 */

// Names that are set as properties, as the attributes of the same name mean something else.
const propertyNames = new Set([
  "value",
  "checked",
  "disabled",
  "hidden",
  "selected",
  "htmlFor",
  "max",
  "min",
  "open",
]);

/**
 * h returns a new element. It throws for names that would carry script or markup: handlers such as
 * onclick, style and srcdoc.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value !== undefined && value !== null && value !== false) setProp(element, name, value);
  }
  append(element, children);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {any} value
 */
function setProp(element, name, value) {
  if (name === "on") {
    for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
  } else if (name === "class") element.className = value;
  else if (name === "text") element.textContent = value;
  else if (name === "testid") element.setAttribute("data-testid", value);
  else if (name === "href" || name === "src") element.setAttribute(name, safeURL(value));
  else if (propertyNames.has(name)) Reflect.set(element, name, value);
  else if (/^on|^srcdoc$|^style$/i.test(name)) throw new Error("h() sets no attribute " + name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * append adds children to an element and returns the element.
 *
 * @template {Element} E
 * @param {E} element
 * @param {Child[]} children
 */
export function append(element, children) {
  for (const child of /** @type {any[]} */ (children.flat(Infinity))) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}

/**
 * fill replaces the children of an element and returns the element.
 *
 * @template {Element} E
 * @param {E} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

const linkProtocols = ["http:", "https:", "mailto:", "blob:"];

/**
 * safeURL returns an address that a link or an image may have, and "#" for all others, such as
 * those that begin with javascript: or data:.
 *
 * @param {unknown} address
 */
export function safeURL(address) {
  try {
    const text = String(address);
    return linkProtocols.includes(new URL(text, location.origin).protocol) ? text : "#";
  } catch {
    return "#";
  }
}

/**
 * icon returns one of the drawings of icons.svg, hidden from screen readers: a word stands beside it.
 *
 * @param {string} name
 */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", "/console/icons.svg#" + name);
  svg.append(use);
  return svg;
}
