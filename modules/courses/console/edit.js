// Creating and changing a course: its own fields, announcements, copies, deleting.

import { button, card, heading } from "/console/core/controls.js";
import { confirm } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { load, notice } from "/console/core/feedback.js";
import { saveFile } from "/console/core/files.js";
import { visibilityLabels } from "/console/core/format.js";
import { choicesOf, field, form } from "/console/core/forms.js";
import { del, hasStatus, post, request } from "/console/core/http.js";
import { goTo } from "/console/core/router.js";
import { hasOperation } from "/console/core/schema.js";
import { isEnabled } from "/console/core/server.js";
import { keyWithUpload } from "./assets.js";
import { learnersCard } from "./learners.js";
import { lessonsCard } from "./lessons.js";

/** @import { Values } from "/console/core/forms.js" */
/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["CoursesDetail"]} Course */

const createOperation = "POST /courses";

/** @type {Record<string, string>} */
const statusLabels = { draft: "Draft", published: "Published", archived: "Archived" };

/** @param {Pick<Course, "slug">} course */
const editAddress = ({ slug }) => `/courses/${encodeURIComponent(slug)}/edit`;

/** @param {ViewContext} context */
export function newCourseView({ box }) {
  const create = async (/** @type {Values} */ body) => {
    /** @type {Course} */
    const course = await post("/courses", body);
    notice("The course is created. Now add lessons.");
    goTo(editAddress(course));
  };
  fill(box, heading("New course"), h("section", { class: "card" }, courseForm(null, create)));
}

/** @param {ViewContext} context */
export function editCourseView({ params, box, signal }) {
  load(
    async () => {
      const path = "/courses/" + encodeURIComponent(params.course);
      const { data, etag } = await request("GET", path, { signal });
      /** @type {Course} */
      const course = data;
      const state = { etag };
      return [
        heading(
          "Edit: " + course.title,
          h("a", {
            class: "button",
            href: "#/courses/" + encodeURIComponent(course.slug),
            text: "View",
            testid: "edit-view",
          }),
        ),
        card(
          "About",
          courseForm(course, (body) => saveCourse(course, state, body)),
        ),
        lessonsCard(course, signal),
        hasOperation("GET /courses/{id}/learners") && learnersCard(course, signal),
        hasOperation("POST /courses/{id}/announcements") && announceCard(course),
        actionsCard(course),
      ];
    },
    { box, signal },
  );
}

/**
 * saveCourse saves a course, unless somebody else has changed it since it was read.
 *
 * @param {Course} course
 * @param {{ etag: string | null }} state
 * @param {Values} body
 */
async function saveCourse(course, state, body) {
  try {
    const headers = state.etag ? { "If-Match": state.etag } : undefined;
    const { data, etag } = await request("PATCH", "/courses/" + course.id, { body, headers });
    state.etag = etag || state.etag;
    notice("Saved.");
    if (data.slug !== course.slug) goTo(editAddress(data));
  } catch (error) {
    if (hasStatus(error, 412)) {
      error.message =
        "The course was changed in the meantime, perhaps in another tab. Load the page again to " +
        "see the changes.";
    }
    throw error;
  }
}

/**
 * @param {Course | null} course null for a new one
 * @param {(body: Values) => Promise<void>} send
 */
function courseForm(course, send) {
  return form("edit", {
    of: createOperation,
    fields: courseFields(course),
    submit: course ? "Save" : "Create",
    kind: "grid",
    send: (values) => send(courseBody(values, course)),
  });
}

/** @param {Course | null} course */
function courseFields(course) {
  const { title = "", summary = "", description = "", slug = "", tags = [] } = course || {};
  const { visibility = "public", status = "draft", cover_key = "" } = course || {};
  const fields = [
    { name: "title", label: "Title", value: title, required: true, wide: true },
    { name: "summary", label: "Summary", value: summary, wide: true },
    {
      name: "description",
      label: "Description",
      type: "textarea",
      rows: 5,
      value: description,
      wide: true,
    },
    {
      name: "visibility",
      label: "Who can read it",
      type: "select",
      options: choicesOf(createOperation, "visibility", visibilityLabels),
      value: visibility,
    },
    {
      name: "status",
      label: "Status",
      type: "select",
      options: choicesOf(createOperation, "status", statusLabels),
      value: status,
    },
    { name: "tags", label: "Tags", value: tags.join(", "), hint: "Separated by commas" },
    {
      name: "slug",
      label: "Address",
      value: slug,
      pattern: "[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
      hint: course ? "" : "Made from the title if you leave it empty",
    },
  ];
  return isEnabled("storage") ? [...fields, coverField(cover_key || "")] : fields;
}

/** @param {string} value */
function coverField(value) {
  const key = field("edit", {
    name: "cover_key",
    label: "Cover picture",
    value,
    of: createOperation,
    hint: "The name of a stored picture",
  });
  return keyWithUpload("edit-cover", "Upload a picture", "covers", key);
}

/**
 * @param {Values} values
 * @param {Course | null} course
 */
function courseBody(values, course) {
  const tags = values.tags.split(",").map((/** @type {string} */ tag) => tag.trim());
  /** @type {Values} */
  const body = { ...values, tags: tags.filter(Boolean) };
  if (!body.slug) delete body.slug;
  if (!course) {
    for (const name of ["summary", "description", "cover_key"]) {
      if (!body[name]) delete body[name];
    }
  } else if (isEnabled("storage")) {
    body.cover_key = body.cover_key || null;
  }
  return body;
}

/** @param {Course} course */
function announceCard(course) {
  const operation = "POST /courses/{id}/announcements";
  const announce = form("announce", {
    of: operation,
    fields: [
      { name: "title", label: "Title", required: true },
      { name: "body", label: "Text", type: "textarea", required: true },
    ],
    submit: "Send to all learners",
    send: async (body, element) => {
      await post(`/courses/${course.id}/announcements`, body);
      notice("Sent.");
      element.reset();
    },
  });
  return card("Announcement", announce);
}

/** @param {Course} course */
function actionsCard(course) {
  const canClone = hasOperation("POST /courses/{id}/clone");
  const canExport = hasOperation("GET /courses/{id}/export");
  const path = "/courses/" + course.id;
  const clone = async () => {
    /** @type {Course} */
    const copy = await post(path + "/clone", {});
    notice("Copied as a draft.");
    goTo(editAddress(copy));
  };
  const save = () => saveFile(path + "/export", course.slug + ".zip");
  return card(
    canClone ? "Copy, export or delete" : "Delete",
    h(
      "div",
      { class: "actions" },
      canExport && button("Export", "course-export", save),
      canClone && button("Make a copy", "course-clone", clone),
      button("Delete", "course-delete", () => deleteCourse(course), "danger"),
    ),
  );
}

/** @param {Course} course */
async function deleteCourse(course) {
  const question = hasOperation("POST /courses/{id}/restore")
    ? "You can restore it for 30 days."
    : "Its learners lose it at once.";
  if (!(await confirm("Delete this course?", question, "Delete"))) return;
  await del("/courses/" + course.id);
  notice("The course is deleted.");
  goTo("/courses?status=deleted");
}
