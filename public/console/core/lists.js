// Lists that are read page by page.

import { h, fill, append } from "./dom.js";
import { explain } from "./feedback.js";
import { get, isAborted } from "./http.js";

/** @import { Child } from "./dom.js" */
/** @import { Page } from "./http.js" */

/**
 * @typedef {object} ListOptions
 * @property {string} path the address of the list in the API
 * @property {Record<string, any>} [query]
 * @property {(item: any) => Child} row draws one item
 * @property {string} empty what is said if there are no items
 * @property {string} testid
 * @property {AbortSignal} [signal]
 * @property {HTMLElement} [box] is filled with the list; a new element by default
 * @property {string} [kind] classes
 */

/**
 * pagedList shows the first page of a list, and a button for each page that follows. It returns the
 * element that holds both.
 *
 * @param {ListOptions} options
 */
export function pagedList(options) {
  const list = h("ul", { class: "list " + (options.kind || ""), testid: options.testid });
  const foot = readPages(list, options);
  return options.box ? fill(options.box, list, foot) : h("div", {}, list, foot);
}

/**
 * pagedTable is a list in a table, which scrolls sideways on a small screen.
 *
 * @param {ListOptions & { label: string }} options
 * @param {...string} heads
 */
export function pagedTable(options, ...heads) {
  const rows = h("tbody", { class: "list " + (options.kind || ""), testid: options.testid });
  const foot = readPages(rows, options);
  const head = heads.map((text) => h("th", { scope: "col", text }));
  const frame = { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label };
  return h(
    "div",
    {},
    h("div", frame, h("table", {}, h("thead", {}, h("tr", {}, head)), rows)),
    foot,
  );
}

/**
 * readPages appends the first page to a list and returns its foot, which says what is going on and
 * has the button for the next page.
 *
 * @param {HTMLElement} list
 * @param {ListOptions} options
 */
function readPages(list, { path, query = {}, row, empty, signal, testid }) {
  const foot = h("div", { class: "list-foot", "aria-live": "polite" });
  const more = (/** @type {string} */ cursor) =>
    h("button", {
      class: "button",
      type: "button",
      text: "Show more",
      testid: testid + "-more",
      on: { click: () => read(cursor) },
    });
  const read = async (/** @type {string} */ cursor = "") => {
    fill(foot, h("p", { class: "muted loading", text: "Loading…" }));
    try {
      /** @type {Page<any>} */
      const page = await get(path, { limit: 20, ...query, cursor }, { signal });
      append(list, page.items.map(row));
      const isEmpty = !list.children.length;
      const { next_cursor } = page;
      fill(
        foot,
        next_cursor && more(next_cursor),
        isEmpty && h("p", { class: "empty", text: empty }),
      );
    } catch (error) {
      if (!isAborted(error))
        fill(
          foot,
          explain(error, () => read(cursor)),
        );
    }
  };
  read();
  return foot;
}
