// The lessons of a course under edit: list, order, one form for adding and changing.

import { h, fill } from "/console/dom.js";
import { get, post, put, patch, del } from "/console/api.js";
import { form, field, load, button, notice, confirm, badge } from "/console/ui.js";
import { toISO, toLocal, duration } from "/console/format.js";
import { accepts, enabled } from "/console/modules.js";
import { attached, uploader } from "./asset.js";

export function lessonsEditor(course, signal) {
  const list = h("ol", { class: "list lesson-edit", testid: "edit-lessons" });
  const editor = h("div");
  const state = { course, list, editor, lessons: course.lessons || [], signal };
  draw(state);
  return h("section", { class: "card" }, h("div", { class: "panel-head" }, h("h2", { text: "Lessons" }),
    h("div", { class: "actions" }, button("Add a lesson", "lesson-add", () => edit(state, null), "primary"))), list, editor);
}

async function refresh(state) {
  const { course, signal } = state;
  const lessons = [];
  let cursor;
  do {
    const page = await get(`/courses/${course.id}/lessons`, { limit: 100, cursor }, { signal });
    lessons.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  state.lessons = lessons;
  draw(state);
}

function draw(state) {
  const { list, lessons } = state;
  fill(list, lessons.map((l, i) => h("li", { class: "row", testid: "edit-lesson" },
    h("span", { class: "grow" }, h("strong", { text: l.title }), " ", l.asset_key && badge("File"), " ",
      h("span", { class: "muted", text: duration(l.duration_seconds) })),
    h("span", { class: "actions" },
      i > 0 && button("↑", "lesson-up", () => move(state, i, -1), "small", `Move “${l.title}” up`),
      i < lessons.length - 1 && button("↓", "lesson-down", () => move(state, i, 1), "small", `Move “${l.title}” down`),
      button("Edit", "lesson-edit", () => edit(state, l), "small", `Edit “${l.title}”`),
      button("Delete", "lesson-delete", () => remove(state, l), "small danger", `Delete “${l.title}”`)))),
  !lessons.length && h("li", { class: "empty", text: "No lessons yet." }));
}

async function move(state, at, by) {
  const ids = state.lessons.map((l) => l.id);
  [ids[at], ids[at + by]] = [ids[at + by], ids[at]];
  await put(`/courses/${state.course.id}/lessons/order`, { lesson_ids: ids });
  await refresh(state);
  const moved = state.list.children[at + by];
  (moved?.querySelector(`[data-testid=lesson-${by < 0 ? "up" : "down"}]`) || moved?.querySelector("button"))?.focus();
}

async function remove(state, lesson) {
  if (!(await confirm("Delete this lesson?", `“${lesson.title}” and everybody's progress in it will be gone.`, "Delete"))) return;
  await del(`/courses/${state.course.id}/lessons/${lesson.id}`);
  fill(state.editor);
  await refresh(state);
}

function edit(state, outlined) {
  const { course, editor, signal } = state;
  load(async () => {
    const lesson = outlined ? await get(`/courses/${course.id}/lessons/${outlined.id}`, undefined, { signal }) : null;
    return h("div", { class: "inset" }, h("h3", { text: lesson ? "Edit lesson" : "New lesson" }), lessonForm(state, lesson));
  }, { box: editor, signal }).scrollIntoView({ block: "nearest" });
}

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function lessonForm(state, lesson) {
  const { course, editor } = state;
  const l = lesson || {};
  const others = state.lessons.filter((o) => o.id !== l.id);
  const takes = (name) => accepts("POST", "/courses/{id}/lessons", name);
  const timed = takes("available_from"), ordered = takes("prerequisite_ids");
  const needed = new Set(l.prerequisite_ids || []);
  const file = field("edit-lesson", { name: "asset_key", label: "File", value: l.asset_key || "", hint: "The name of a stored video, picture or document" });
  const before = h("fieldset", { testid: "lesson-prerequisites" }, h("legend", { text: "To be completed first" }),
    others.map((o) => h("label", { class: "check" }, h("input", { type: "checkbox", value: o.id, checked: needed.has(o.id) }), " " + o.title)));
  const subtitles = field("edit-lesson", { name: "captions", label: "Captions", type: "textarea", rows: 2, wide: true,
    value: (l.captions || []).map((c) => [c.language, c.label, c.asset_key].join(" | ")).join("\n"),
    hint: "One file of type text/vtt a line: language | label | name, such as en | English | lessons/video.vtt" });
  const captioned = enabled("storage") && takes("captions");
  return form("edit-lesson", {
    fields: [
      { name: "title", label: "Title", value: l.title || "", required: true, maxlength: 200, wide: true },
      { name: "content", label: "Text (Markdown)", type: "textarea", rows: 12, value: l.content || "", maxlength: 200000, wide: true },
      ...(enabled("storage") ? [attached("edit-lesson", "asset_key", "Upload a file", l.asset_key, "lessons", file)] : []),
      ...(captioned ? [subtitles, uploader("edit-lesson-captions", "lessons", "Upload captions", (key) => {
        const box = subtitles.querySelector("textarea");
        box.value = [...lines(box.value), `en | English | ${key}`].join("\n");
      })] : []),
      { name: "duration_seconds", label: "Length in seconds", type: "number", min: 0, step: 1, value: l.duration_seconds ?? "" },
      ...(timed ? [{ name: "available_from", label: "Opens at", type: "datetime-local", value: toLocal(l.available_from) },
        { name: "available_after_days", label: "Opens days after enrollment", type: "number", min: 0, step: 1, value: l.available_after_days ?? "" }] : []),
      ...(ordered && others.length ? [before] : []),
    ],
    submit: lesson ? "Save lesson" : "Add lesson", kind: "grid",
    extra: h("button", { class: "button", type: "button", text: "Close", testid: "lesson-close", on: { click: () => fill(editor) } }),
    send: async (v) => {
      const body = { ...v };
      if (timed) body.available_from = toISO(v.available_from);
      if (captioned) {
        body.captions = lines(v.captions).map((line) => {
          const [language = "", label = "", ...key] = line.split("|").map((part) => part.trim());
          return { language, label, asset_key: key.join("|") };
        });
        if (!lesson && !body.captions.length) delete body.captions;
      }
      if (ordered) body.prerequisite_ids = [...before.querySelectorAll("input:checked")].map((c) => c.value);
      for (const key of ["asset_key", "duration_seconds", "available_from", "available_after_days"]) {
        if (body[key] || body[key] === 0) continue;
        if (lesson && key in body) body[key] = null; // clears what was there
        else delete body[key];
      }
      if (!lesson && !body.prerequisite_ids?.length) delete body.prerequisite_ids;
      const path = `/courses/${course.id}/lessons`;
      await (lesson ? patch(`${path}/${lesson.id}`, body) : post(path, body));
      notice(lesson ? "Saved." : "Added.");
      fill(editor);
      await refresh(state);
    },
  });
}
