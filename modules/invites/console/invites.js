// Invites, for administrators: creating, listing and revoking them, one by one or a batch.

import { badge, button, card, heading } from "/console/core/controls.js";
import { confirm } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { formatDateTime, localToISO, plural } from "/console/core/format.js";
import {
  choicesOf,
  field,
  filterChoices,
  form,
  omitEmpty,
  readValues,
} from "/console/core/forms.js";
import { del, get, hasStatus, post, request } from "/console/core/http.js";
import { pagedTable } from "/console/core/lists.js";
import { hasOperation } from "/console/core/schema.js";
import { isEnabled } from "/console/core/server.js";
import { CourseChooser } from "./choose-courses.js";
import { inviteManyForm } from "./invite-many.js";

/** @import { Values } from "/console/core/forms.js" */
/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["Invite"]} Invite */

const path = "/admin/invites";
const createOperation = "POST " + path;
const listOperation = "GET " + path;

/** @param {ViewContext} context */
export function invitesView({ query, box, signal }) {
  const batch = query.get("batch");
  const list = h("div");
  const filters = h(
    "form",
    { class: "filters" },
    field("invite", {
      name: "status",
      label: "Status",
      type: "select",
      options: filterChoices(listOperation, "status"),
    }),
  );
  const refresh = () => {
    const asked = { ...readValues(filters), batch_id: batch };
    fill(list, inviteTable(asked, signal, refresh));
  };
  filters.addEventListener("change", refresh);
  filters.addEventListener("submit", (event) => event.preventDefault());
  if (batch) {
    fill(box, batchHead(batch, refresh), h("section", { class: "card" }, filters, list));
  } else {
    fill(
      box,
      heading(
        "Invites",
        h("a", {
          class: "button",
          href: "#/redeem",
          text: "Redeem a code",
          testid: "invite-redeem",
        }),
      ),
      card("New invite", createForm(refresh)),
      hasOperation("POST /admin/invites/batch") && card("Invite many", inviteManyForm(refresh)),
      card("Invites", filters, list),
    );
  }
  refresh();
}

/**
 * batchHead returns the top of the list of the invites that were made together.
 *
 * @param {string} batch
 * @param {() => void} refresh
 */
function batchHead(batch, refresh) {
  const revoke = async () => {
    const question =
      "None of its codes will work any longer. People who have redeemed one keep what it gave them.";
    if (!(await confirm("Revoke the batch?", question, "Revoke batch"))) return;
    await request("DELETE", path, { query: { batch_id: batch } });
    notice("The batch is revoked.");
    refresh();
  };
  return [
    heading(
      "Invites of a batch",
      h("a", { class: "button", href: "#/invites", text: "All invites", testid: "invite-all" }),
      hasOperation("DELETE /admin/invites") &&
        button("Revoke the batch", "invite-revoke-batch", revoke, "danger"),
    ),
    h("p", { class: "muted mono", testid: "invite-batch-id", text: batch }),
  ];
}

/** @param {() => void} refresh */
function createForm(refresh) {
  const created = h("div", { "aria-live": "polite" });
  const courses = isEnabled("courses")
    ? new CourseChooser("invite-new-courses", "Redeeming the code enrolls in these courses, too")
    : null;
  const create = form("invite-new", {
    of: createOperation,
    fields: [
      {
        name: "role_to_grant",
        label: "Role",
        type: "select",
        options: choicesOf(createOperation, "role_to_grant"),
      },
      { name: "max_uses", label: "Uses", type: "number", value: 1 },
      {
        name: "email",
        label: "Only for this email address",
        type: "email",
        hint: "The code is sent there",
      },
      {
        name: "expires_at",
        label: "Expires",
        type: "datetime-local",
        hint: "Never if you leave it empty",
      },
      { name: "note", label: "Note", wide: true },
      ...(courses ? [courses.element] : []),
    ],
    submit: "Create",
    kind: "grid",
    send: async (values, element) => {
      /** @type {Invite} */
      const invite = await post(path, inviteBody(values, courses));
      element.reset();
      courses?.clear();
      fill(created, createdInvite(invite));
      refresh();
    },
  });
  return h("div", {}, create, created);
}

/**
 * @param {Values} values
 * @param {CourseChooser | null} courses
 */
function inviteBody(values, courses) {
  const body = omitEmpty({ ...values, expires_at: localToISO(values.expires_at) });
  return courses ? { ...body, course_ids: courses.ids() } : body;
}

/**
 * createdInvite shows the code, which only this answer has.
 *
 * @param {Invite} invite
 */
function createdInvite({ code = "", email }) {
  const link = `${location.origin}/join#code=${encodeURIComponent(code)}`;
  const text = email
    ? `The code was sent to ${email}. It is not shown again.`
    : "Copy the code now; it is not shown again.";
  return h(
    "div",
    { class: "callout" },
    h("p", { text }),
    h("p", {}, h("code", { class: "secret", testid: "invite-code", text: code })),
    h("p", {}, h("a", { href: link, text: link, testid: "invite-link" })),
    h(
      "div",
      { class: "actions" },
      button("Copy the code", "invite-copy", () => copyText(code), "small"),
      button("Copy the link", "invite-copy-link", () => copyText(link), "small"),
    ),
  );
}

/** @param {string} text */
async function copyText(text) {
  await navigator.clipboard.writeText(text);
  notice("Copied.");
}

/**
 * @param {Values} query
 * @param {AbortSignal} signal
 * @param {() => void} refresh
 */
function inviteTable(query, signal, refresh) {
  const courses = isEnabled("courses") ? ["Courses"] : [];
  return pagedTable(
    {
      path,
      query,
      signal,
      testid: "invite-list",
      label: "Invites",
      empty: "There are no invites.",
      row: (invite) => inviteRow(invite, refresh, Boolean(query.batch_id)),
    },
    ...["Code", "Role", ...courses, "Used", "For", "Expires", "Status", ""],
  );
}

/** @type {Record<Invite["status"], "good" | "bad" | "warn" | "">} */
const statusKinds = { active: "good", revoked: "bad", expired: "warn", exhausted: "" };

/**
 * @param {Invite} invite
 * @param {() => void} refresh
 * @param {boolean} isInBatch
 */
function inviteRow(invite, refresh, isInBatch) {
  const { batch_id, course_ids, expires_at, status } = invite;
  return h(
    "tr",
    { testid: "invite-row" },
    h(
      "td",
      {},
      h("code", { text: (invite.code_prefix || "") + "…" }),
      invite.note && h("div", { class: "muted", text: invite.note }),
      batch_id && !isInBatch && h("div", {}, batchLink(batch_id)),
    ),
    h("td", { text: invite.role_to_grant }),
    isEnabled("courses") && h("td", {}, courseNames(course_ids || [])),
    h("td", { class: "nowrap", text: `${invite.uses} of ${invite.max_uses}` }),
    h("td", { text: invite.email || "anybody" }),
    h("td", { text: expires_at ? formatDateTime(expires_at) : "never" }),
    h("td", {}, badge(status, statusKinds[status])),
    h("td", {}, status === "active" && inviteActions(invite, refresh)),
  );
}

/** @param {string} batch */
const batchLink = (batch) =>
  h("a", {
    href: "#/invites?batch=" + batch,
    text: "batch",
    title: batch,
    testid: "invite-batch",
  });

/**
 * @param {Invite} invite
 * @param {() => void} refresh
 */
function inviteActions({ id, email }, refresh) {
  const resend = async () => {
    await post(`${path}/${id}/resend`);
    notice(`A new code is on its way to ${email}. The one before no longer works.`);
    refresh();
  };
  const revoke = async () => {
    const question = "Its code will no longer work.";
    if (!(await confirm("Revoke this invite?", question, "Revoke"))) return;
    await del(`${path}/${id}`);
    refresh();
  };
  const canResend = email && hasOperation("POST /admin/invites/{id}/resend");
  return [
    canResend && button("Send again", "invite-resend", resend, "small"),
    button("Revoke", "invite-revoke", revoke, "small danger"),
  ];
}

/** @type {Map<string, Promise<string>>} */
const courseTitles = new Map();

/**
 * readCourseTitle returns the title of a course. Each is read once, and once more after a failure.
 *
 * @param {string} id
 * @returns {Promise<string>}
 */
function readCourseTitle(id) {
  const known = courseTitles.get(id);
  if (known) return known;
  const reading = get("/courses/" + id).then(
    (/** @type {Schemas["Course"]} */ course) => course.title,
    (error) => {
      courseTitles.delete(id);
      return hasStatus(error, 404) ? "(deleted course)" : "(can't be read)";
    },
  );
  courseTitles.set(id, reading);
  return reading;
}

/**
 * courseNames shows how many courses there are, and their titles once it is opened.
 *
 * @param {string[]} ids
 */
function courseNames(ids) {
  if (!ids.length) return h("span", { class: "muted", text: "none" });
  const names = h("ul");
  const showNames = async () => {
    if (!details.open || names.children.length) return;
    const titles = await Promise.all(ids.map(readCourseTitle));
    fill(
      names,
      titles.map((text) => h("li", { text })),
    );
  };
  const details = h(
    "details",
    { testid: "invite-courses", on: { toggle: showNames } },
    h("summary", { text: plural(ids.length, "course") }),
    names,
  );
  return details;
}
