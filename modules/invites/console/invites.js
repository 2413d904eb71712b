// Invite codes for administrators: making, listing and revoking them, one by one or a batch.

import { h, fill } from "/console/dom.js";
import { get, post, del, request } from "/console/api.js";
import { hasRole } from "/console/session.js";
import { form, field, table, heading, badge, button, confirm, notice, values } from "/console/ui.js";
import { enabled, offers } from "/console/modules.js";
import { when, toISO, plural } from "/console/format.js";
import { coursePicker } from "./pick-courses.js";
import { inviteMany } from "./invite-many.js";

export function invites({ query, box, signal }) {
  const batch = query.get("batch");
  const list = h("div");
  const filter = h("form", { class: "filters" }, field("invite", { name: "status", label: "Status", type: "select",
    options: [["", "All"], "active", "exhausted", "expired", "revoked"] }));
  const heads = ["Code", "Role", enabled("courses") && "Courses", "Used", "For", "Expires", "Status", ""].filter((t) => t !== false);
  const refresh = () => fill(list, table({
    path: "/admin/invites", query: { ...values(filter), batch_id: batch }, signal, testid: "invite-list", label: "Invites", empty: "No invites.",
    row: (i) => row(i, refresh, batch),
  }, ...heads));
  filter.addEventListener("change", refresh);
  filter.addEventListener("submit", (event) => event.preventDefault());
  if (batch) fill(box, ofBatch(batch, refresh), h("section", { class: "card" }, filter, list));
  else {
    fill(box, heading("Invites", h("a", { class: "button", href: "#/redeem", text: "Redeem a code", testid: "invite-redeem" })),
      h("section", { class: "card" }, h("h2", { text: "New invite" }), create(refresh)),
      offers("POST", "/admin/invites/batch") && h("section", { class: "card" }, h("h2", { text: "Invite many" }), inviteMany(refresh)),
      h("section", { class: "card" }, h("h2", { text: "Invites" }), filter, list));
  }
  refresh();
}

// ofBatch heads the list of what was made together.
const ofBatch = (batch, refresh) => [heading("Invites of a batch", h("a", { class: "button", href: "#/invites", text: "All invites", testid: "invite-all" }),
  offers("DELETE", "/admin/invites") && button("Revoke the batch", "invite-revoke-batch", async () => {
    if (!(await confirm("Revoke the batch?", "None of its codes will work any longer. Whoever has redeemed one keeps what it gave.", "Revoke them"))) return;
    await request("DELETE", "/admin/invites", { query: { batch_id: batch } });
    notice("Revoked.");
    refresh();
  }, "danger")), h("p", { class: "muted mono", testid: "invite-batch-id", text: batch })];

function create(refresh) {
  const made = h("div", { "aria-live": "polite" });
  const courses = enabled("courses") && coursePicker("invite-new-courses", "Whoever redeems the code is enrolled there, too");
  return h("div", {}, form("invite-new", {
    fields: [
      { name: "role_to_grant", label: "Role", type: "select", options: ["member", "instructor", "admin"] },
      { name: "max_uses", label: "Uses", type: "number", min: 1, max: 10000, value: 1 },
      { name: "email", label: "Only for this address", type: "email", hint: "The code is mailed there" },
      { name: "expires_at", label: "Expires", type: "datetime-local", hint: "Never when empty" },
      { name: "note", label: "Note", maxlength: 500, wide: true },
      ...(courses ? [courses.el] : []),
    ],
    submit: "Create", kind: "grid",
    send: async (v, el) => {
      const body = { ...v, expires_at: toISO(v.expires_at) };
      for (const key of Object.keys(body)) if (!body[key]) delete body[key];
      if (courses) body.course_ids = courses.ids();
      const invite = await post("/admin/invites", body);
      const link = `${location.origin}/join#code=${encodeURIComponent(invite.code)}`;
      el.reset();
      if (courses) courses.clear();
      fill(made, h("div", { class: "callout" }, h("p", { text: invite.email ? `The code was mailed to ${invite.email}. It is not shown again.` : "Copy the code now; it is not shown again." }),
        h("p", {}, h("code", { class: "secret", testid: "invite-code", text: invite.code })),
        h("p", {}, h("a", { href: link, text: link, testid: "invite-link" })),
        h("div", { class: "actions" }, button("Copy the code", "invite-copy", () => copy(invite.code), "small"),
          button("Copy the link", "invite-copy-link", () => copy(link), "small"))));
      refresh();
    },
  }), made);
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  notice("Copied.");
}

const tint = { active: "good", revoked: "bad", expired: "warn" };

function row(i, refresh, batch) {
  return h("tr", { testid: "invite-row" }, h("td", {}, h("code", { text: (i.code_prefix || "") + "…" }), i.note && h("div", { class: "muted", text: i.note }),
    i.batch_id && !batch && h("div", {}, h("a", { href: "#/invites?batch=" + i.batch_id, text: "batch", title: i.batch_id, testid: "invite-batch" }))),
    h("td", { text: i.role_to_grant }), enabled("courses") && h("td", {}, courseList(i.course_ids || [])),
    h("td", { class: "nowrap", text: `${i.uses} of ${i.max_uses}` }), h("td", { text: i.email || "anybody" }),
    h("td", { text: i.expires_at ? when(i.expires_at) : "never" }), h("td", {}, badge(i.status, tint[i.status])),
    h("td", {}, i.status === "active" && i.email && offers("POST", "/admin/invites/{id}/resend") && button("Send again", "invite-resend", async () => {
      await post(`/admin/invites/${i.id}/resend`);
      notice("A new code is on its way to " + i.email + "; the one before no longer works.");
      refresh();
    }, "small"), i.status === "active" && hasRole("admin") && button("Revoke", "invite-revoke", async () => {
      if (!(await confirm("Revoke this invite?", "Its code will no longer work.", "Revoke"))) return;
      await del("/admin/invites/" + i.id);
      refresh();
    }, "small danger")));
}

const titles = new Map(); // id → promise of a course's title

function titleOf(id) {
  if (!titles.has(id)) titles.set(id, get("/courses/" + id).then((c) => c.title, (error) => {
    titles.delete(id);
    return error.status === 404 ? "(a course that is gone)" : "(could not be read)";
  }));
  return titles.get(id);
}

// courseList counts, and names the courses once it is opened.
function courseList(ids) {
  if (!ids.length) return h("span", { class: "muted", text: "none" });
  const names = h("ul");
  return h("details", { testid: "invite-courses", on: { toggle: async (event) => {
    if (event.target.open && !names.children.length) fill(names, (await Promise.all(ids.map(titleOf))).map((text) => h("li", { text })));
  } } }, h("summary", { text: plural(ids.length, "course") }), names);
}
