// One course: what it is, its outline, the lesson that is open, progress.

import { h, fill, icon } from "/console/dom.js";
import { get, post, put, del } from "/console/api.js";
import { session, hasRole, user } from "/console/session.js";
import { load, explain, heading, button, bar, badge, notice, confirm } from "/console/ui.js";
import { when, day, duration, plural } from "/console/format.js";
import { rich } from "/console/richtext.js";
import { enabled } from "/console/modules.js";
import { player } from "./asset.js";
import { marks } from "./courses.js";
import { go } from "/console/router.js";

const address = (course, lesson) =>
  `/courses/${encodeURIComponent(course.slug || course.id)}` + (lesson ? `/lessons/${lesson.id}` : "");

export const mayEdit = (course) => Boolean(user()) &&
  (hasRole("admin") || (hasRole("instructor") && course.owner?.id === user().id));

export function courseView({ params, box, signal }) {
  load(async () => {
    let course;
    try {
      course = await get("/courses/" + encodeURIComponent(params.course), undefined, { signal });
    } catch (error) {
      return barred(error);
    }
    document.title = course.title + " · Lyceum";
    const state = { course, signal, done: new Map(), lesson: params.lesson };
    if (session()) await Promise.all([learn(state), enrolled(state)]);
    return draw(state);
  }, { box, signal });
}

// barred explains a course that this reader may not open, and the way to it.
function barred(error) {
  const next = encodeURIComponent(location.hash.slice(1));
  if (error.status === 401 && !session()) {
    return h("section", { class: "card narrow", testid: "course-barred" }, h("h1", { text: "For members" }),
      h("p", { text: "Sign in to read this course." }), h("a", { class: "button primary", href: "#/signin?next=" + next, text: "Sign in" }));
  }
  if (error.status === 403) {
    return h("section", { class: "card narrow", testid: "course-barred" }, h("h1", { text: "For members" }),
      h("p", { text: "Your account can't read this course yet. An invite code opens it." }),
      enabled("invites") && h("a", { class: "button primary", href: "#/redeem", text: "Redeem a code" }));
  }
  return [heading("Course"), explain(error)];
}

async function learn(state) {
  const progress = await get(`/courses/${state.course.id}/progress`, undefined, { signal: state.signal });
  state.course.progress = progress;
  for (const one of progress.lessons || []) state.done.set(one.lesson_id, one);
}

// unlock looks again at lessons that waited: what was done now may have opened them.
async function unlock({ course, signal }) {
  if (!course.lessons?.some((l) => l.locked)) return;
  const fresh = new Map((await get("/courses/" + course.id, undefined, { signal })).lessons.map((l) => [l.id, l]));
  for (const l of course.lessons) Object.assign(l, fresh.get(l.id));
}

async function enrolled(state) {
  try {
    let cursor;
    do {
      const page = await get("/users/me/enrollments", { limit: 100, cursor }, { signal: state.signal });
      state.enrolled = page.items.some((e) => e.course.id === state.course.id);
      cursor = page.next_cursor;
    } while (cursor && !state.enrolled);
  } catch (error) {
    if (error.name === "AbortError") throw error; // the course can be read without knowing
  }
}

function draw(state) {
  const { course } = state;
  state.overview = h("div", { class: "course-progress", "aria-live": "polite" });
  state.outline = h("ol", { class: "outline", testid: "lesson-list" });
  state.stage = h("section", { class: "stage", "aria-label": "Lesson" });
  paint(state);
  const lessons = course.lessons || [];
  const open = lessons.find((l) => l.id === state.lesson);
  if (open) openLesson(state, open);
  else fill(state.stage, about(state));
  return h("article", { class: "course", testid: "course" },
    heading(course.title, actions(state)),
    h("p", { class: "meta" }, marks(course), course.owner && h("span", { text: "by " + course.owner.display_name }),
      h("span", { text: plural(course.lesson_count, "lesson") }), course.published_at && h("span", { text: "published " + day(course.published_at) })),
    h("div", { class: "course-body" },
      h("nav", { class: "course-side", "aria-label": "Lessons" }, state.overview, state.outline,
        !lessons.length && h("p", { class: "empty", text: "No lessons yet." })),
      state.stage));
}

function actions(state) {
  const { course } = state;
  const again = () => go(address(course));
  return [
    session() && state.enrolled === false && course.status === "published" && button("Enroll", "course-enroll", async () => {
      await post(`/courses/${course.id}/enrollment`);
      notice("You are enrolled.");
      again();
    }, "primary"),
    state.enrolled && button("Leave", "course-unenroll", async () => {
      if (!(await confirm("Leave this course?", "Your progress is kept.", "Leave"))) return;
      await del(`/courses/${course.id}/enrollment`);
      again();
    }),
    mayEdit(course) && h("a", { class: "button", href: `#/courses/${encodeURIComponent(course.slug)}/edit`, text: "Edit", testid: "course-edit" }),
  ];
}

// about is the stage before a lesson is chosen.
function about({ course }) {
  const first = (course.lessons || []).find((l) => !l.locked);
  return [course.summary && h("p", { class: "lead", text: course.summary }),
    course.description && h("p", { class: "pre-line", text: course.description, testid: "course-description" }),
    course.tags?.length > 0 && h("p", { class: "tags" }, course.tags.map((t) =>
      h("a", { class: "chip", href: "#/courses?tag=" + encodeURIComponent(t), text: "#" + t }))),
    first && h("a", { class: "button primary", href: "#" + address(course, first), text: "Start with the first lesson", testid: "course-start" })];
}

// paint draws what changes while one learns: the bar and the outline.
function paint(state) {
  const { course, overview, outline } = state;
  if (course.progress) {
    fill(overview, bar(course.progress.percent, "Your progress in this course"),
      h("p", { class: "hint", testid: "course-progress", text: course.progress.completed_at
        ? "Completed " + day(course.progress.completed_at)
        : `${course.progress.completed_lessons} of ${plural(course.progress.total_lessons, "lesson")} complete` }));
  }
  fill(outline, (course.lessons || []).map((l) => {
    const done = state.done.get(l.id);
    const mark = l.locked ? icon("lock") : done?.completed ? "✓" : done?.percent ? done.percent + " %" : "";
    const says = l.locked ? "locked" : done?.completed ? "complete" : done?.percent ? done.percent + " percent" : "";
    return h("li", {}, h("a", { href: "#" + address(course, l), testid: "lesson-link", "aria-current": l.id === state.lesson ? "page" : null,
      class: l.locked ? "locked" : "" },
    h("span", { class: "outline-title", text: l.title }), h("span", { class: "meta" },
      l.duration_seconds ? h("span", { text: duration(l.duration_seconds) }) : null,
      mark && h("span", { class: done?.completed ? "good" : "", role: "img", "aria-label": says }, mark))));
  }));
}

function openLesson(state, outlined) {
  const { course, signal, stage } = state;
  const lessons = course.lessons;
  load(async () => {
    if (outlined.locked) return [h("h2", { text: outlined.title }), lockedBox(state, outlined)];
    let lesson;
    try {
      lesson = await get(`/courses/${course.id}/lessons/${outlined.id}`, undefined, { signal });
    } catch (error) {
      if (error.code !== "lesson-locked") throw error;
      return [h("h2", { text: outlined.title }), lockedBox(state, error.problem)];
    }
    const tracker = session() && progressControls(state, lesson);
    let media = null;
    if (lesson.asset_key && enabled("storage")) {
      media = session()
        ? await player(lesson.asset_key, signal, (el) => tracker.follow(el), lesson.captions).catch((error) => explain(error))
        : h("p", { class: "callout" }, h("a", { href: "#/signin?next=" + encodeURIComponent(location.hash.slice(1)), text: "Sign in" }), " to see this lesson's file.");
    }
    return [h("h2", { text: lesson.title, testid: "lesson-title" }), media, rich(lesson.content_html), tracker?.el,
      steps(course, lessons.indexOf(outlined), lessons)];
  }, { box: stage, signal });
}

function steps(course, at, lessons) {
  const before = lessons[at - 1], after = lessons[at + 1];
  return h("nav", { class: "steps", "aria-label": "Other lessons" },
    before ? h("a", { class: "button", href: "#" + address(course, before), text: "← " + before.title, testid: "lesson-previous" }) : h("span"),
    after ? h("a", { class: "button", href: "#" + address(course, after), text: after.title + " →", testid: "lesson-next" }) : h("span"));
}

function lockedBox({ course }, { locked_by, available_at }) {
  const names = (locked_by || []).map((id) => course.lessons.find((l) => l.id === id)?.title || "another lesson");
  return h("div", { class: "callout", testid: "lesson-locked" }, badge("Locked", "warn"),
    names.length > 0 && h("p", { text: "Complete first: " + names.join(", ") + "." }),
    available_at && h("p", { text: "Opens " + when(available_at) + "." }),
    !names.length && !available_at && h("p", { text: "Enroll to have this lesson opened in time." }));
}

// progressControls are the slider and the buttons; `follow` lets a video move them.
function progressControls(state, lesson) {
  const path = `/courses/${state.course.id}/lessons/${lesson.id}/progress`;
  const known = () => state.done.get(lesson.id) || { percent: 0 };
  const slider = h("input", { type: "range", min: 0, max: 100, step: 5, id: "lesson-percent", testid: "lesson-percent", value: known().percent });
  const label = h("output", { for: "lesson-percent", text: known().percent + " %", testid: "lesson-percent-value" });
  const save = async (body) => {
    const now = await put(path, body);
    state.done.set(lesson.id, { ...known(), ...now });
    slider.value = now.percent;
    label.textContent = now.percent + " %";
    await Promise.all([learn(state), unlock(state)]);
    paint(state);
  };
  slider.addEventListener("input", () => { label.textContent = slider.value + " %"; });
  slider.addEventListener("change", () => {
    const percent = Number(slider.value);
    save(percent < known().percent ? { percent, reset: true } : { percent }).catch((error) => notice(error.message, "error"));
  });
  const el = h("div", { class: "tracker" }, h("label", { htmlFor: "lesson-percent", text: "Your progress" }), slider, label,
    button("Mark as complete", "lesson-complete", () => save({ percent: 100 }), "primary"),
    button("Start over", "lesson-reset", () => save({ percent: 0, reset: true })));
  return { el, follow: (media) => follow(media, known, save, state.signal) };
}

// follow reports a video's place every ten seconds, at a pause and at the end, and goes on where
// one stopped. Only what is further than before is reported.
function follow(media, known, save, signal) {
  let last = 0, sending = false;
  media.addEventListener("loadedmetadata", () => {
    const { position_seconds: at, completed } = known();
    if (at && !completed && at < media.duration - 5) media.currentTime = at;
  }, { once: true });
  const report = async () => {
    const percent = media.ended ? 100 : Math.floor((100 * media.currentTime) / media.duration);
    if (sending || signal.aborted || !(percent > known().percent)) return;
    sending = true;
    last = Date.now();
    try {
      await save({ percent, position_seconds: Math.floor(media.currentTime) });
    } catch { /* the next report tells the same */ } finally {
      sending = false;
    }
  };
  media.addEventListener("timeupdate", () => { if (!media.paused && Date.now() - last > 10000) report(); });
  media.addEventListener("pause", report);
  media.addEventListener("ended", report);
}
