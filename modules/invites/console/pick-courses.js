// Choosing the courses that an invite enrolls in: a dialog that searches, and what is chosen beside its button.

import { h, fill } from "/console/dom.js";
import { dialog, field, paged, button } from "/console/ui.js";
import { visibilityText } from "/console/format.js";

// coursePicker gives its element, the ids that are chosen, and a way to choose none.
export function coursePicker(testid, hint) {
  const chosen = new Map(); // id → title
  const chips = h("div", { class: "tags", "aria-live": "polite" });
  const draw = () => fill(chips, [...chosen].map(([id, title]) => h("button", { class: "chip", type: "button", testid: "course-chosen",
    "aria-label": `Leave out ${title}`, text: title + " ×", on: { click: () => { chosen.delete(id); draw(); } } })));
  const el = h("fieldset", {}, h("legend", { text: "Courses" }), h("span", { class: "hint", text: hint }), chips,
    h("div", { class: "actions" }, button("Choose courses", testid, async () => { await choose(chosen); draw(); }, "small")));
  draw();
  return { el, ids: () => [...chosen.keys()], clear: () => { chosen.clear(); draw(); } };
}

// choose shows what is published and what is a draft; an archived course takes nobody in.
function choose(chosen) {
  return dialog("Choose courses", (close) => {
    const found = h("div", { class: "found" });
    const search = h("form", { role: "search" }, field("pick", { name: "q", label: "Search", type: "search", maxlength: 200, placeholder: "Title, summary, tag" }));
    const list = (status, testid, q) => paged({ path: "/courses", query: { q, status, sort: "title" }, testid, empty: q ? "Nothing fits these words." : "None.",
      row: (c) => option(c, chosen) });
    const run = () => {
      const q = search.elements.q.value.trim();
      fill(found, h("h3", { text: "Published" }), list("published", "pick-published", q), h("h3", { text: "Drafts" }), list("draft", "pick-drafts", q));
    };
    let timer;
    search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(run, 250); });
    search.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); run(); });
    run();
    return [search, found, h("div", { class: "actions" }, h("button", { class: "button primary", type: "button", text: "Done", testid: "pick-done", on: { click: () => close() } }))];
  });
}

function option(course, chosen) {
  const change = (event) => (event.target.checked ? chosen.set(course.id, course.title) : chosen.delete(course.id));
  return h("li", {}, h("label", { class: "option" }, h("input", { type: "checkbox", checked: chosen.has(course.id), testid: "pick-course", "data-slug": course.slug, on: { change } }),
    h("span", { text: course.title }), h("span", { class: "muted", text: visibilityText[course.visibility] })));
}
