// An open lesson of a course: its file, its text, and the caller's progress in it.

import { badge, button } from "/console/core/controls.js";
import { h } from "/console/core/dom.js";
import { explain, load, notice } from "/console/core/feedback.js";
import { formatDateTime } from "/console/core/format.js";
import { get, hasCode, messageOf, put } from "/console/core/http.js";
import { renderRichText } from "/console/core/richtext.js";
import { signInAddress } from "/console/core/router.js";
import { isEnabled } from "/console/core/server.js";
import { session } from "/console/core/store.js";
import { showAsset } from "./assets.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { CoursePage, LessonProgress, Outline } from "./course.js" */

/** @typedef {Schemas["CoursesLesson"]} Lesson */
/** @typedef {{ percent: number, reset?: boolean, position_seconds?: number }} Report */

const reportEveryMs = 10000;
const endSeconds = 5; // a video that was left this close to its end starts from the beginning

/**
 * showLesson shows a lesson on the stage of its course's page.
 *
 * @param {CoursePage} page
 * @param {Outline} outlined
 */
export function showLesson(page, outlined) {
  const { signal, stage: box } = page;
  const title = h("h2", { text: outlined.title });
  const show = async () => {
    if (outlined.locked) return [title, lockedNotice(page, outlined)];
    /** @type {Lesson} */
    let lesson;
    try {
      lesson = await get(`${page.path}/lessons/${outlined.id}`, undefined, { signal });
    } catch (error) {
      if (!hasCode(error, "lesson-locked")) throw error;
      return [title, lockedNotice(page, /** @type {any} */ (error.problem))];
    }
    const tracker = session() ? new ProgressTracker(page, lesson) : null;
    return [
      h("h2", { text: lesson.title, testid: "lesson-title" }),
      await lessonFile(lesson, tracker, signal),
      renderRichText(lesson.content_html),
      tracker?.element,
      stepLinks(page, outlined),
    ];
  };
  load(show, { box, signal });
}

/**
 * @param {Lesson} lesson
 * @param {ProgressTracker | null} tracker
 * @param {AbortSignal} signal
 */
async function lessonFile({ asset_key, captions }, tracker, signal) {
  if (!asset_key || !isEnabled("storage")) return null;
  if (!tracker) {
    const link = h("a", { href: "#" + signInAddress(), text: "Sign in" });
    return h("p", { class: "callout" }, link, " to see this lesson's file.");
  }
  const follow = (/** @type {HTMLMediaElement} */ player) => tracker.follow(player);
  return showAsset(asset_key, signal, captions || [], follow).catch((error) => explain(error));
}

/**
 * stepLinks returns the links to the lessons before and after.
 *
 * @param {CoursePage} page
 * @param {Outline} outlined
 */
function stepLinks(page, outlined) {
  const at = page.lessons.indexOf(outlined);
  const before = page.lessons[at - 1];
  const after = page.lessons[at + 1];
  const link = (/** @type {Outline} */ lesson, /** @type {string} */ text) => ({
    class: "button",
    href: "#" + page.address(lesson),
    text,
  });
  return h(
    "nav",
    { class: "steps", "aria-label": "Other lessons" },
    before
      ? h("a", { ...link(before, "← " + before.title), testid: "lesson-previous" })
      : h("span"),
    after ? h("a", { ...link(after, after.title + " →"), testid: "lesson-next" }) : h("span"),
  );
}

/**
 * lockedNotice says what unlocks a lesson.
 *
 * @param {CoursePage} page
 * @param {Pick<Outline, "locked_by" | "available_at">} lock
 */
function lockedNotice({ lessons }, { locked_by, available_at }) {
  const titles = (locked_by || []).map(
    (id) => lessons.find((lesson) => lesson.id === id)?.title || "another lesson",
  );
  const first = `Complete first: ${titles.join(", ")}.`;
  const text = "Enroll in the course; the lesson then opens some days later.";
  return h(
    "div",
    { class: "callout", testid: "lesson-locked" },
    badge("Locked", "warn"),
    titles.length > 0 && h("p", { text: first }),
    available_at && h("p", { text: `Opens ${formatDateTime(available_at)}.` }),
    !titles.length && !available_at && h("p", { text }),
  );
}

/** The slider and the buttons for the caller's progress. A video that plays moves them, too. */
class ProgressTracker {
  /**
   * @param {CoursePage} page
   * @param {Lesson} lesson
   */
  constructor(page, lesson) {
    this.page = page;
    this.lessonId = lesson.id;
    this.path = `${page.path}/lessons/${lesson.id}/progress`;
    const { percent } = this.known();
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 5,
      id: "lesson-percent",
      testid: "lesson-percent",
      value: percent,
    });
    this.label = h("output", {
      for: "lesson-percent",
      text: percent + " %",
      testid: "lesson-percent-value",
    });
    this.slider.addEventListener("input", () => this.showPercent(Number(this.slider.value)));
    this.slider.addEventListener("change", () => this.saveSlider());
    const complete = () => this.save({ percent: 100 });
    const reset = () => this.save({ percent: 0, reset: true });
    this.element = h(
      "div",
      { class: "tracker" },
      h("label", { htmlFor: "lesson-percent", text: "Your progress" }),
      this.slider,
      this.label,
      button("Mark as complete", "lesson-complete", complete, "primary"),
      button("Start over", "lesson-reset", reset),
    );
  }

  /**
   * known returns the progress that the server has stored.
   *
   * @returns {LessonProgress}
   */
  known() {
    return this.page.progress.get(this.lessonId) || { percent: 0 };
  }

  /** @param {number} percent */
  showPercent(percent) {
    this.label.textContent = percent + " %";
  }

  /** @param {Report} report */
  async save(report) {
    /** @type {LessonProgress} */
    const stored = await put(this.path, report);
    this.slider.value = String(stored.percent);
    this.showPercent(stored.percent);
    await this.page.saveProgress(this.lessonId, { ...this.known(), ...stored });
  }

  async saveSlider() {
    const percent = Number(this.slider.value);
    const isLess = percent < this.known().percent; // the server takes less only as a reset
    try {
      await this.save(isLess ? { percent, reset: true } : { percent });
    } catch (error) {
      notice(messageOf(error), "error");
    }
  }

  /**
   * follow resumes a video where the caller left it, and reports how far it is every ten seconds, at
   * a pause and at the end, if that is further than before.
   *
   * @param {HTMLMediaElement} player
   */
  follow(player) {
    let reportedAt = 0;
    let isSending = false;
    const resume = () => {
      const { position_seconds: at, completed } = this.known();
      if (at && !completed && at < player.duration - endSeconds) player.currentTime = at;
    };
    const report = async () => {
      const percent = player.ended ? 100 : Math.floor((100 * player.currentTime) / player.duration);
      if (isSending || this.page.signal.aborted || !(percent > this.known().percent)) return;
      isSending = true;
      reportedAt = Date.now();
      try {
        await this.save({ percent, position_seconds: Math.floor(player.currentTime) });
      } catch {
        // The next report says the same.
      } finally {
        isSending = false;
      }
    };
    const reportRegularly = () => {
      if (!player.paused && Date.now() - reportedAt > reportEveryMs) report();
    };
    player.addEventListener("loadedmetadata", resume, { once: true });
    player.addEventListener("timeupdate", reportRegularly);
    player.addEventListener("pause", report);
    player.addEventListener("ended", report);
  }
}
