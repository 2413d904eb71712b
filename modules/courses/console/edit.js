// Making and changing a course: its own fields, announcements, copies, deleting.

import { h, fill } from "/console/dom.js";
import { request, post, del } from "/console/api.js";
import { save as saveFile } from "/console/files.js";
import { form, field, load, heading, button, notice, confirm } from "/console/ui.js";
import { enabled, offers } from "/console/modules.js";
import { go } from "/console/router.js";
import { attached } from "./asset.js";
import { visibilityText } from "/console/format.js";
import { learners } from "./learners.js";
import { lessonsEditor } from "./lessons.js";

const visibilities = Object.entries(visibilityText);
const statuses = [["draft", "Draft"], ["published", "Published"], ["archived", "Archived"]];

export function newCourse({ box }) {
  fill(box, heading("New course"), h("section", { class: "card" }, courseForm(null, async (body) => {
    const made = await post("/courses", body);
    notice("The course is made. Now add lessons.");
    go(`/courses/${encodeURIComponent(made.slug)}/edit`);
  })));
}

export function editCourse({ params, box, signal }) {
  load(async () => {
    const { data: course, etag } = await request("GET", "/courses/" + encodeURIComponent(params.course), { signal });
    const state = { etag };
    return [
      heading("Edit: " + course.title, h("a", { class: "button", href: "#/courses/" + encodeURIComponent(course.slug), text: "View", testid: "edit-view" })),
      h("section", { class: "card" }, h("h2", { text: "About" }), courseForm(course, (body) => save(course, state, body))),
      lessonsEditor(course, signal),
      offers("GET", "/courses/{id}/learners") && learners(course, signal),
      offers("POST", "/courses/{id}/announcements") && announce(course),
      danger(course),
    ];
  }, { box, signal });
}

// save sends what was read along, so that a change by somebody else in between is not overwritten.
async function save(course, state, body) {
  try {
    const { data, etag } = await request("PATCH", "/courses/" + course.id, { body, headers: state.etag ? { "If-Match": state.etag } : {} });
    state.etag = etag || state.etag;
    notice("Saved.");
    if (data.slug !== course.slug) go(`/courses/${encodeURIComponent(data.slug)}/edit`);
  } catch (error) {
    if (error.status === 412) error.message = "The course was changed meanwhile, perhaps in another tab. Load the page again to see how.";
    throw error;
  }
}

function courseForm(course, send) {
  const c = course || { visibility: "public", status: "draft", tags: [] };
  const cover = { name: "cover_key", label: "Cover picture", value: c.cover_key || "", hint: "The name of a stored picture" };
  return form("edit", {
    fields: [
      { name: "title", label: "Title", value: c.title || "", required: true, maxlength: 200, wide: true },
      { name: "summary", label: "Summary", value: c.summary || "", maxlength: 500, wide: true },
      { name: "description", label: "Description", type: "textarea", rows: 5, value: c.description || "", maxlength: 20000, wide: true },
      { name: "visibility", label: "Who may read", type: "select", options: visibilities, value: c.visibility },
      { name: "status", label: "Status", type: "select", options: statuses, value: c.status },
      { name: "tags", label: "Tags", value: (c.tags || []).join(", "), hint: "Separated by commas" },
      { name: "slug", label: "Address", value: c.slug || "", pattern: "[A-Za-z0-9]+(-[A-Za-z0-9]+)*", maxlength: 100, hint: course ? "" : "Made from the title when empty" },
      ...(enabled("storage") ? [attached("edit-cover", "cover_key", "Upload a picture", c.cover_key, "covers", field("edit", cover))] : []),
    ],
    submit: course ? "Save" : "Create", kind: "grid",
    send: (v) => {
      const body = { ...v, tags: v.tags.split(",").map((t) => t.trim()).filter(Boolean) };
      if (!body.slug) delete body.slug;
      if (!course) for (const key of ["summary", "description", "cover_key"]) if (!body[key]) delete body[key];
      if (course && enabled("storage")) body.cover_key = body.cover_key || null;
      return send(body);
    },
  });
}

function announce(course) {
  return h("section", { class: "card" }, h("h2", { text: "Announcement" }), form("announce", {
    fields: [{ name: "title", label: "Title", required: true, maxlength: 200 }, { name: "body", label: "Text", type: "textarea", required: true }],
    submit: "Send to all who are enrolled",
    send: async (body, el) => {
      await post(`/courses/${course.id}/announcements`, body);
      notice("Sent.");
      el.reset();
    },
  }));
}

function danger(course) {
  const clones = offers("POST", "/courses/{id}/clone");
  const restores = offers("POST", "/courses/{id}/restore");
  return h("section", { class: "card" }, h("h2", { text: clones ? "Copy, export or delete" : "Delete" }), h("div", { class: "actions" },
    offers("GET", "/courses/{id}/export") && button("Export", "course-export", () => saveFile(`/courses/${course.id}/export`, course.slug + ".zip")),
    clones && button("Make a copy", "course-clone", async () => {
      const made = await post(`/courses/${course.id}/clone`, {});
      notice("Copied as a draft.");
      go(`/courses/${encodeURIComponent(made.slug)}/edit`);
    }),
    button("Delete", "course-delete", async () => {
      if (!(await confirm("Delete this course?", restores ? "It can be restored for 30 days." : "Its learners lose it at once.", "Delete"))) return;
      await del("/courses/" + course.id);
      notice("Deleted.");
      go("/courses?status=deleted");
    }, "danger")));
}
