// A course: what it is about, its lessons, and the caller's progress in it.

import { button, heading, progressBar } from "/console/core/controls.js";
import { confirm } from "/console/core/dialogs.js";
import { h, fill, icon } from "/console/core/dom.js";
import { explain, load, notice } from "/console/core/feedback.js";
import { formatDate, formatDuration, plural } from "/console/core/format.js";
import { del, get, hasStatus, isAborted, post } from "/console/core/http.js";
import { hasRole } from "/console/core/roles.js";
import { goTo, signInAddress } from "/console/core/router.js";
import { isEnabled } from "/console/core/server.js";
import { session, user } from "/console/core/store.js";
import { courseBadges, tagList } from "./courses.js";
import { showLesson } from "./lesson.js";

/** @import { Child } from "/console/core/dom.js" */
/** @import { Page, Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["CoursesDetail"]} Course */
/** @typedef {Schemas["CoursesOutline"]} Outline a lesson in the list of a course */
/** @typedef {Partial<Schemas["CoursesPlaced"]>} StoredProgress */
/** @typedef {StoredProgress & { percent: number }} LessonProgress */

/** @param {ViewContext} context */
export function courseView({ params, box, signal }) {
  const show = async () => {
    /** @type {Course} */
    let course;
    try {
      const path = "/courses/" + encodeURIComponent(params.course);
      course = await get(path, undefined, { signal });
    } catch (error) {
      return refusal(error);
    }
    document.title = course.title + " · Lyceum";
    const page = new CoursePage(course, params.lesson, signal);
    if (session()) await Promise.all([page.readProgress(), page.readEnrollment()]);
    return page.draw();
  };
  load(show, { box, signal });
}

/**
 * refusal says why the caller can't read a course, and what to do about it.
 *
 * @param {unknown} error
 */
function refusal(error) {
  const title = h("h1", { text: "For members" });
  const card = { class: "card narrow", testid: "course-barred" };
  if (hasStatus(error, 401) && !session()) {
    const href = "#" + signInAddress();
    return h(
      "section",
      card,
      title,
      h("p", { text: "Sign in to read this course." }),
      h("a", { class: "button primary", href, text: "Sign in" }),
    );
  }
  if (hasStatus(error, 403)) {
    return h(
      "section",
      card,
      title,
      h("p", { text: "Your account can't read this course yet. An invite code opens it." }),
      isEnabled("invites") &&
        h("a", { class: "button primary", href: "#/redeem", text: "Redeem a code" }),
    );
  }
  return [heading("Course"), explain(error)];
}

/** @param {Course} course */
const canEdit = ({ owner }) => {
  const me = user();
  return Boolean(me) && (hasRole("admin") || (hasRole("instructor") && owner?.id === me?.id));
};

/** A course that is open, and in it a lesson, if one is chosen. */
export class CoursePage {
  /**
   * @param {Course} course
   * @param {string | undefined} lessonId
   * @param {AbortSignal} signal
   */
  constructor(course, lessonId, signal) {
    this.course = course;
    this.lessons = course.lessons || [];
    this.lessonId = lessonId;
    this.signal = signal;
    this.path = "/courses/" + course.id;
    /** @type {Map<string, LessonProgress>} the caller's progress by lesson */
    this.progress = new Map();
    /** @type {boolean | undefined} unknown if it could not be read */
    this.isEnrolled = undefined;
    this.overview = h("div", { class: "course-progress", "aria-live": "polite" });
    this.outline = h("ol", { class: "outline", testid: "lesson-list" });
    this.stage = h("section", { class: "stage", "aria-label": "Lesson" });
  }

  async readProgress() {
    const { signal } = this;
    /** @type {Schemas["CourseProgress"]} */
    const progress = await get(this.path + "/progress", undefined, { signal });
    this.course.progress = progress;
    // The document lacks the fields that the lessons here share with other answers.
    const lessons = /** @type {Schemas["CoursesLessonProgress"][]} */ (
      /** @type {unknown} */ (progress.lessons || [])
    );
    for (const lesson of lessons) this.progress.set(lesson.lesson_id, lesson);
  }

  /** readEnrollment looks for the course among those of the caller. */
  async readEnrollment() {
    const { signal, course } = this;
    try {
      let cursor;
      do {
        /** @type {Page<Schemas["CoursesEnrollment"]>} */
        const page = await get("/users/me/enrollments", { limit: 100, cursor }, { signal });
        this.isEnrolled = page.items.some((enrollment) => enrollment.course.id === course.id);
        cursor = page.next_cursor;
      } while (cursor && !this.isEnrolled);
    } catch (error) {
      if (isAborted(error)) throw error; // the course can be read without knowing
    }
  }

  /** refreshLocks reads locked lessons again, as progress may have unlocked them. */
  async refreshLocks() {
    if (!this.lessons.some((lesson) => lesson.locked)) return;
    /** @type {Course} */
    const { lessons } = await get(this.path, undefined, { signal: this.signal });
    const byId = new Map(lessons.map((lesson) => [lesson.id, lesson]));
    for (const lesson of this.lessons) Object.assign(lesson, byId.get(lesson.id));
  }

  /**
   * saveProgress keeps the progress in a lesson that the server has stored, and draws what depends
   * on it.
   *
   * @param {string} lessonId
   * @param {LessonProgress} progress
   */
  async saveProgress(lessonId, progress) {
    this.progress.set(lessonId, progress);
    await Promise.all([this.readProgress(), this.refreshLocks()]);
    this.drawProgress();
  }

  /**
   * address returns the address of the course, or of one of its lessons.
   *
   * @param {Outline} [lesson]
   */
  address(lesson) {
    const address = "/courses/" + encodeURIComponent(this.course.slug || this.course.id);
    return lesson ? `${address}/lessons/${lesson.id}` : address;
  }

  draw() {
    const { course, lessons, stage } = this;
    this.drawProgress();
    const open = lessons.find((lesson) => lesson.id === this.lessonId);
    if (open) showLesson(this, open);
    else fill(stage, this.about());
    return h(
      "article",
      { class: "course", testid: "course" },
      heading(course.title, this.actions()),
      this.meta(),
      h(
        "div",
        { class: "course-body" },
        h(
          "nav",
          { class: "course-side", "aria-label": "Lessons" },
          this.overview,
          this.outline,
          !lessons.length && h("p", { class: "empty", text: "No lessons yet." }),
        ),
        stage,
      ),
    );
  }

  meta() {
    const { course } = this;
    const { owner, published_at } = course;
    return h(
      "p",
      { class: "meta" },
      courseBadges(course),
      owner && h("span", { text: "by " + owner.display_name }),
      h("span", { text: plural(course.lesson_count, "lesson") }),
      published_at && h("span", { text: "published " + formatDate(published_at) }),
    );
  }

  actions() {
    const { course } = this;
    const enroll = async () => {
      await post(this.path + "/enrollment");
      notice("You are enrolled.");
      goTo(this.address());
    };
    const leave = async () => {
      if (!(await confirm("Leave this course?", "Your progress is kept.", "Leave"))) return;
      await del(this.path + "/enrollment");
      goTo(this.address());
    };
    const canEnroll = session() && this.isEnrolled === false && course.status === "published";
    return [
      canEnroll && button("Enroll", "course-enroll", enroll, "primary"),
      this.isEnrolled && button("Leave", "course-unenroll", leave),
      canEdit(course) &&
        h("a", {
          class: "button",
          href: `#/courses/${encodeURIComponent(course.slug)}/edit`,
          text: "Edit",
          testid: "course-edit",
        }),
    ];
  }

  /** about returns what stands beside the lessons before one is chosen. */
  about() {
    const { summary, description, tags } = this.course;
    const first = this.lessons.find((lesson) => !lesson.locked);
    return [
      summary && h("p", { class: "lead", text: summary }),
      description && h("p", { class: "pre-line", text: description, testid: "course-description" }),
      tagList(tags),
      first &&
        h("a", {
          class: "button primary",
          href: "#" + this.address(first),
          text: "Start with the first lesson",
          testid: "course-start",
        }),
    ];
  }

  /** drawProgress draws what changes while somebody learns: the bar and the list of lessons. */
  drawProgress() {
    const { progress } = this.course;
    if (progress) {
      const text = progress.completed_at
        ? "Completed " + formatDate(progress.completed_at)
        : `${progress.completed_lessons} of ${plural(progress.total_lessons, "lesson")} complete`;
      fill(
        this.overview,
        progressBar(progress.percent, "Your progress in this course"),
        h("p", { class: "hint", testid: "course-progress", text }),
      );
    }
    fill(
      this.outline,
      this.lessons.map((lesson) => this.outlineItem(lesson)),
    );
  }

  /** @param {Outline} lesson */
  outlineItem(lesson) {
    const progress = this.progress.get(lesson.id);
    const [mark, label] = lessonMark(lesson, progress);
    const length = lesson.duration_seconds
      ? h("span", { text: formatDuration(lesson.duration_seconds) })
      : null;
    const link = {
      href: "#" + this.address(lesson),
      testid: "lesson-link",
      "aria-current": lesson.id === this.lessonId ? "page" : null,
      class: lesson.locked ? "locked" : "",
    };
    const markKind = { class: progress?.completed ? "good" : "", role: "img", "aria-label": label };
    return h(
      "li",
      {},
      h(
        "a",
        link,
        h("span", { class: "outline-title", text: lesson.title }),
        h("span", { class: "meta" }, length, mark && h("span", markKind, mark)),
      ),
    );
  }
}

/**
 * lessonMark returns what stands beside a lesson: a lock, a check mark or the percentage, and what
 * screen readers say instead.
 *
 * @param {Outline} lesson
 * @param {LessonProgress} [progress]
 * @returns {[mark: Child, label: string]}
 */
function lessonMark(lesson, progress) {
  if (lesson.locked) return [icon("lock"), "locked"];
  if (progress?.completed) return ["✓", "complete"];
  if (progress?.percent) return [progress.percent + " %", progress.percent + " percent"];
  return ["", ""];
}
