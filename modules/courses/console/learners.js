// The learners of a course: the list, the list as a file, and enrolling many by their addresses.

import { badge, button } from "/console/core/controls.js";
import { confirm } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { saveFile } from "/console/core/files.js";
import { formatAgo, parseEmails, plural } from "/console/core/format.js";
import { form } from "/console/core/forms.js";
import { del, post } from "/console/core/http.js";
import { pagedTable } from "/console/core/lists.js";
import { canAnswer, hasOperation, maxItemsOf } from "/console/core/schema.js";

/** @import { Schemas } from "/console/core/http.js" */

const listOperation = "GET /courses/{id}/learners";
const removeOperation = "DELETE /courses/{id}/learners/{user_id}";
const enrollOperation = "POST /courses/{id}/enrollments/batch";

/**
 * @param {Schemas["CoursesDetail"]} course
 * @param {AbortSignal} signal
 */
export function learnersCard(course, signal) {
  const list = h("div");
  const path = `/courses/${course.id}/learners`;
  const canRemove = hasOperation(removeOperation);
  const refresh = () => {
    const options = {
      path,
      signal,
      testid: "learner-list",
      label: "Learners",
      empty: "Nobody is enrolled yet.",
      row: (/** @type {Schemas["CoursesLearner"]} */ learner) =>
        learnerRow(learner, canRemove && removeButton(path, learner.user, refresh)),
    };
    const action = canRemove ? ["Action"] : [];
    fill(list, pagedTable(options, "Learner", "Progress", "Last active", "Enrolled", ...action));
  };
  const download = () => saveFile(path, course.slug + "-learners.csv", { accept: "text/csv" });
  const canDownload = canAnswer(listOperation, "text/csv");
  refresh();
  return h(
    "section",
    { class: "card" },
    h(
      "div",
      { class: "panel-head" },
      h("h2", { text: "Learners" }),
      h(
        "div",
        { class: "actions" },
        canDownload && button("Download as CSV", "learner-export", download),
      ),
    ),
    list,
    hasOperation(enrollOperation) && enrollForm(course, refresh),
  );
}

/**
 * @param {Schemas["CoursesLearner"]} learner
 * @param {Node | false} remove
 */
const learnerRow = ({ user, percent, completed_lessons, last_activity_at, enrolled_at }, remove) =>
  h(
    "tr",
    {},
    h(
      "td",
      {},
      h("strong", { text: user.display_name }),
      h("br"),
      h("span", { class: "muted", text: user.email }),
    ),
    h("td", { text: `${percent} % (${plural(completed_lessons, "lesson")})` }),
    h("td", { text: formatAgo(last_activity_at) }),
    h("td", { text: formatAgo(enrolled_at) }),
    remove && h("td", {}, remove),
  );

/**
 * @param {string} path
 * @param {Schemas["CoursesLearnerPerson"]} learner
 * @param {() => void} refresh
 */
function removeButton(path, { id, display_name: name }, refresh) {
  const remove = async () => {
    const question =
      "Their progress is kept. They are enrolled again only if somebody enrolls them or they " +
      "enroll themselves.";
    if (!(await confirm(`Remove ${name} from the course?`, question, "Remove"))) return;
    await del(`${path}/${id}`);
    notice(`${name} is no longer enrolled.`);
    refresh();
  };
  return button("Remove", "learner-remove", remove, "small", `Remove ${name} from the course`);
}

/**
 * @param {Schemas["CoursesDetail"]} course
 * @param {() => void} refresh
 */
function enrollForm(course, refresh) {
  const result = h("div", { "aria-live": "polite" });
  const most = maxItemsOf(enrollOperation, "rows")?.toLocaleString();
  const enroll = form("enroll", {
    fields: [
      {
        name: "email",
        label: "Enroll by email address",
        type: "textarea",
        rows: 2,
        required: true,
        hint: `One a line, or separated by commas; at most ${most}`,
      },
    ],
    submit: "Enroll",
    send: async (values, element) => {
      const rows = parseEmails(values.email).map((email) => ({ email }));
      const body = { mode: "partial", rows };
      /** @type {Schemas["CoursesBatch"]} */
      const batch = await post(`/courses/${course.id}/enrollments/batch`, body);
      fill(result, enrollResult(batch));
      if (batch.created) notice(`Enrolled: ${batch.created}.`);
      if (!batch.errors) element.reset();
      refresh();
    },
  });
  return h("div", {}, enroll, result);
}

/** @type {Record<string, string>} */
const rowErrors = {
  "no-account": "no account has this address",
  "invalid-email": "this is not an email address",
};

/** @param {Schemas["CoursesBatch"]} batch */
function enrollResult({ results, created, exists, errors }) {
  const wrong = results.filter((row) => row.status === "error");
  const counts = `${created} enrolled, ${exists} were enrolled already, ${errors} could not be.`;
  const item = (
    /** @type {Schemas["CoursesBatchRow"]} */ { row, email, error = "invalid-email" },
  ) => h("li", {}, badge("Row " + row, "bad"), ` ${email}: ${rowErrors[error] || error}`);
  return h(
    "div",
    { testid: "enroll-result" },
    h("p", { text: counts }),
    wrong.length > 0 && h("ul", {}, wrong.map(item)),
  );
}
