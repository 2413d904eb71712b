// The courses that an invite enrolls in: a dialog that searches them, and the chosen ones beside its
// button.

import { button } from "/console/core/controls.js";
import { openDialog } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { visibilityLabels } from "/console/core/format.js";
import { controlOf, field } from "/console/core/forms.js";
import { pagedList } from "/console/core/lists.js";

/** @import { Schemas } from "/console/core/http.js" */

/** @typedef {Map<string, string>} Chosen titles by id */

const searchDelayMs = 250;

/** A part of a form in which courses are chosen. */
export class CourseChooser {
  /**
   * @param {string} testid of the button
   * @param {string} hint
   */
  constructor(testid, hint) {
    /** @type {Chosen} */
    this.chosen = new Map();
    this.chips = h("div", { class: "tags", "aria-live": "polite" });
    const choose = async () => {
      await openChooser(this.chosen);
      this.draw();
    };
    this.element = h(
      "fieldset",
      {},
      h("legend", { text: "Courses" }),
      h("span", { class: "hint", text: hint }),
      this.chips,
      h("div", { class: "actions" }, button("Choose courses", testid, choose, "small")),
    );
  }

  draw() {
    const chip = (/** @type {[string, string]} */ [id, title]) =>
      h("button", {
        class: "chip",
        type: "button",
        testid: "course-chosen",
        "aria-label": `Remove ${title}`,
        text: title + " ×",
        on: {
          click: () => {
            this.chosen.delete(id);
            this.draw();
          },
        },
      });
    fill(this.chips, [...this.chosen].map(chip));
  }

  /** ids returns the ids of the chosen courses. */
  ids() {
    return [...this.chosen.keys()];
  }

  clear() {
    this.chosen.clear();
    this.draw();
  }
}

/**
 * openChooser shows published courses and drafts. An archived course enrolls nobody.
 *
 * @param {Chosen} chosen
 */
function openChooser(chosen) {
  return openDialog("Choose courses", (close) => {
    const found = h("div", { class: "found" });
    const search = h(
      "form",
      { role: "search" },
      field("pick", {
        name: "q",
        label: "Search",
        type: "search",
        of: "GET /courses",
        placeholder: "Title, summary, tag",
      }),
    );
    const showFound = () => {
      const q = controlOf(search, "q").value.trim();
      fill(
        found,
        h("h3", { text: "Published" }),
        courseList("published", "pick-published", q, chosen),
        h("h3", { text: "Drafts" }),
        courseList("draft", "pick-drafts", q, chosen),
      );
    };
    searchWhileTyping(search, showFound);
    showFound();
    const done = h("button", {
      class: "button primary",
      type: "button",
      text: "Done",
      testid: "pick-done",
      on: { click: () => close() },
    });
    return [search, found, h("div", { class: "actions" }, done)];
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {() => void} search
 */
function searchWhileTyping(form, search) {
  /** @type {any} */
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, searchDelayMs);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
}

/**
 * @param {string} status
 * @param {string} testid
 * @param {string} q
 * @param {Chosen} chosen
 */
const courseList = (status, testid, q, chosen) =>
  pagedList({
    path: "/courses",
    query: { q, status, sort: "title" },
    testid,
    empty: q ? "No course matches your search." : "There are none.",
    row: (course) => courseOption(course, chosen),
  });

/**
 * @param {Schemas["Course"]} course
 * @param {Chosen} chosen
 */
function courseOption(course, chosen) {
  const box = h("input", {
    type: "checkbox",
    checked: chosen.has(course.id),
    testid: "pick-course",
    "data-slug": course.slug,
    on: {
      change: () => {
        if (box.checked) chosen.set(course.id, course.title);
        else chosen.delete(course.id);
      },
    },
  });
  return h(
    "li",
    {},
    h(
      "label",
      { class: "option" },
      box,
      h("span", { text: course.title }),
      h("span", { class: "muted", text: visibilityLabels[course.visibility] }),
    ),
  );
}
