// Accounts, for administrators: search, role, disabling, deleting.

import { badge, button, heading } from "/console/core/controls.js";
import { confirm } from "/console/core/dialogs.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { formatAgo, formatDate } from "/console/core/format.js";
import { filterChoices, field, readValues } from "/console/core/forms.js";
import { del, messageOf, patch } from "/console/core/http.js";
import { pagedTable } from "/console/core/lists.js";
import { roles } from "/console/core/roles.js";
import { hasOperation } from "/console/core/schema.js";
import { saveUser, user } from "/console/core/store.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["UsersAdmin"]} Account */

const path = "/admin/users";
const listOperation = "GET " + path;

/** @param {ViewContext} context */
export function usersView({ box, signal }) {
  const list = h("div");
  const filters = filterForm();
  const refresh = () => fill(list, accountTable(readValues(filters), signal, refresh));
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  filters.addEventListener("change", refresh);
  fill(box, heading("Users"), h("section", { class: "card" }, filters, list));
  refresh();
}

function filterForm() {
  const choices = (/** @type {string} */ name) => filterChoices(listOperation, name);
  return h(
    "form",
    { class: "filters", role: "search" },
    field("users", {
      name: "q",
      label: "Search",
      type: "search",
      of: listOperation,
      placeholder: "Name or email address",
    }),
    field("users", { name: "role", label: "Role", type: "select", options: choices("role") }),
    field("users", { name: "status", label: "Status", type: "select", options: choices("status") }),
  );
}

/**
 * @param {Record<string, any>} query
 * @param {AbortSignal} signal
 * @param {() => void} refresh
 */
const accountTable = (query, signal, refresh) =>
  pagedTable(
    {
      path,
      query,
      signal,
      row: (/** @type {Account} */ account) => accountRow(account, refresh),
      testid: "user-list",
      label: "Users",
      empty: "No account matches these filters.",
    },
    "Account",
    "Role",
    "Status",
    "Registered",
    "Last sign-in",
    "",
  );

/**
 * @param {Account} account
 * @param {() => void} refresh
 */
function accountRow(account, refresh) {
  const isOwn = account.id === user()?.id;
  return h(
    "tr",
    { testid: "user-row" },
    h(
      "td",
      {},
      h("strong", { text: account.display_name || "—" }),
      isOwn && [" ", badge("you", "info")],
      h("div", { class: "muted", text: account.email }),
    ),
    h("td", {}, roleSelect(account, refresh)),
    h(
      "td",
      {},
      badge(account.status, account.status === "active" ? "good" : "bad"),
      " ",
      !account.email_verified && badge("Email not verified", "warn"),
    ),
    h("td", { class: "nowrap", text: formatDate(account.created_at) }),
    h("td", { class: "nowrap", text: formatAgo(account.last_login_at) }),
    h(
      "td",
      {},
      h(
        "div",
        { class: "actions" },
        statusButton(account, refresh),
        hasOperation("DELETE /admin/users/{id}") && deleteButton(account, refresh),
      ),
    ),
  );
}

/**
 * updateAccount changes an account and shows how it went. The list is read again in any case, as a
 * failure often means that it is out of date.
 *
 * @param {Account} account
 * @param {{ role?: string, status?: string }} change
 * @param {string} done
 * @param {() => void} refresh
 */
async function updateAccount(account, change, done, refresh) {
  try {
    /** @type {Account} */
    const changed = await patch(`${path}/${account.id}`, change);
    const me = user();
    if (me?.id === account.id) saveUser({ ...me, role: changed.role });
    notice(done);
  } catch (error) {
    notice(messageOf(error), "error");
  }
  refresh();
}

/**
 * @param {Account} account
 * @param {() => void} refresh
 */
function roleSelect(account, refresh) {
  const { email } = account;
  const change = async () => {
    const role = select.value;
    const question = `${email} gets the role “${role}” at once.`;
    if (await confirm("Change the role?", question, "Change role")) {
      await updateAccount(account, { role }, `${email} now has the role “${role}”.`, refresh);
    } else {
      select.value = account.role;
    }
  };
  const select = h(
    "select",
    { testid: "user-role", "aria-label": "Role of " + email, on: { change } },
    roles().map((role) =>
      h("option", { value: role, text: role, selected: role === account.role }),
    ),
  );
  return select;
}

/**
 * @param {Account} account
 * @param {() => void} refresh
 */
function statusButton(account, refresh) {
  const { email } = account;
  if (account.status !== "active") {
    const enable = () =>
      updateAccount(account, { status: "active" }, `${email} can sign in again.`, refresh);
    return button("Enable", "user-status", enable, "small");
  }
  const disable = async () => {
    const question = `${email} is signed out everywhere and can't sign in until you enable it.`;
    if (!(await confirm("Disable this account?", question, "Disable"))) return;
    await updateAccount(account, { status: "disabled" }, `${email} is disabled.`, refresh);
  };
  return button("Disable", "user-status", disable, "small");
}

/**
 * @param {Account} account
 * @param {() => void} refresh
 */
function deleteButton(account, refresh) {
  const remove = async () => {
    const question = `${account.email} is deleted for good. Its courses and messages stay.`;
    if (!(await confirm("Delete this account?", question, "Delete"))) return;
    await del(`${path}/${account.id}`);
    notice(`${account.email} is deleted.`);
    refresh();
  };
  return button("Delete", "user-delete", remove, "small danger");
}
