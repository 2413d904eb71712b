// The account of the caller: name, address, password, second factor, sessions, data.

import { badge, button, cancelButton, card, heading } from "/console/core/controls.js";
import { confirm, openDialog } from "/console/core/dialogs.js";
import { h } from "/console/core/dom.js";
import { load, notice } from "/console/core/feedback.js";
import { saveFile } from "/console/core/files.js";
import { formatAgo, formatDate } from "/console/core/format.js";
import { form } from "/console/core/forms.js";
import { del, post, request } from "/console/core/http.js";
import { pagedList } from "/console/core/lists.js";
import { logOut } from "/console/core/logout.js";
import { goTo } from "/console/core/router.js";
import { hasOperation } from "/console/core/schema.js";
import { clearSession, saveUser, user } from "/console/core/store.js";
import { currentPasswordField, newPasswordField } from "./fields.js";
import { secondFactorCard } from "./second-factor.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @param {ViewContext} context */
export function accountView({ box, signal }) {
  load(
    async () => {
      const { data, etag } = await request("GET", "/users/me", { signal });
      /** @type {Schemas["UsersMe"]} */
      const me = data;
      saveUser(me);
      return [
        heading(
          "My account",
          button("Log out", "account-logout", logOut),
          button("Log out everywhere", "account-logout-all", logOutEverywhere),
        ),
        h(
          "div",
          { class: "columns" },
          profileCard(me, etag),
          hasOperation("POST /users/me/email") && emailCard(),
          hasOperation("POST /auth/password/change") && passwordCard(),
          hasOperation("POST /auth/mfa/totp") && secondFactorCard(askPassword),
        ),
        sessionsCard(signal),
        dataCard(),
      ];
    },
    { box, signal },
  );
}

async function logOutEverywhere() {
  const question = "All your sessions end, including this one.";
  if (!(await confirm("Log out everywhere?", question, "Log out"))) return;
  await post("/auth/logout-all");
  clearSession();
  goTo("/signin");
}

/**
 * @param {Schemas["UsersMe"]} me
 * @param {string | null} etag
 */
function profileCard(me, etag) {
  const profile = form("profile", {
    of: "PATCH /users/me",
    fields: [
      {
        name: "display_name",
        label: "Name shown to others",
        value: me.display_name || "",
        required: true,
        autocomplete: "name",
      },
    ],
    submit: "Save",
    send: async (body) => {
      const headers = etag ? { "If-Match": etag } : undefined;
      const answer = await request("PATCH", "/users/me", { body, headers });
      etag = answer.etag;
      saveUser(answer.data);
      notice("Saved.");
    },
  });
  return card(
    "Profile",
    h("p", {}, h("strong", { text: me.email, testid: "account-email" }), " ", emailStatus(me)),
    h(
      "p",
      { class: "meta" },
      badge(me.role, "info"),
      h("span", { text: "since " + formatDate(me.created_at) }),
    ),
    profile,
  );
}

/** @param {Schemas["UsersMe"]} me */
function emailStatus(me) {
  if (me.email_verified) return badge("Verified", "good");
  const sendLink = async () => {
    await post("/auth/verify-email/request");
    notice("The link is on its way.");
  };
  return [
    badge("Email not verified", "warn"),
    " ",
    button("Send the link again", "account-verify", sendLink, "small"),
  ];
}

function emailCard() {
  const email = form("email", {
    of: "POST /users/me/email",
    fields: [
      {
        name: "new_email",
        label: "New email address",
        type: "email",
        autocomplete: "email",
        required: true,
        hint: "We send a link to the new address. Nothing changes until you open it.",
      },
      currentPasswordField(),
    ],
    submit: "Send the link",
    send: async (body, element) => {
      await post("/users/me/email", body);
      element.reset();
      notice(`If no other account uses ${body.new_email}, a link is on its way there.`);
    },
  });
  return card("Email address", email);
}

function passwordCard() {
  const password = form("password", {
    of: "POST /auth/password/change",
    fields: [
      currentPasswordField("Current password", "current_password"),
      { ...newPasswordField(), name: "new_password", hint: "Your other sessions end." },
    ],
    submit: "Change",
    send: async (body, element) => {
      await post("/auth/password/change", body);
      element.reset();
      notice("Your password is changed.");
    },
  });
  return card("Password", password);
}

/** @param {AbortSignal} signal */
function sessionsCard(signal) {
  const list = h("div");
  const refresh = () =>
    pagedList({
      path: "/auth/sessions",
      signal,
      box: list,
      testid: "session-list",
      empty: "You have no sessions.",
      row: (session) => sessionItem(session, refresh),
    });
  refresh();
  return card("Sessions", list);
}

/**
 * @param {Schemas["AuthSession"]} session
 * @param {() => void} refresh
 */
function sessionItem(session, refresh) {
  const program = describeAgent(session.user_agent);
  const address = session.ip || "unknown address";
  const used = formatAgo(session.last_used_at);
  const end = async () => {
    await del("/auth/sessions/" + session.id);
    if (!session.current) return refresh();
    clearSession();
    goTo("/signin");
  };
  return h(
    "li",
    { class: "row", testid: "session" },
    h(
      "span",
      { class: "grow" },
      h("strong", { text: program }),
      " ",
      session.current && badge("this one", "info"),
      h("br"),
      h("span", {
        class: "muted",
        text: `${address} · last used ${used} · since ${formatDate(session.created_at)}`,
        title: session.user_agent,
      }),
    ),
    button("End", "session-end", end, "small", "End the session in " + program),
  );
}

/** @type {Record<string, string>} */
const fullNames = { Edg: "Edge", OPR: "Opera" };

/**
 * describeAgent returns the browser and the system that a User-Agent header names: "Firefox on
 * Linux".
 *
 * @param {string} [agent]
 */
function describeAgent(agent = "") {
  const found = /(Firefox|Edg|OPR|Chrome|Safari|curl|python)/i.exec(agent)?.[1] || "";
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  const name = fullNames[found] || found || agent.slice(0, 40) || "Unknown program";
  return system ? `${name} on ${system}` : name;
}

function dataCard() {
  const canExport = hasOperation("GET /users/me/export");
  const canDelete = hasOperation("DELETE /users/me");
  if (!canExport && !canDelete) return null;
  const save = () => saveFile("/users/me/export", "lyceum-account.json");
  return card(
    "My data",
    h(
      "div",
      { class: "actions" },
      canExport && button("Download my data", "account-export", save),
      canDelete && button("Delete my account", "account-delete", deleteAccount, "danger"),
    ),
  );
}

async function deleteAccount() {
  const isDeleted = await askPassword(`Delete ${user()?.email}?`, "Delete for good", (body) =>
    del("/users/me", body),
  );
  if (!isDeleted) return;
  clearSession();
  goTo("/courses");
}

/**
 * askPassword asks for the password in a dialog and returns whether `send` went through with it. The
 * dialog shows the errors of `send`.
 *
 * @param {string} title
 * @param {string} submit
 * @param {(body: any) => Promise<unknown>} send
 * @returns {Promise<boolean>}
 */
const askPassword = (title, submit, send) =>
  openDialog(title, (close) =>
    form("ask", {
      fields: [currentPasswordField()],
      submit,
      extra: cancelButton(() => close(false), "ask-cancel"),
      send: async (body) => {
        await send(body);
        close(true);
      },
    }),
  );
