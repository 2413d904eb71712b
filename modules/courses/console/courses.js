// The catalogue: search, filters, cards.

import { h, fill } from "/console/dom.js";
import { session, hasRole, user } from "/console/session.js";
import { request } from "/console/api.js";
import { pick } from "/console/files.js";
import { field, paged, heading, badge, bar, button, notice } from "/console/ui.js";
import { day, plural, visibilityText } from "/console/format.js";
import { go } from "/console/router.js";
import { asset } from "./asset.js";
import { enabled, offers } from "/console/modules.js";

// hue gives a course one of six colours for good.
const hue = (id) => "hue-" + ([...id].reduce((n, c) => (n * 31 + c.charCodeAt(0)) >>> 0, 7) % 6);

export function courses({ query, box, signal }) {
  const filters = Object.fromEntries(query);
  const results = h("div", { "aria-live": "polite" });
  const panel = fill(box, heading("Courses",
    hasRole("instructor") && [offers("POST", "/courses/import") && button("Import", "course-import", bringIn),
      h("a", { class: "button primary", href: "#/new-course", text: "New course", testid: "course-new" })]),
  bar_(filters), results);
  const { mine, ...asked } = filters;
  paged({
    path: "/courses", query: mine && user() ? { ...asked, owner: user().id } : asked, signal, box: results,
    testid: "course-list", kind: "cards", row: (c) => card(c, signal),
    empty: filters.q || filters.tag ? "Nothing fits these words." : "There are no courses here yet.",
  });
  return panel;
}

// bar_ is the row of filters; each change is an address of its own, so that it can be shared.
function bar_(filters) {
  const signedIn = Boolean(session());
  const el = h("form", { class: "filters", role: "search", testid: "course-filters" },
    field("course", { name: "q", label: "Search", type: "search", value: filters.q || "", maxlength: 200, placeholder: "Title, summary, tag" }),
    field("course", { name: "sort", label: "Sort by", type: "select", value: filters.sort || "",
      options: [["", "Newest"], ["title", "Title"], ["updated", "Last changed"]] }),
    signedIn && field("course", { name: "visibility", label: "Who may read", type: "select", value: filters.visibility || "",
      options: [["", "All"], ["public", visibilityText.public], ...(hasRole("member") ? [["member", visibilityText.member]] : []),
        ["private", visibilityText.private]] }),
    hasRole("instructor") && field("course", { name: "status", label: "Status", type: "select", value: filters.status || "",
      options: [["", "Published"], ["draft", "Drafts"], ["archived", "Archived"], ["deleted", "Deleted"]] }),
    filters.tag && h("button", { class: "chip", type: "button", testid: "course-tag-clear", "aria-label": `Remove the tag ${filters.tag}`,
      text: "#" + filters.tag + " ×", on: { click: () => open_({ ...filters, tag: "" }) } }));
  const apply = () => {
    const asked = Object.fromEntries(new FormData(el));
    open_({ ...filters, ...asked });
  };
  el.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  el.addEventListener("change", (event) => { if (event.target.localName === "select") apply(); });
  el.querySelector("[type=search]").addEventListener("search", apply);
  return el;
}

function open_(filters) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, v]) => v));
  go("/courses" + (query.size ? "?" + query : ""));
}

// bringIn makes a draft of an exported course.
async function bringIn() {
  const file = await pick(".zip,application/zip", "course-import-file");
  if (!file) return;
  const { data } = await request("POST", "/courses/import", { body: file, type: "application/zip" });
  notice(["Imported as a draft.", ...(data.warnings || [])].join(" "));
  go(`/courses/${encodeURIComponent(data.slug)}/edit`);
}

// restore brings a course back from the trash, where nobody can open it.
const restore = (course) => offers("POST", "/courses/{id}/restore") && button("Restore", "course-restore", async () => {
  const { data } = await request("POST", `/courses/${course.id}/restore`);
  notice("Restored.");
  go("/courses/" + encodeURIComponent(data.slug));
}, "primary small", `Restore “${course.title}”`);

function card(course, signal) {
  const cover = h("div", { class: "cover " + hue(course.id), "aria-hidden": "true" }, h("span", { text: course.title.slice(0, 1) }));
  if (course.cover_key && session() && enabled("storage")) {
    asset(course.cover_key, signal).then((url) => fill(cover, h("img", { src: url, alt: "", loading: "lazy" })), () => {});
  }
  return h("li", { class: "card course-card", testid: "course-card" }, cover,
    h("div", { class: "course-text" },
      h("h2", {}, course.deleted_at ? course.title : h("a", { href: "#/courses/" + encodeURIComponent(course.slug), text: course.title, testid: "course-link" })),
      course.summary && h("p", { text: course.summary }),
      h("p", { class: "meta" }, marks(course), h("span", { text: plural(course.lesson_count, "lesson") }),
        course.owner && h("span", { text: course.owner.display_name })),
      course.tags?.length > 0 && h("p", { class: "tags" }, course.tags.map((t) =>
        h("a", { class: "chip", href: "#/courses?tag=" + encodeURIComponent(t), text: "#" + t }))),
      course.deleted_at ? h("p", { class: "meta" }, h("span", { text: "Can be restored until " + day(course.deleted_at, 30) }), restore(course))
        : course.progress && course.progress.percent > 0 && bar(course.progress.percent, "Your progress")));
}

// marks are the badges of what is not plain: status and who may read.
export function marks(course) {
  return [course.deleted_at && badge("Deleted", "bad"),
    course.status === "draft" && badge("Draft", "warn"), course.status === "archived" && badge("Archived"),
    course.visibility !== "public" && badge(visibilityText[course.visibility], "info")];
}
