// Accounts, for administrators.

import { h, fill } from "/console/dom.js";
import { patch, del } from "/console/api.js";
import { roles, user, keepUser } from "/console/session.js";
import { field, table, heading, badge, button, confirm, notice, values } from "/console/ui.js";
import { offers } from "/console/modules.js";
import { ago, day } from "/console/format.js";

export function users({ box, signal }) {
  const list = h("div");
  const filter = h("form", { class: "filters", role: "search" },
    field("users", { name: "q", label: "Search", type: "search", placeholder: "Name or address" }),
    field("users", { name: "role", label: "Role", type: "select", options: [["", "All"], ...roles] }),
    field("users", { name: "status", label: "Status", type: "select", options: [["", "All"], "active", "disabled"] }));
  const refresh = () => fill(list, table({ path: "/admin/users", query: values(filter), signal, testid: "user-list", label: "Users",
    empty: "Nobody fits.", row: (u) => row(u, refresh) }, "Account", "Role", "Status", "Registered", "Last sign-in", ""));
  filter.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  filter.addEventListener("change", refresh);
  fill(box, heading("Users"), h("section", { class: "card" }, filter, list));
  refresh();
}

function row(u, refresh) {
  const self = u.id === user()?.id;
  const change = async (body, said) => {
    try {
      const now = await patch("/admin/users/" + u.id, body);
      if (self) keepUser({ ...user(), role: now.role });
      notice(said);
    } catch (error) {
      notice(error.message, "error");
    }
    refresh();
  };
  const select = h("select", { testid: "user-role", "aria-label": "Role of " + u.email, on: { change: async () => {
    const role = select.value;
    if (await confirm("Change the role?", `${u.email} becomes ${role} at once.`, "Change")) await change({ role }, `${u.email} is ${role} now.`);
    else select.value = u.role;
  } } }, roles.map((r) => h("option", { value: r, text: r, selected: r === u.role })));
  const active = u.status === "active";
  return h("tr", { testid: "user-row" },
    h("td", {}, h("strong", { text: u.display_name || "—" }), self && [" ", badge("you", "info")], h("div", { class: "muted", text: u.email })),
    h("td", {}, select), h("td", {}, badge(u.status, active ? "good" : "bad"), " ", !u.email_verified && badge("address open", "warn")),
    h("td", { class: "nowrap", text: day(u.created_at) }), h("td", { class: "nowrap", text: ago(u.last_login_at) }),
    h("td", {}, h("div", { class: "actions" },
      button(active ? "Disable" : "Enable", "user-status", async () => {
        if (active && !(await confirm("Disable this account?", `${u.email} is signed out everywhere at once.`, "Disable"))) return;
        await change({ status: active ? "disabled" : "active" }, active ? "Disabled." : "Enabled.");
      }, "small"),
      offers("DELETE", "/admin/users/{id}") && button("Delete", "user-delete", async () => {
        if (!(await confirm("Delete this account?", `${u.email} will be gone for good. What it taught and wrote stays.`, "Delete"))) return;
        await del("/admin/users/" + u.id);
        refresh();
      }, "small danger"))));
}
