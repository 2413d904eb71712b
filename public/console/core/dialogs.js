// Modal dialogs.

import { h, append } from "./dom.js";

/** @import { Child } from "./dom.js" */

/**
 * openDialog shows content in a modal dialog and returns the value that `close` was given, or
 * undefined if the dialog was dismissed.
 *
 * @param {string} title
 * @param {(close: (value?: any) => void) => Child} build
 * @returns {Promise<any>}
 */
export function openDialog(title, build) {
  return new Promise((resolve) => {
    /** @type {any} */
    let result;
    const remove = () => {
      element.remove();
      resolve(result);
    };
    const element = h("dialog", { "aria-label": title, testid: "dialog", on: { close: remove } });
    const close = (/** @type {any} */ value) => {
      result = value;
      element.close();
    };
    append(element, [h("h2", { text: title }), build(close)]);
    document.body.append(element);
    element.showModal();
  });
}

/**
 * confirm asks before something that can't be taken back and returns whether the answer was yes.
 *
 * @param {string} title
 * @param {string} text
 * @param {string} yes the text of the button that agrees
 * @returns {Promise<boolean>}
 */
export async function confirm(title, text, yes) {
  const choice = (/** @type {boolean} */ answer, /** @type {() => void} */ click) =>
    h("button", {
      class: answer ? "button danger" : "button",
      type: "button",
      text: answer ? yes : "Cancel",
      testid: answer ? "confirm-yes" : "confirm-no",
      on: { click },
    });
  const agreed = await openDialog(title, (close) => [
    h("p", { text }),
    h(
      "div",
      { class: "actions" },
      choice(true, () => close(true)),
      choice(false, () => close(false)),
    ),
  ]);
  return agreed === true;
}
