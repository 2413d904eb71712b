// Inviting many people by email: addresses that are pasted, or a CSV file.

import { badge } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { localToISO, parseEmails } from "/console/core/format.js";
import { choicesOf, controlOf, field, fieldError, form, omitEmpty } from "/console/core/forms.js";
import { post, request } from "/console/core/http.js";
import { maxItemsOf } from "/console/core/schema.js";
import { isEnabled } from "/console/core/server.js";
import { CourseChooser } from "./choose-courses.js";

/** @import { Values } from "/console/core/forms.js" */
/** @import { Schemas } from "/console/core/http.js" */

/** @typedef {Schemas["InvitesBatchRow"]} Row */

const path = "/admin/invites/batch";
const operation = "POST " + path;

/** @param {() => void} refresh */
export function inviteManyForm(refresh) {
  const result = h("div", { "aria-live": "polite" });
  const courses = isEnabled("courses")
    ? new CourseChooser("invite-many-courses", "Each of them is enrolled in these courses, too")
    : null;
  // Enter in a field only checks; this button sends.
  const sendButton = h("button", {
    class: "button",
    type: "submit",
    text: "Send",
    testid: "invite-many-send",
  });
  const element = form("invite-many", {
    of: operation,
    fields: [...fields(), ...(courses ? [courses.element] : []), atomicField()],
    submit: "Check first",
    extra: sendButton,
    kind: "grid",
    send: async (values, element, submitter) => {
      fill(result);
      const isDryRun = submitter !== sendButton;
      const order = { ...orderOf(values), dry_run: isDryRun };
      const file = controlOf(element, "file").files?.[0];
      const batch = await sendBatch(order, courses?.ids() || [], values.rows, file);
      fill(result, batchResult(batch, isDryRun));
      if (isDryRun || !batch.created) return;
      notice(`Invited: ${batch.created}.`);
      if (!batch.errors) {
        element.reset();
        courses?.clear();
      }
      refresh();
    },
  });
  return h("div", {}, element, result);
}

function fields() {
  const most = maxItemsOf(operation, "rows")?.toLocaleString();
  return [
    {
      name: "rows",
      label: "Email addresses",
      type: "textarea",
      rows: 4,
      wide: true,
      hint: `One a line, or separated by commas; at most ${most}. Each gets a code of its own`,
    },
    {
      name: "file",
      label: "Or a CSV file",
      type: "file",
      accept: ".csv,text/csv",
      hint: "As spreadsheets save it. Its header line has a column named email",
    },
    {
      name: "role_to_grant",
      label: "Role",
      type: "select",
      options: choicesOf(operation, "role_to_grant"),
    },
    {
      name: "expires_at",
      label: "Expires",
      type: "datetime-local",
      hint: "Never if you leave it empty",
    },
    { name: "note", label: "Note", wide: true },
  ];
}

const atomicField = () =>
  h(
    "div",
    { class: "wide" },
    field("invite-many", {
      name: "atomic",
      label: "All or nothing: if one address is wrong, nobody is invited",
      type: "checkbox",
    }),
  );

/** @param {Values} values */
const orderOf = (values) => ({
  role_to_grant: values.role_to_grant,
  expires_at: localToISO(values.expires_at),
  note: values.note,
  mode: values.atomic ? "atomic" : "partial",
});

/**
 * sendBatch sends pasted addresses as JSON, or a file as it is. It throws an error for the form if
 * there are none or both.
 *
 * @param {Values} order
 * @param {string[]} course_ids
 * @param {string} pasted
 * @param {File} [file]
 * @returns {Promise<Schemas["InvitesBatch"]>}
 */
async function sendBatch(order, course_ids, pasted, file) {
  const emails = parseEmails(pasted);
  if (file && emails.length) {
    throw fieldError("file", "Either addresses or a file: clear one of the two");
  }
  if (file) {
    const query = { ...order, course_ids: course_ids.join(",") };
    return (await request("POST", path, { body: file, type: "text/csv", query })).data;
  }
  if (!emails.length) throw fieldError("rows", "Whom to invite? Enter addresses or choose a file");
  const { dry_run, ...rest } = order;
  const rows = emails.map((email) => ({ email }));
  return post(path, { ...omitEmpty(rest), dry_run, course_ids, rows });
}

/** @type {Record<string, string>} */
const rowErrors = { "invalid-email": "This is not an email address" };

/**
 * describeRow returns what became of a row: a word, how it is colored, and the reason.
 *
 * @param {Row} row
 * @param {boolean} isDryRun
 * @param {boolean} isRepeated whether the address stands in a row before
 * @returns {[text: string, kind: "" | "good" | "bad" | "warn", reason: string]}
 */
function describeRow(row, isDryRun, isRepeated) {
  switch (row.status) {
    case "created":
      return [isDryRun ? "can be invited" : "invited", "good", ""];
    case "exists":
      return [
        "invited already",
        "",
        isRepeated ? "Stands further up, too" : "Has an open invite to the same role and courses",
      ];
    case "error":
      return ["wrong", "bad", rowErrors[row.error || ""] || row.error || ""];
    case "skipped":
      return ["left out", "warn", "Because another row is wrong"];
  }
}

/**
 * batchResult shows what became of each row, the wrong ones first.
 *
 * @param {Schemas["InvitesBatch"]} batch
 * @param {boolean} isDryRun
 */
function batchResult({ results, created, exists, errors, batch_id }, isDryRun) {
  const normalize = (/** @type {Row} */ row) => row.email.trim().toLowerCase();
  /** @type {Map<string, number>} the first row of each address */
  const firstRows = new Map();
  for (const row of results) {
    if (!firstRows.has(normalize(row))) firstRows.set(normalize(row), row.row);
  }
  const isRepeated = (/** @type {Row} */ row) => (firstRows.get(normalize(row)) ?? 0) < row.row;
  const draw = (/** @type {Row} */ row) =>
    resultRow(row, describeRow(row, isDryRun, isRepeated(row)));
  const wrong = results.filter((row) => row.status === "error");
  const others = results.filter((row) => row.status !== "error");
  const skipped = results.filter((row) => row.status === "skipped").length;
  const outcome = isDryRun
    ? "Checked, nothing is sent. "
    : created
      ? "Sent. "
      : "Nothing was sent. ";
  const counts = [
    `${created} ${isDryRun ? "can be invited" : "invited"}`,
    `${exists} invited already`,
    `${errors} wrong`,
    ...(skipped ? [`${skipped} left out`] : []),
  ];
  return h(
    "div",
    { class: "inset", testid: "invite-many-result" },
    h("p", {}, h("strong", { text: outcome }), counts.join(", ") + "."),
    batch_id && h("p", {}, "Their batch: ", batchLink(batch_id)),
    resultTable([...wrong, ...others].map(draw)),
  );
}

/** @param {string} batch */
const batchLink = (batch) =>
  h("a", {
    class: "mono",
    href: "#/invites?batch=" + batch,
    text: batch,
    testid: "invite-many-batch",
  });

/** @param {HTMLElement[]} rows */
function resultTable(rows) {
  const heads = ["Row", "Address", "Status"].map((text) => h("th", { scope: "col", text }));
  const frame = {
    class: "scroll tall",
    tabindex: "0",
    role: "region",
    "aria-label": "Result for each address",
  };
  return h("div", frame, h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)));
}

/**
 * @param {Row} row
 * @param {ReturnType<typeof describeRow>} description
 */
const resultRow = (row, [text, kind, reason]) =>
  h(
    "tr",
    { testid: "invite-many-row" },
    h("td", { text: row.row }),
    h("td", { class: "address", text: row.email }),
    h("td", {}, badge(text, kind), reason && h("div", { class: "muted", text: reason })),
  );
