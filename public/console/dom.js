// Builds elements. Everything users wrote goes through textContent or text nodes; nothing in the
// console turns a string into markup.

const asProperty = new Set(["value", "checked", "disabled", "hidden", "selected", "htmlFor", "max", "min", "open"]);

// h makes an element: props are attributes, `on` holds listeners, `testid` is data-testid.
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") {
      for (const [type, listener] of Object.entries(value)) el.addEventListener(type, listener);
    } else if (key === "class") el.className = value;
    else if (key === "text") el.textContent = value;
    else if (key === "testid") el.setAttribute("data-testid", value);
    else if (key === "href" || key === "src") el.setAttribute(key, safeURL(value));
    else if (asProperty.has(key)) el[key] = value;
    else if (/^on|^srcdoc$|^style$/i.test(key)) throw new Error("not an attribute for h(): " + key);
    else el.setAttribute(key, value === true ? "" : String(value));
  }
  append(el, children);
  return el;
}

export function append(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    el.append(child);
  }
  return el;
}

export function fill(el, ...children) {
  el.replaceChildren();
  return append(el, children);
}

// safeURL lets through what a link may be and turns the rest (javascript:, data:) into nothing.
export function safeURL(value) {
  try {
    const url = new URL(value, location.origin);
    return ["http:", "https:", "mailto:", "blob:"].includes(url.protocol) ? String(value) : "#";
  } catch {
    return "#";
  }
}

// icon draws one of the few line icons of icons.svg beside a word; it says nothing by itself.
export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", "/console/icons.svg#" + name);
  svg.append(use);
  return svg;
}
