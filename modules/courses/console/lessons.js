// The lessons of a course that is edited: their list and order, and one form to add and change them.

import { badge, button } from "/console/core/controls.js";
import { confirm } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { load, notice } from "/console/core/feedback.js";
import { formatDuration, isoToLocal, localToISO } from "/console/core/format.js";
import { field, form } from "/console/core/forms.js";
import { del, get, patch, post, put, readAll } from "/console/core/http.js";
import { bodyField } from "/console/core/schema.js";
import { isEnabled } from "/console/core/server.js";
import { keyWithUpload, uploadField } from "./assets.js";

/** @import { Values } from "/console/core/forms.js" */
/** @import { Schemas } from "/console/core/http.js" */

/** @typedef {Schemas["CoursesLesson"]} Lesson */
/** @typedef {Schemas["CoursesCaption"]} Caption */

const addOperation = "POST /courses/{id}/lessons";

/**
 * @param {Schemas["CoursesDetail"]} course
 * @param {AbortSignal} signal
 */
export const lessonsCard = (course, signal) => new LessonEditor(course, signal).element;

class LessonEditor {
  /**
   * @param {Schemas["CoursesDetail"]} course
   * @param {AbortSignal} signal
   */
  constructor(course, signal) {
    this.signal = signal;
    this.path = `/courses/${course.id}/lessons`;
    this.lessons = course.lessons || [];
    this.list = h("ol", { class: "list lesson-edit", testid: "edit-lessons" });
    this.editor = h("div");
    const add = button("Add a lesson", "lesson-add", () => this.openForm(), "primary");
    this.element = h(
      "section",
      { class: "card" },
      h(
        "div",
        { class: "panel-head" },
        h("h2", { text: "Lessons" }),
        h("div", { class: "actions" }, add),
      ),
      this.list,
      this.editor,
    );
    this.draw();
  }

  async refresh() {
    this.lessons = await readAll(this.path, this.signal);
    this.draw();
  }

  draw() {
    fill(
      this.list,
      this.lessons.map((lesson, i) => this.lessonItem(lesson, i)),
      !this.lessons.length && h("li", { class: "empty", text: "No lessons yet." }),
    );
  }

  /**
   * @param {Schemas["CoursesOutline"]} lesson
   * @param {number} i
   */
  lessonItem(lesson, i) {
    const { title } = lesson;
    const isLast = i === this.lessons.length - 1;
    const up = () => this.move(i, -1);
    const down = () => this.move(i, 1);
    const edit = () => this.openForm(lesson);
    const remove = () => this.remove(lesson);
    return h(
      "li",
      { class: "row", testid: "edit-lesson" },
      h(
        "span",
        { class: "grow" },
        h("strong", { text: title }),
        " ",
        lesson.asset_key && badge("File"),
        " ",
        h("span", { class: "muted", text: formatDuration(lesson.duration_seconds) }),
      ),
      h(
        "span",
        { class: "actions" },
        i > 0 && button("↑", "lesson-up", up, "small", `Move “${title}” up`),
        !isLast && button("↓", "lesson-down", down, "small", `Move “${title}” down`),
        button("Edit", "lesson-edit", edit, "small", `Edit “${title}”`),
        button("Delete", "lesson-delete", remove, "small danger", `Delete “${title}”`),
      ),
    );
  }

  /**
   * move moves a lesson by one place and keeps the focus on its button.
   *
   * @param {number} at
   * @param {1 | -1} by
   */
  async move(at, by) {
    const ids = this.lessons.map((lesson) => lesson.id);
    [ids[at], ids[at + by]] = [ids[at + by], ids[at]];
    await put(this.path + "/order", { lesson_ids: ids });
    await this.refresh();
    const moved = this.list.children[at + by];
    const again = moved?.querySelector(`[data-testid=lesson-${by < 0 ? "up" : "down"}]`);
    const focused = /** @type {HTMLElement | undefined} */ (
      again || moved?.querySelector("button")
    );
    focused?.focus();
  }

  /** @param {Schemas["CoursesOutline"]} lesson */
  async remove({ id, title }) {
    const question = `“${title}” and everybody's progress in it are deleted for good.`;
    if (!(await confirm("Delete this lesson?", question, "Delete"))) return;
    await del(`${this.path}/${id}`);
    fill(this.editor);
    await this.refresh();
  }

  /** @param {Schemas["CoursesOutline"]} [outlined] none for a new lesson */
  openForm(outlined) {
    const { signal, editor: box } = this;
    const open = async () => {
      /** @type {Lesson | null} */
      const lesson = outlined
        ? await get(`${this.path}/${outlined.id}`, undefined, { signal })
        : null;
      const title = lesson ? "Edit lesson" : "New lesson";
      return h("div", { class: "inset" }, h("h3", { text: title }), this.lessonForm(lesson));
    };
    load(open, { box, signal }).scrollIntoView({ block: "nearest" });
  }

  /** @param {Lesson | null} lesson */
  lessonForm(lesson) {
    const others = this.lessons.filter((other) => other.id !== lesson?.id);
    const fields = new LessonFields(lesson, others);
    return form("edit-lesson", {
      of: addOperation,
      fields: fields.all(),
      submit: lesson ? "Save lesson" : "Add lesson",
      kind: "grid",
      extra: h("button", {
        class: "button",
        type: "button",
        text: "Close",
        testid: "lesson-close",
        on: { click: () => fill(this.editor) },
      }),
      send: async (values) => {
        const body = fields.body(values);
        await (lesson ? patch(`${this.path}/${lesson.id}`, body) : post(this.path, body));
        notice(lesson ? "Saved." : "The lesson is added.");
        fill(this.editor);
        await this.refresh();
      },
    });
  }
}

/** The fields of a lesson, as far as the server has them. */
class LessonFields {
  /**
   * @param {Lesson | null} lesson
   * @param {Schemas["CoursesOutline"][]} others the other lessons of the course
   */
  constructor(lesson, others) {
    const accepts = (/** @type {string} */ name) => Boolean(bodyField(addOperation, name));
    this.lesson = lesson;
    this.hasFiles = isEnabled("storage");
    this.hasCaptions = this.hasFiles && accepts("captions");
    this.hasTimes = accepts("available_from");
    this.hasOrder = accepts("prerequisite_ids");
    this.others = others;
    this.prerequisites = this.prerequisiteField();
  }

  all() {
    const { title = "", content = "", duration_seconds = "" } = this.lesson || {};
    return [
      { name: "title", label: "Title", value: title, required: true, wide: true },
      {
        name: "content",
        label: "Text (Markdown)",
        type: "textarea",
        rows: 12,
        value: content,
        wide: true,
      },
      ...(this.hasFiles ? [this.fileField()] : []),
      ...(this.hasCaptions ? this.captionFields() : []),
      {
        name: "duration_seconds",
        label: "Length in seconds",
        type: "number",
        step: 1,
        value: duration_seconds,
      },
      ...(this.hasTimes ? this.timeFields() : []),
      ...(this.hasOrder && this.others.length ? [this.prerequisites] : []),
    ];
  }

  fileField() {
    const key = field("edit-lesson", {
      name: "asset_key",
      label: "File",
      of: addOperation,
      value: this.lesson?.asset_key || "",
      hint: "The name of a stored video, picture or document",
    });
    return keyWithUpload("edit-lesson", "Upload a file", "lessons", key);
  }

  captionFields() {
    const captions = field("edit-lesson", {
      name: "captions",
      label: "Captions",
      type: "textarea",
      rows: 2,
      wide: true,
      value: (this.lesson?.captions || []).map(formatCaption).join("\n"),
      hint:
        "One file of type text/vtt a line: language | label | name, such as " +
        "en | English | lessons/video.vtt",
    });
    const upload = uploadField("edit-lesson-captions", "lessons", "Upload captions", (key) => {
      const box = captions.querySelector("textarea");
      if (box) box.value = [...splitLines(box.value), `en | English | ${key}`].join("\n");
    });
    return [captions, upload];
  }

  timeFields() {
    return [
      {
        name: "available_from",
        label: "Opens at",
        type: "datetime-local",
        value: isoToLocal(this.lesson?.available_from),
      },
      {
        name: "available_after_days",
        label: "Opens this many days after enrollment",
        type: "number",
        step: 1,
        value: this.lesson?.available_after_days ?? "",
      },
    ];
  }

  prerequisiteField() {
    const chosen = new Set(this.lesson?.prerequisite_ids || []);
    const option = (/** @type {Schemas["CoursesOutline"]} */ { id, title }) =>
      h(
        "label",
        { class: "check" },
        h("input", { type: "checkbox", value: id, checked: chosen.has(id) }),
        " " + title,
      );
    return h(
      "fieldset",
      { testid: "lesson-prerequisites" },
      h("legend", { text: "Lessons to complete first" }),
      this.others.map(option),
    );
  }

  /**
   * body returns what is sent. A field that was emptied is sent as null, which clears it; a new
   * lesson is sent without it.
   *
   * @param {Values} values
   */
  body(values) {
    const body = { ...values };
    if (this.hasTimes) body.available_from = localToISO(values.available_from);
    if (this.hasCaptions) body.captions = splitLines(values.captions).map(parseCaption);
    if (this.hasOrder) body.prerequisite_ids = this.chosenPrerequisites();
    for (const name of [
      "asset_key",
      "duration_seconds",
      "available_from",
      "available_after_days",
    ]) {
      if (body[name] || body[name] === 0) continue;
      if (this.lesson && name in body) body[name] = null;
      else delete body[name];
    }
    if (!this.lesson) {
      for (const name of ["captions", "prerequisite_ids"]) {
        if (!body[name]?.length) delete body[name];
      }
    }
    return body;
  }

  chosenPrerequisites() {
    const chosen = /** @type {HTMLInputElement[]} */ ([
      ...this.prerequisites.querySelectorAll("input:checked"),
    ]);
    return chosen.map((box) => box.value);
  }
}

/** @param {string} text */
const splitLines = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

/** @param {Caption} caption */
const formatCaption = ({ language, label, asset_key }) => [language, label, asset_key].join(" | ");

/**
 * @param {string} line
 * @returns {Caption}
 */
function parseCaption(line) {
  const [language = "", label = "", ...key] = line.split("|").map((part) => part.trim());
  return { language, label, asset_key: key.join("|") };
}
