// The courses: search, filters, one card a course.

import { badge, button, heading, progressBar } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { pickFile } from "/console/core/files.js";
import { formatDate, plural, visibilityLabels } from "/console/core/format.js";
import { choicesOf, field, omitEmpty } from "/console/core/forms.js";
import { request } from "/console/core/http.js";
import { pagedList } from "/console/core/lists.js";
import { hasRole } from "/console/core/roles.js";
import { goTo } from "/console/core/router.js";
import { hasOperation } from "/console/core/schema.js";
import { isEnabled } from "/console/core/server.js";
import { session, user } from "/console/core/store.js";
import { signAsset } from "./assets.js";

/** @import { Choice } from "/console/core/forms.js" */
/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["Course"]} Course */
/** @typedef {Record<string, string>} Filters */

const listOperation = "GET /courses";
const restorableDays = 30;
const hues = 6;

/** @param {ViewContext} context */
export function coursesView({ query, box, signal }) {
  /** @type {Filters} */
  const filters = Object.fromEntries(query);
  const results = h("div", { "aria-live": "polite" });
  fill(
    box,
    heading(
      "Courses",
      hasRole("instructor") && [
        hasOperation("POST /courses/import") && button("Import", "course-import", importCourse),
        h("a", {
          class: "button primary",
          href: "#/new-course",
          text: "New course",
          testid: "course-new",
        }),
      ],
    ),
    filterForm(filters),
    results,
  );
  const { mine, ...asked } = filters;
  const me = user();
  pagedList({
    path: "/courses",
    query: mine && me ? { ...asked, owner: me.id } : asked,
    signal,
    box: results,
    testid: "course-list",
    kind: "cards",
    row: (course) => courseCard(course, signal),
    empty:
      filters.q || filters.tag
        ? "No course matches your search."
        : "There are no courses here yet.",
  });
}

/**
 * filterForm returns the row of filters. Each change opens an address of its own, so that a search
 * can be shared.
 *
 * @param {Filters} filters
 */
function filterForm(filters) {
  const element = h(
    "form",
    { class: "filters", role: "search", testid: "course-filters" },
    field("course", {
      name: "q",
      label: "Search",
      type: "search",
      of: listOperation,
      value: filters.q || "",
      placeholder: "Title, summary, tag",
    }),
    field("course", {
      name: "sort",
      label: "Sort by",
      type: "select",
      value: filters.sort || "",
      options: choicesWithDefault("sort", "newest", sortLabels),
    }),
    session() &&
      field("course", {
        name: "visibility",
        label: "Who can read it",
        type: "select",
        value: filters.visibility || "",
        options: visibilityChoices(),
      }),
    hasRole("instructor") &&
      field("course", {
        name: "status",
        label: "Status",
        type: "select",
        value: filters.status || "",
        options: choicesWithDefault("status", "published", statusLabels),
      }),
    filters.tag && tagChip(filters),
  );
  const apply = () => {
    const asked = Object.fromEntries(new FormData(element));
    openFiltered({ .../** @type {Filters} */ (filters), .../** @type {any} */ (asked) });
  };
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  element.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) apply();
  });
  element.querySelector("[type=search]")?.addEventListener("search", apply);
  return element;
}

/** @type {Record<string, string>} */
const sortLabels = { newest: "Newest", title: "Title", updated: "Last changed" };

/** @type {Record<string, string>} */
const statusLabels = {
  published: "Published",
  draft: "Drafts",
  archived: "Archived",
  deleted: "Deleted",
};

/**
 * choicesWithDefault returns the choices of a filter. The server's default is the empty value, which
 * is left out of the address.
 *
 * @param {string} name
 * @param {string} byDefault
 * @param {Record<string, string>} labels
 * @returns {Choice[]}
 */
const choicesWithDefault = (name, byDefault, labels) => [
  ["", labels[byDefault]],
  ...choicesOf(listOperation, name, labels).filter(([value]) => value !== byDefault),
];

/** @returns {Choice[]} */
function visibilityChoices() {
  const choices = choicesOf(listOperation, "visibility", visibilityLabels);
  const isShown = (/** @type {Choice} */ [value]) => value !== "member" || hasRole("member");
  return [["", "All"], ...choices.filter(isShown)];
}

/** @param {Filters} filters */
const tagChip = (filters) =>
  h("button", {
    class: "chip",
    type: "button",
    testid: "course-tag-clear",
    "aria-label": `Remove the tag ${filters.tag}`,
    text: "#" + filters.tag + " ×",
    on: { click: () => openFiltered({ ...filters, tag: "" }) },
  });

/** @param {Filters} filters */
function openFiltered(filters) {
  const query = new URLSearchParams(omitEmpty(filters)).toString();
  goTo("/courses" + (query ? "?" + query : ""));
}

/** importCourse creates a draft from the file of an exported course. */
async function importCourse() {
  const file = await pickFile(".zip,application/zip", "course-import-file");
  if (!file) return;
  const options = { body: file, type: "application/zip" };
  const { data } = await request("POST", "/courses/import", options);
  /** @type {Schemas["CoursesImported"]} */
  const imported = data;
  notice(["Imported as a draft.", ...(imported.warnings || [])].join(" "));
  goTo(`/courses/${encodeURIComponent(imported.slug)}/edit`);
}

/** @param {Course} course */
function restoreButton(course) {
  if (!hasOperation("POST /courses/{id}/restore")) return null;
  const restore = async () => {
    const { data } = await request("POST", `/courses/${course.id}/restore`);
    notice("The course is restored.");
    goTo("/courses/" + encodeURIComponent(data.slug));
  };
  const label = `Restore “${course.title}”`;
  return button("Restore", "course-restore", restore, "primary small", label);
}

/**
 * @param {Course} course
 * @param {AbortSignal} signal
 */
function courseCard(course, signal) {
  const { title, summary, owner, progress } = course;
  return h(
    "li",
    { class: "card course-card", testid: "course-card" },
    coverOf(course, signal),
    h(
      "div",
      { class: "course-text" },
      h("h2", {}, course.deleted_at ? title : courseLink(course)),
      summary && h("p", { text: summary }),
      h(
        "p",
        { class: "meta" },
        courseBadges(course),
        h("span", { text: plural(course.lesson_count, "lesson") }),
        owner && h("span", { text: owner.display_name }),
      ),
      tagList(course.tags),
      course.deleted_at
        ? trashLine(course)
        : progress && progress.percent > 0 && progressBar(progress.percent, "Your progress"),
    ),
  );
}

/** @param {Course} course */
const courseLink = ({ slug, title }) =>
  h("a", { href: "#/courses/" + encodeURIComponent(slug), text: title, testid: "course-link" });

/** @param {Course} course */
const trashLine = (course) =>
  h(
    "p",
    { class: "meta" },
    h("span", { text: "Can be restored until " + formatDate(course.deleted_at, restorableDays) }),
    restoreButton(course),
  );

/**
 * coverOf returns the cover of a course: its picture, or a letter in the color of the course.
 *
 * @param {Course} course
 * @param {AbortSignal} signal
 */
function coverOf({ id, title, cover_key }, signal) {
  const letter = h("span", { text: title.slice(0, 1) });
  const cover = h("div", { class: "cover hue-" + hueOf(id), "aria-hidden": "true" }, letter);
  if (cover_key && session() && isEnabled("storage")) {
    const show = (/** @type {string} */ src) =>
      fill(cover, h("img", { src, alt: "", loading: "lazy" }));
    signAsset(cover_key, signal).then(show, () => {});
  }
  return cover;
}

/**
 * hueOf returns one of the colors for a course, always the same.
 *
 * @param {string} id
 */
const hueOf = (id) =>
  [...id].reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) >>> 0, 7) % hues;

/**
 * tagList returns the tags of a course as links to the courses that have them.
 *
 * @param {string[] | null} tags
 */
export function tagList(tags) {
  if (!tags?.length) return null;
  const link = (/** @type {string} */ tag) =>
    h("a", { class: "chip", href: "#/courses?tag=" + encodeURIComponent(tag), text: "#" + tag });
  return h("p", { class: "tags" }, tags.map(link));
}

/**
 * courseBadges returns the status of a course and who can read it. What is usual has no badge.
 *
 * @param {Pick<Course, "deleted_at" | "status" | "visibility">} course
 */
export const courseBadges = ({ deleted_at, status, visibility }) => [
  deleted_at && badge("Deleted", "bad"),
  status === "draft" && badge("Draft", "warn"),
  status === "archived" && badge("Archived"),
  visibility !== "public" && badge(visibilityLabels[visibility], "info"),
];
