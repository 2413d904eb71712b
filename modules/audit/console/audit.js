// The audit log: filters, one row an entry, the check of the hash chain, export.

import { button, heading } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { saveFile } from "/console/core/files.js";
import { formatDateTime, localToISO, plural } from "/console/core/format.js";
import { filterChoices, field, readValues } from "/console/core/forms.js";
import { get } from "/console/core/http.js";
import { pagedTable } from "/console/core/lists.js";
import { canAnswer } from "/console/core/schema.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

const path = "/admin/audit-logs";
const listOperation = "GET " + path;

/** @param {ViewContext} context */
export function auditView({ box, signal }) {
  const list = h("div");
  const verdict = h("div", { "aria-live": "polite", testid: "audit-verdict" });
  const filters = filterForm();
  const query = () => {
    const values = readValues(filters);
    return { ...values, from: localToISO(values.from), to: localToISO(values.to) };
  };
  const refresh = () => fill(list, entryTable(query(), signal));
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  filters.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) refresh();
  });
  fill(
    box,
    heading(
      "Audit log",
      button("Verify the chain", "audit-verify", () => verifyChain(verdict), "primary"),
      exportButton("CSV", "audit-export-csv", "text/csv", query),
      exportButton("NDJSON", "audit-export-ndjson", "application/x-ndjson", query),
    ),
    verdict,
    h("section", { class: "card" }, filters, list),
  );
  refresh();
}

/**
 * @param {Record<string, any>} query
 * @param {AbortSignal} signal
 */
const entryTable = (query, signal) =>
  pagedTable(
    {
      path,
      query,
      signal,
      row: entryRow,
      testid: "audit-list",
      label: "Audit log",
      empty: "No entries match these filters.",
    },
    "Action",
    "Actor",
    "Time",
    "Target",
    "No.",
  );

function filterForm() {
  const select = { type: "select", of: listOperation };
  const text = { of: listOperation, spellcheck: "false" };
  return h(
    "form",
    { class: "filters", role: "search", testid: "audit-filters" },
    field("audit", {
      name: "action",
      label: "Action",
      options: filterChoices(listOperation, "action"),
      ...select,
    }),
    field("audit", {
      name: "target_type",
      label: "Target type",
      options: filterChoices(listOperation, "target_type"),
      ...select,
    }),
    field("audit", { name: "actor_id", label: "Actor ID", ...text }),
    field("audit", { name: "target_id", label: "Target ID", ...text }),
    field("audit", { name: "from", label: "From", type: "datetime-local" }),
    field("audit", { name: "to", label: "To", type: "datetime-local" }),
    h("button", { class: "button", type: "submit", text: "Filter", testid: "audit-apply" }),
  );
}

/**
 * verifyChain lets the server recompute all hashes and shows its verdict.
 *
 * @param {HTMLElement} box
 */
async function verifyChain(box) {
  /** @type {Schemas["AuditVerdict"]} */
  const { ok, entries, first_bad_seq } = await get(path + "/verify");
  fill(
    box,
    h("div", {
      class: ok ? "callout good" : "alert",
      role: ok ? "status" : "alert",
      text: ok
        ? `The chain holds: ${plural(entries, "entry", "entries")} checked.`
        : `The chain is broken at entry ${first_bad_seq}.`,
    }),
  );
}

/**
 * exportButton returns a button that saves the entries of the current filters, if the server
 * exports the type.
 *
 * @param {string} name
 * @param {string} testid
 * @param {string} type
 * @param {() => Record<string, any>} query
 */
function exportButton(name, testid, type, query) {
  if (!canAnswer(listOperation, type)) return null;
  return button("Export " + name, testid, async () => {
    const file = "audit-log." + name.toLowerCase();
    await saveFile(path, file, { query: query(), accept: type });
    notice("Exported.");
  });
}

/** @param {Schemas["AuditEntry"]} entry */
function entryRow(entry) {
  const { actor, target } = entry;
  return h(
    "tr",
    { testid: "audit-row" },
    h(
      "td",
      {},
      h("code", { text: entry.action }),
      h("div", { class: "muted address", text: describeData(entry.data) }),
      details(entry),
    ),
    h(
      "td",
      { class: "address" },
      actor
        ? h("span", { text: actor.email || "(deleted account)", title: actor.id })
        : h("span", { class: "muted", text: "none" }),
    ),
    h("td", { text: formatDateTime(entry.created_at) }),
    h("td", {}, target && [h("span", { text: target.type }), target.id && shortId(target.id)]),
    h("td", { text: entry.seq }),
  );
}

/** @param {string} id */
const shortId = (id) => h("div", { class: "muted mono", title: id, text: "…" + id.slice(-12) });

/** @param {Schemas["AuditEntry"]} entry */
function details({ actor, target, ip, user_agent, request_id, data, hash, prev_hash }) {
  const shown = { actor, target, ip, user_agent, request_id, data, hash, prev_hash };
  return h(
    "details",
    {},
    h("summary", { text: "Details" }),
    h("pre", { text: JSON.stringify(shown, null, 2) }),
  );
}

/**
 * describeData returns the data of an entry in a line.
 *
 * @param {Record<string, unknown> | null} data
 */
const describeData = (data) =>
  Object.entries(data || {})
    .map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
