// Inviting many by mail: addresses that are pasted, or a CSV file.

import { h, fill } from "/console/dom.js";
import { request, post } from "/console/api.js";
import { form, field, badge, notice } from "/console/ui.js";
import { enabled } from "/console/modules.js";
import { addresses, toISO } from "/console/format.js";
import { coursePicker } from "./pick-courses.js";

const path = "/admin/invites/batch";

export function inviteMany(refresh) {
  const told = h("div", { "aria-live": "polite" });
  const courses = enabled("courses") && coursePicker("invite-many-courses", "Each of them is enrolled there, too");
  // Enter in a field checks; only the button of its own sends.
  const sends = h("button", { class: "button", type: "submit", text: "Send", testid: "invite-many-send" });
  return h("div", {}, form("invite-many", {
    fields: [
      { name: "rows", label: "Addresses", type: "textarea", rows: 4, wide: true, hint: "One a line, or separated by commas; up to 1,000. Each is mailed a code of its own" },
      field("invite-many", { name: "file", label: "Or a CSV file", type: "file", accept: ".csv,text/csv", hint: "As a spreadsheet saves it, with a header line that has a column email" }),
      { name: "role_to_grant", label: "Role", type: "select", options: ["member", "instructor", "admin"] },
      { name: "expires_at", label: "Expires", type: "datetime-local", hint: "Never when empty" },
      { name: "note", label: "Note", maxlength: 500, wide: true },
      ...(courses ? [courses.el] : []),
      h("div", { class: "wide" }, field("invite-many", { name: "atomic", label: "All or nothing: one wrong address, and nobody is invited", type: "checkbox" })),
    ],
    submit: "Check first", extra: sends, kind: "grid",
    send: async (v, el, submitter) => {
      fill(told);
      const dry = submitter !== sends;
      const order = { role_to_grant: v.role_to_grant, expires_at: toISO(v.expires_at), note: v.note, mode: v.atomic ? "atomic" : "partial", dry_run: dry };
      const data = await ask(order, courses ? courses.ids() : [], v.rows, el.elements.file.files[0]);
      fill(told, verdict(data, dry));
      if (dry || !data.created) return;
      notice(`Invited: ${data.created}.`);
      if (!data.errors) {
        el.reset();
        courses && courses.clear();
      }
      refresh();
    },
  }), told);
}

// ask sends the addresses as they came: rows as JSON, a file as it is.
async function ask(order, courses, pasted, file) {
  const emails = addresses(pasted);
  const fault = (name, message) => { throw Object.assign(new Error(message), { errors: [{ location: "body." + name, message }] }); };
  if (file && emails.length) fault("file", "Either addresses or a file, please");
  if (file) {
    const { data } = await request("POST", path, { body: file, type: "text/csv", query: { ...order, course_ids: courses.join(",") } });
    return data;
  }
  if (!emails.length) fault("rows", "Whom to invite?");
  const body = { ...order, course_ids: courses, rows: emails.map((email) => ({ email })) };
  for (const key of ["expires_at", "note"]) if (!body[key]) delete body[key];
  return post(path, body);
}

const faults = { "invalid-email": "This is not an email address" };

// statuses has the words for a row, their tint, and why; `twice` says whether its address stood in a row before.
const statuses = (dry, twice) => ({ created: [dry ? "can be invited" : "invited", "good", () => ""],
  exists: ["invited already", "", (r) => (twice(r) ? "Stands further up, too" : "Has an open invite to the same role and courses")],
  error: ["wrong", "bad", (r) => faults[r.error] || r.error], skipped: ["left out", "warn", () => "Because another row is wrong"] });

// verdict tells what became of each row, what is wrong first.
function verdict(data, dry) {
  const first = new Map(data.results.map((r) => [r.email.trim().toLowerCase(), r.row]).reverse());
  const words = statuses(dry, (r) => first.get(r.email.trim().toLowerCase()) < r.row);
  const left = data.results.filter((r) => r.status === "skipped").length;
  const row = (r) => {
    const [text, tint, why] = words[r.status];
    return h("tr", { testid: "invite-many-row" }, h("td", { text: r.row }), h("td", { class: "address", text: r.email }), h("td", {}, badge(text, tint), why(r) && h("div", { class: "muted", text: why(r) })));
  };
  const bad = (r) => r.status === "error";
  return h("div", { class: "inset", testid: "invite-many-result" },
    h("p", {}, h("strong", { text: dry ? "Checked, nothing is sent. " : data.created ? "Sent. " : "Nothing was sent. " }),
      `${data.created} ${dry ? "can be invited" : "invited"}, ${data.exists} invited already, ${data.errors} wrong${left ? `, ${left} left out` : ""}.`),
    data.batch_id && h("p", {}, "Their batch: ", h("a", { class: "mono", href: "#/invites?batch=" + data.batch_id, text: data.batch_id, testid: "invite-many-batch" })),
    h("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "What becomes of each address" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Row", "Address", "Status"].map((t) => h("th", { scope: "col", text: t })))),
      h("tbody", {}, data.results.filter(bad).map(row), data.results.filter((r) => !bad(r)).map(row)))));
}
