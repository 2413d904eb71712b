// My account: name, address, password, second factor, sessions, my data.

import { h, fill } from "/console/dom.js";
import { get, post, patch, del, request } from "/console/api.js";
import { save as saveFile } from "/console/files.js";
import { session, keepUser, forget, user } from "/console/session.js";
import { form, heading, load, button, paged, notice, badge, confirm, dialog } from "/console/ui.js";
import { ago, day } from "/console/format.js";
import { offers } from "/console/modules.js";
import { go } from "/console/router.js";
import { logOut } from "/console/logout.js";

const card = (title, ...content) => h("section", { class: "card" }, h("h2", { text: title }), content);

export function account({ box, signal }) {
  load(async () => {
    const { data: me, etag } = await request("GET", "/users/me", { signal });
    keepUser(me);
    return [heading("My account", button("Log out", "account-logout", logOut), button("Log out everywhere", "account-logout-all", async () => {
      if (!(await confirm("Log out everywhere?", "All your sessions end, this one too.", "Log out"))) return;
      await post("/auth/logout-all");
      forget();
      go("/signin");
    })), h("div", { class: "columns" }, profile(me, etag), offers("POST", "/users/me/email") && address(), offers("POST", "/auth/password/change") && password(),
      offers("POST", "/auth/mfa/totp") && secondFactor()), sessions(signal), mine()];
  }, { box, signal });
}

function profile(me, etag) {
  const verified = me.email_verified ? badge("confirmed", "good") : [badge("not confirmed", "warn"), " ",
    button("Send the link again", "account-verify", async () => { await post("/auth/verify-email/request"); notice("The link is on its way."); }, "small")];
  return card("Profile", h("p", {}, h("strong", { text: me.email, testid: "account-email" }), " ", verified),
    h("p", { class: "meta" }, badge(me.role, "info"), h("span", { text: "since " + day(me.created_at) })),
    form("profile", { fields: [{ name: "display_name", label: "Name shown to others", value: me.display_name || "", maxlength: 100, required: true, autocomplete: "name" }],
      submit: "Save", send: async (body) => {
        const answer = await request("PATCH", "/users/me", { body, headers: etag ? { "If-Match": etag } : {} });
        etag = answer.etag;
        keepUser(answer.data);
        notice("Saved.");
      } }));
}

function address() {
  return card("Email address", form("email", {
    fields: [{ name: "new_email", label: "New email address", type: "email", autocomplete: "email", required: true, maxlength: 254,
      hint: "A link goes to the new address. Nothing changes until it is opened." },
    { name: "password", label: "Your password", type: "password", autocomplete: "current-password", required: true }],
    submit: "Send the link", send: async (body, el) => {
      await post("/users/me/email", body);
      el.reset();
      notice(`If ${body.new_email} is free, a link is on its way there.`);
    },
  }));
}

function password() {
  return card("Password", form("password", {
    fields: [{ name: "current_password", label: "Current password", type: "password", autocomplete: "current-password", required: true },
      { name: "new_password", label: "New password", type: "password", autocomplete: "new-password", required: true, hint: "Your other sessions end." }],
    submit: "Change", send: async (body, el) => { await post("/auth/password/change", body); el.reset(); notice("Your password is changed."); },
  }));
}

function secondFactor() {
  const box = h("div");
  const rest = () => fill(box, h("p", { class: "hint", text: "A code from an authenticator app, asked for at each sign-in." }),
    h("div", { class: "actions" }, button("Set up", "mfa-setup", async () => setUp(box, rest, await post("/auth/mfa/totp"))),
      offers("POST", "/auth/mfa/recovery-codes") && button("New recovery codes", "mfa-renew", () => renewCodes(box, rest)),
      button("Remove", "mfa-remove", () => askPassword("Remove the second factor", "Remove", (body) => del("/auth/mfa/totp", body)))));
  rest();
  return card("Second factor", box);
}

async function renewCodes(box, rest) {
  let codes;
  const sent = await askPassword("Replace your recovery codes", "Replace", async (body) => {
    codes = (await post("/auth/mfa/recovery-codes", body)).recovery_codes;
  });
  if (sent) showCodes(box, rest, "These codes replace the old ones. Each works once, and they are not shown again.", codes);
}

function showCodes(box, rest, words, codes) {
  fill(box, h("p", { text: words }), h("pre", { testid: "mfa-recovery", text: codes.join("\n") }), button("Done", "mfa-done", rest));
}

function setUp(box, rest, { secret, otpauth_url }) {
  const open = h("a", { text: "Open in an authenticator app", testid: "mfa-open" });
  if (/^otpauth:/.test(otpauth_url)) open.setAttribute("href", otpauth_url);
  fill(box, h("p", { text: "Add this key to your authenticator app, then enter the code it shows." }),
    h("p", {}, h("code", { class: "secret", text: secret, testid: "mfa-secret" })), h("p", {}, open),
    form("mfa-confirm", { fields: [{ name: "code", label: "Code", inputmode: "numeric", autocomplete: "one-time-code", required: true }], submit: "Confirm",
      send: async (body) => {
        const { recovery_codes } = await post("/auth/mfa/totp/confirm", body);
        showCodes(box, rest, "The second factor is on. Keep these recovery codes; each works once and they are not shown again.", recovery_codes);
      } }));
}

function sessions(signal) {
  const list = h("div");
  const refresh = () => paged({ path: "/auth/sessions", signal, box: list, testid: "session-list", empty: "No sessions.",
    row: (s) => h("li", { class: "row", testid: "session" }, h("span", { class: "grow" }, h("strong", { text: browser(s.user_agent) }), " ", s.current && badge("this one", "info"),
      h("br"), h("span", { class: "muted", text: `${s.ip || "unknown address"} · last used ${ago(s.last_used_at)} · since ${day(s.created_at)}`, title: s.user_agent })),
    button("End", "session-end", async () => {
      await del("/auth/sessions/" + s.id);
      if (!s.current) return refresh();
      forget();
      go("/signin");
    }, "small", "End the session in " + browser(s.user_agent))) });
  refresh();
  return card("Sessions", list);
}

// browser gives the few words of a user agent that say something.
function browser(agent = "") {
  const name = /(Firefox|Edg|OPR|Chrome|Safari|curl|python)/i.exec(agent)?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  return [{ Edg: "Edge", OPR: "Opera" }[name] || name || agent.slice(0, 40) || "Unknown program", system && `on ${system}`].filter(Boolean).join(" ");
}

function mine() {
  const exports = offers("GET", "/users/me/export"), deletes = offers("DELETE", "/users/me");
  return (exports || deletes) && card("My data", h("div", { class: "actions" }, exports && button("Download everything about me", "account-export",
    () => saveFile("/users/me/export", "lyceum-account.json")), deletes && button("Delete my account", "account-delete", async () => {
    const gone = await askPassword(`Delete ${user().email}?`, "Delete for good", (body) => del("/users/me", body));
    if (!gone) return;
    forget();
    go("/courses");
  }, "danger")));
}

function askPassword(title, submit, send) {
  return dialog(title, (close) => form("ask", {
    fields: [{ name: "password", label: "Your password", type: "password", autocomplete: "current-password", required: true }], submit,
    extra: h("button", { class: "button", type: "button", text: "Cancel", testid: "ask-cancel", on: { click: () => close(false) } }),
    send: async (body) => { await send(body); close(true); },
  }));
}
