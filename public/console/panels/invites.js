// Invite codes: redeeming one, and for administrators making, listing and revoking them.

import { h, fill } from "../dom.js";
import { get, post, del } from "../api.js";
import { session, hasRole, user, keepUser } from "../session.js";
import { form, field, table, heading, badge, button, confirm, notice, values } from "../ui.js";
import { when, toISO } from "../format.js";
import { go } from "../router.js";

const KEPT = "lyceum.code"; // over the sign-in of somebody who came with a link

export function redeem({ code, box }) {
  if (code) sessionStorage.setItem(KEPT, code);
  const kept = code || sessionStorage.getItem(KEPT) || "";
  if (!session()) {
    return fill(box, h("section", { class: "card narrow", testid: "redeem-signin" }, h("h1", { tabindex: "-1", text: "You are invited" }),
      h("p", { text: "Sign in or create an account; the code is filled in for you then." }),
      h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/register?next=/redeem", text: "Create an account", testid: "redeem-register" }),
        h("a", { class: "button", href: "#/signin?next=/redeem", text: "Sign in", testid: "redeem-login" }))));
  }
  return fill(box, h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: "Redeem a code" }), form("redeem", {
    fields: [{ name: "code", label: "Invite code", value: kept, required: true, maxlength: 128, autocomplete: "off", spellcheck: "false" }],
    submit: "Redeem",
    send: async (body) => {
      const { role, granted } = await post("/invites/redeem", body);
      sessionStorage.removeItem(KEPT);
      keepUser(await get("/users/me").catch(() => ({ ...user(), role })));
      notice(granted ? `Welcome. Your role is now: ${role}.` : "You have this role already.");
      go("/courses");
    },
  })));
}

export function invites({ box, signal }) {
  const made = h("div", { "aria-live": "polite" });
  const list = h("div");
  const filter = h("form", { class: "filters" }, field("invite", { name: "status", label: "Status", type: "select",
    options: [["", "All"], "active", "exhausted", "expired", "revoked"] }));
  const refresh = () => fill(list, table({
    path: "/admin/invites", query: values(filter), signal, testid: "invite-list", label: "Invites", empty: "No invites.",
    row: (i) => row(i, refresh),
  }, "Code", "Role", "Used", "For", "Expires", "Status", ""));
  filter.addEventListener("change", refresh);
  filter.addEventListener("submit", (event) => event.preventDefault());
  fill(box, heading("Invites", h("a", { class: "button", href: "#/redeem", text: "Redeem a code", testid: "invite-redeem" })),
    h("section", { class: "card" }, h("h2", { text: "New invite" }), create(made, refresh), made),
    h("section", { class: "card" }, h("h2", { text: "Invites" }), filter, list));
  refresh();
}

function create(made, refresh) {
  return form("invite-new", {
    fields: [
      { name: "role_to_grant", label: "Role", type: "select", options: ["member", "instructor", "admin"] },
      { name: "max_uses", label: "Uses", type: "number", min: 1, max: 10000, value: 1 },
      { name: "email", label: "Only for this address", type: "email", hint: "The code is mailed there" },
      { name: "expires_at", label: "Expires", type: "datetime-local", hint: "Never when empty" },
      { name: "note", label: "Note", maxlength: 500, wide: true },
    ],
    submit: "Create", kind: "grid",
    send: async (v, el) => {
      const body = { ...v, expires_at: toISO(v.expires_at) };
      for (const key of Object.keys(body)) if (!body[key]) delete body[key];
      const invite = await post("/admin/invites", body);
      const link = `${location.origin}/join#code=${encodeURIComponent(invite.code)}`;
      el.reset();
      fill(made, h("div", { class: "callout" }, h("p", { text: "Copy the code now; it is not shown again." }),
        h("p", {}, h("code", { class: "secret", testid: "invite-code", text: invite.code })),
        h("p", {}, h("a", { href: link, text: link, testid: "invite-link" })),
        h("div", { class: "actions" }, button("Copy the code", "invite-copy", () => copy(invite.code), "small"),
          button("Copy the link", "invite-copy-link", () => copy(link), "small"))));
      refresh();
    },
  });
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  notice("Copied.");
}

const tint = { active: "good", revoked: "bad", expired: "warn" };

function row(i, refresh) {
  return h("tr", { testid: "invite-row" }, h("td", {}, h("code", { text: (i.code_prefix || "") + "…" }), i.note && h("div", { class: "muted", text: i.note })),
    h("td", { text: i.role_to_grant }), h("td", { text: `${i.uses} of ${i.max_uses}` }), h("td", { text: i.email || "anybody" }),
    h("td", { text: i.expires_at ? when(i.expires_at) : "never" }), h("td", {}, badge(i.status, tint[i.status])),
    h("td", {}, i.status === "active" && hasRole("admin") && button("Revoke", "invite-revoke", async () => {
      if (!(await confirm("Revoke this invite?", "Its code will no longer work.", "Revoke"))) return;
      await del("/admin/invites/" + i.id);
      refresh();
    }, "small danger")));
}
