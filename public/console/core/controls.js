// Small parts of a panel: its heading, buttons, badges, progress bars.

import { h } from "./dom.js";
import { notice } from "./feedback.js";
import { isAborted, messageOf } from "./http.js";

/** @import { Child } from "./dom.js" */

/**
 * heading returns the top of a panel: its title, and buttons beside it.
 *
 * @param {string} title
 * @param {...Child} beside
 */
export const heading = (title, ...beside) =>
  h(
    "header",
    { class: "panel-head" },
    h("h1", { tabindex: "-1", text: title }),
    h("div", { class: "actions" }, beside),
  );

/**
 * narrowCard returns a page that is one small card, such as a form to sign in.
 *
 * @param {string} title
 * @param {...Child} content
 */
export const narrowCard = (title, ...content) =>
  h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: title }), content);

/**
 * card returns a section of a panel.
 *
 * @param {string} title
 * @param {...Child} content
 */
export const card = (title, ...content) =>
  h("section", { class: "card" }, h("h2", { text: title }), content);

/**
 * button returns a button that runs `work`. It is disabled meanwhile; an error is shown as a notice.
 * `label` is what screen readers say instead of the text.
 *
 * @param {string} text
 * @param {string} testid
 * @param {() => unknown} work
 * @param {string} [kind] classes
 * @param {string} [label]
 */
export function button(text, testid, work, kind = "", label) {
  const element = h("button", {
    class: "button " + kind,
    type: "button",
    text,
    testid,
    "aria-label": label,
  });
  element.addEventListener("click", async () => {
    element.disabled = true;
    try {
      await work();
    } catch (error) {
      if (!isAborted(error)) notice(messageOf(error), "error");
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

/**
 * cancelButton returns the button of a dialog's form that closes it.
 *
 * @param {() => void} close
 * @param {string} [testid]
 */
export const cancelButton = (close, testid) =>
  h("button", { class: "button", type: "button", text: "Cancel", testid, on: { click: close } });

/**
 * @param {string} text
 * @param {"" | "info" | "good" | "warn" | "bad"} [kind]
 */
export const badge = (text, kind = "") => h("span", { class: "badge " + kind, text });

/**
 * progressBar returns a bar with its number.
 *
 * @param {number} percent
 * @param {string} label
 */
export const progressBar = (percent, label) =>
  h(
    "div",
    { class: "bar" },
    h("progress", { max: 100, value: percent, "aria-label": label }),
    h("span", { text: percent + " %" }),
  );
