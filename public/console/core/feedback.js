// What the console says while it works and when something fails: notices, errors, loading.

import { h, fill } from "./dom.js";
import { isAborted, messageOf } from "./http.js";

/** @import { Child } from "./dom.js" */
/** @import { ApiError } from "./http.js" */

/**
 * notice shows a short text for a few seconds, which screen readers read out.
 *
 * @param {string} text
 * @param {"info" | "error"} [kind]
 */
export function notice(text, kind = "info") {
  const element = h("div", { class: "notice notice-" + kind, testid: "notice", text });
  document.getElementById("notices")?.append(element);
  setTimeout(() => element.remove(), kind === "error" ? 9000 : 5000);
}

/**
 * explain returns a box that says what went wrong, which fields are at fault and when to try again.
 * With `retry` it has a button that runs it.
 *
 * @param {any} error an ApiError or any other error
 * @param {() => unknown} [retry]
 */
export function explain(error, retry) {
  const title = error.problem?.title;
  /** @type {ApiError["errors"]} */
  const faults = error.errors || [];
  return h(
    "div",
    { class: "alert", role: "alert", testid: "error" },
    title && title !== error.message && h("strong", { text: title + ". " }),
    h("span", { text: messageOf(error) + waitingTime(error) }),
    faults.length > 0 &&
      h(
        "ul",
        {},
        faults.map((f) => h("li", { text: `${fieldName(f.location)}: ${f.message}` })),
      ),
    retry &&
      h("button", {
        class: "button small",
        type: "button",
        text: "Try again",
        on: { click: retry },
      }),
  );
}

/**
 * waitingTime returns the sentence that says when to try again. A locked account has none, as
 * waiting does not unlock it.
 *
 * @param {any} error
 */
function waitingTime(error) {
  const seconds = error.retryAfter || 0;
  if (!seconds || error.code === "account-locked") return "";
  const time = seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return ` Try again in ${time}.`;
}

/**
 * fieldName returns the name of the field that a problem document locates.
 *
 * @param {string} [location]
 */
export const fieldName = (location = "") => location.replace(/^(body|query)\./, "");

/**
 * load fills a box with what `work` returns, or with the error and a button that runs it again. It
 * returns the box at once.
 *
 * @param {() => Promise<Child>} work
 * @param {{ signal?: AbortSignal, box?: HTMLElement }} [options]
 */
export function load(work, { signal, box = h("div") } = {}) {
  const run = async () => {
    fill(box, h("p", { class: "muted loading", role: "status", text: "Loading…" }));
    try {
      const content = await work();
      if (!signal?.aborted) fill(box, content);
    } catch (error) {
      if (!isAborted(error) && !signal?.aborted) fill(box, explain(error, run));
    }
  };
  run();
  return box;
}
