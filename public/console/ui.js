// What panels are made of: forms, errors, lists that load more, dialogs, short notices.

import { h, fill, append } from "./dom.js";
import { get } from "./api.js";

// notice says something for a moment, to the eye and to a screen reader.
export function notice(text, kind = "info") {
  const el = h("div", { class: "notice notice-" + kind, testid: "notice", text });
  document.getElementById("notices").append(el);
  setTimeout(() => el.remove(), kind === "error" ? 9000 : 5000);
}

// explain draws an error as a box: what happened, and which fields are at fault.
export function explain(error, retry) {
  const title = error.problem?.title;
  const minutes = Math.ceil(error.retryAfter / 60);
  // A locked account does not open by waiting.
  const wait = !error.retryAfter || error.code === "account-locked" ? ""
    : ` Try again in ${error.retryAfter < 90 ? error.retryAfter + " seconds" : minutes + " minutes"}.`;
  return h("div", { class: "alert", role: "alert", testid: "error" },
    title && title !== error.message && h("strong", { text: title + ". " }),
    h("span", { text: (error.message || "Something went wrong") + wait }),
    error.errors?.length > 0 && h("ul", {}, error.errors.map((e) =>
      h("li", { text: `${(e.location || "").replace(/^(body|query)\./, "")}: ${e.message}` }))),
    retry && h("button", { class: "button small", type: "button", text: "Try again", on: { click: retry } }));
}

// load fills a box with what `work` brings, or with the error and a way to try again.
export function load(work, { signal, box = h("div") } = {}) {
  const run = async () => {
    fill(box, h("p", { class: "muted loading", role: "status", text: "Loading…" }));
    try {
      const content = await work();
      if (!signal?.aborted) fill(box, content);
    } catch (error) {
      if (error.name !== "AbortError" && !signal?.aborted) fill(box, explain(error, run));
    }
  };
  run();
  return box;
}

// field makes one labelled control: {name, label, type, hint, options, value, …attributes}.
export function field(prefix, spec) {
  const { name, label, hint, type = "text", options, wide, ...rest } = spec;
  const id = `${prefix}-${name}`;
  const shared = { id, name, testid: id, ...rest };
  let control;
  if (type === "select") {
    control = h("select", { ...shared, value: undefined }, options.map((o) => {
      const [value, text] = Array.isArray(o) ? o : [o, o];
      return h("option", { value, text, selected: value === (rest.value ?? "") });
    }));
  } else if (type === "textarea") control = h("textarea", { rows: 4, ...shared });
  else control = h("input", { type, ...shared });
  if (rest.value !== undefined && type !== "select") control.defaultValue = rest.value; // what a reset brings back
  const error = h("span", { class: "field-error", id: id + "-error", hidden: true });
  const note = hint && h("span", { class: "hint", id: id + "-hint", text: hint });
  control.setAttribute("aria-describedby", [hint && id + "-hint", id + "-error"].filter(Boolean).join(" "));
  if (type === "checkbox") {
    return h("div", { class: "field check" }, control, h("label", { htmlFor: id, text: label }), note, error);
  }
  return h("div", { class: wide ? "field wide" : "field" }, h("label", { htmlFor: id, text: label }), control, note, error);
}

// form makes a form of fields. `send(values, form, submitter)` runs on submit with the button off; what it
// throws is shown at the fields it names, the rest above the button.
export function form(prefix, { fields, submit, send, extra, kind = "" }) {
  const problem = h("div", { class: "form-problem", testid: prefix + "-error" });
  const button = h("button", { class: "button primary", type: "submit", text: submit, testid: prefix + "-submit" });
  const el = h("form", { class: "form " + kind, novalidate: true, testid: prefix + "-form" },
    fields.map((f) => (f instanceof Node ? f : field(prefix, f))), problem,
    h("div", { class: "actions" }, button, extra));
  el.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    clearErrors(el, problem);
    const first = [...el.elements].find((c) => c.willValidate && !c.validity.valid);
    if (first) {
      showFieldError(first, first.validationMessage);
      first.focus();
      return;
    }
    button.disabled = true;
    try {
      await send(values(el), el, event.submitter);
    } catch (error) {
      if (error.name !== "AbortError") showErrors(el, problem, error);
    } finally {
      button.disabled = false;
    }
  });
  return el;
}

// values reads a form: numbers as numbers, an empty number as null, checkboxes as booleans.
export function values(el) {
  const out = {};
  for (const c of el.elements) {
    if (!c.name) continue;
    if (c.type === "checkbox") out[c.name] = c.checked;
    else if (c.type === "number" || c.type === "range") out[c.name] = c.value === "" ? null : Number(c.value);
    else if (c.type === "password") out[c.name] = c.value;
    else if (c.type !== "file") out[c.name] = c.value.trim();
  }
  return out;
}

function clearErrors(el, problem) {
  fill(problem);
  for (const c of el.querySelectorAll("[aria-invalid]")) c.removeAttribute("aria-invalid");
  for (const e of el.querySelectorAll(".field-error")) fill(e).hidden = true;
}

function showFieldError(control, text) {
  const line = document.getElementById(control.id + "-error");
  if (!line) return false;
  control.setAttribute("aria-invalid", "true");
  line.hidden = false;
  line.textContent = text;
  return true;
}

function showErrors(el, problem, error) {
  const left = (error.errors || []).filter((e) => {
    const name = (e.location || "").replace(/^body\./, "").split(/[.[]/)[0];
    const control = name && el.elements.namedItem(name);
    return !(control instanceof Element && showFieldError(control, e.message));
  });
  const all = error.errors?.length > 0;
  if (!all || left.length) fill(problem, explain(Object.assign(Object.create(error), { errors: left, message: error.message })));
  el.querySelector("[aria-invalid]")?.focus();
}

// paged shows a list page by page: `path` and `query` are asked, `row` draws an item.
export function paged({ path, query = {}, row, empty, box, signal, testid, tag = "ul", kind = "" }) {
  const list = h(tag, { class: "list " + kind, testid });
  const foot = h("div", { class: "list-foot", "aria-live": "polite" });
  const next = async (cursor) => {
    fill(foot, h("p", { class: "muted loading", text: "Loading…" }));
    try {
      const page = await get(path, { limit: 20, ...query, cursor }, { signal });
      append(list, page.items.map(row));
      fill(foot, page.next_cursor && h("button", { class: "button", type: "button", text: "Show more",
        testid: testid + "-more", on: { click: () => next(page.next_cursor) } }),
      !list.children.length && h("p", { class: "empty", text: empty }));
    } catch (error) {
      if (error.name !== "AbortError") fill(foot, explain(error, () => next(cursor)));
    }
  };
  next();
  return box ? fill(box, list, foot) : h("div", {}, list, foot);
}

// table is a paged list in a <table> that scrolls sideways on a small screen.
export function table(options, ...heads) {
  const body = paged({ ...options, tag: "tbody" });
  const [rows, foot] = body.children;
  return h("div", {}, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((t) => h("th", { scope: "col", text: t })))), rows)), foot);
}

// act runs a button's work with the button off, and says what went wrong.
export function act(button, work) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      if (error.name !== "AbortError") notice(error.message, "error");
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

// button is a plain button around `work`.
export function button(text, testid, work, kind = "", label) {
  return act(h("button", { class: "button " + kind, type: "button", text, testid, "aria-label": label }), work);
}

// dialog opens content in a modal and closes with whatever `close(value)` is given.
export function dialog(title, build) {
  return new Promise((resolve) => {
    let value;
    const el = h("dialog", { "aria-label": title, testid: "dialog", on: { close: () => { el.remove(); resolve(value); } } });
    const close = (v) => { value = v; el.close(); };
    append(el, [h("h2", { text: title }), build(close)]);
    document.body.append(el);
    el.showModal();
  });
}

// confirm asks before something that can't be taken back.
export function confirm(title, text, yes) {
  return dialog(title, (close) => [h("p", { text }), h("div", { class: "actions" },
    h("button", { class: "button danger", type: "button", text: yes, testid: "confirm-yes", on: { click: () => close(true) } }),
    h("button", { class: "button", type: "button", text: "Cancel", testid: "confirm-no", on: { click: () => close(false) } }))]);
}

// heading is the top of a panel.
export function heading(title, ...beside) {
  return h("header", { class: "panel-head" }, h("h1", { tabindex: "-1", text: title }), h("div", { class: "actions" }, beside));
}

export const badge = (text, kind = "") => h("span", { class: "badge " + kind, text });

// bar is a progress bar with its number.
export function bar(percent, label) {
  return h("div", { class: "bar" },
    h("progress", { max: 100, value: percent, "aria-label": label }), h("span", { text: percent + " %" }));
}
