// The audit log: filters, one row an entry, the check of the chain, export.

import { h, fill } from "/console/dom.js";
import { get } from "/console/api.js";
import { save } from "/console/files.js";
import { field, table, heading, button, notice, values } from "/console/ui.js";
import { answers, queryValues } from "/console/modules.js";
import { when, toISO, plural } from "/console/format.js";

export function audit({ box, signal }) {
  const list = h("div");
  const verdict = h("div", { "aria-live": "polite", testid: "audit-verdict" });
  const filter = h("form", { class: "filters", role: "search", testid: "audit-filters" },
    field("audit", { name: "action", label: "Action", type: "select", options: [["", "All"], ...queryValues("GET", "/admin/audit-logs", "action")] }),
    field("audit", { name: "target_type", label: "Target", type: "select", options: [["", "All"], ...queryValues("GET", "/admin/audit-logs", "target_type")] }),
    field("audit", { name: "actor_id", label: "Actor's id", spellcheck: "false" }),
    field("audit", { name: "target_id", label: "Target's id", spellcheck: "false" }),
    field("audit", { name: "from", label: "From", type: "datetime-local" }),
    field("audit", { name: "to", label: "To", type: "datetime-local" }),
    h("button", { class: "button", type: "submit", text: "Filter", testid: "audit-apply" }));
  const query = () => {
    const v = values(filter);
    return { ...v, from: toISO(v.from), to: toISO(v.to) };
  };
  const refresh = () => fill(list, table({ path: "/admin/audit-logs", query: query(), signal, testid: "audit-list", label: "Audit log",
    empty: "No entries.", row }, "What", "Who", "When", "Target", "No."));
  filter.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  filter.addEventListener("change", (event) => { if (event.target.localName === "select") refresh(); });
  fill(box, heading("Audit log", button("Verify the chain", "audit-verify", () => verify(verdict), "primary"),
    answers("GET", "/admin/audit-logs", "text/csv") && button("Export CSV", "audit-export-csv", () => exportAs("text/csv", "csv", query())),
    answers("GET", "/admin/audit-logs", "application/x-ndjson") && button("Export NDJSON", "audit-export-ndjson", () => exportAs("application/x-ndjson", "ndjson", query()))),
  verdict, h("section", { class: "card" }, filter, list));
  refresh();
}

async function verify(box) {
  const { ok, entries, first_bad_seq } = await get("/admin/audit-logs/verify");
  fill(box, h("div", { class: ok ? "callout good" : "alert", role: ok ? "status" : "alert", text: ok
    ? `The chain holds: ${plural(entries, "entry", "entries")} checked.`
    : `The chain is broken at entry ${first_bad_seq}.` }));
}

async function exportAs(type, extension, query) {
  await save("/admin/audit-logs", "audit-log." + extension, { query, accept: type });
  notice("Exported.");
}

// said is what an entry says beyond its action, in a line.
const said = (data) => Object.entries(data || {}).map(([key, v]) => `${key}: ${typeof v === "object" ? JSON.stringify(v) : v}`).join(", ");

function row(e) {
  return h("tr", { testid: "audit-row" }, h("td", {}, h("code", { text: e.action }), said(e.data) && h("div", { class: "muted address", text: said(e.data) }),
      h("details", {}, h("summary", { text: "Details" }), h("pre", { text: JSON.stringify({ actor: e.actor, target: e.target, ip: e.ip, user_agent: e.user_agent,
        request_id: e.request_id, data: e.data, hash: e.hash, prev_hash: e.prev_hash }, null, 2) }))),
    h("td", { class: "address" }, e.actor ? h("span", { text: e.actor.email || "(account gone)", title: e.actor.id }) : h("span", { class: "muted", text: "nobody" })),
    h("td", { text: when(e.created_at) }),
    h("td", {}, e.target && [h("span", { text: e.target.type }), e.target.id && h("div", { class: "muted mono", title: e.target.id, text: "…" + String(e.target.id).slice(-12) })]),
    h("td", { text: e.seq }));
}
