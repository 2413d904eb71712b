// The development mailbox: what was sent, newest first. It asks again every few seconds, as mail
// arrives while one is looking for it.

import { h, fill } from "./dom.js";
import { get } from "./api.js";
import { when } from "./format.js";
import { explain } from "./ui.js";

const list = document.getElementById("mails");
const stage = document.getElementById("mail");
let shown = null;
let known = "";

// A frame's srcdoc is markup, so the browser wants to know who vouches for it. Nobody does: the
// frame is sandboxed without scripts, forms or an origin, and this page's policy binds it too.
const policy = globalThis.trustedTypes?.createPolicy("lyceum", { createHTML: (html) => html }) || { createHTML: (html) => html };

function frame(html) {
  const el = h("iframe", { sandbox: "", title: "HTML part", class: "mail-frame", testid: "mailbox-html" });
  el.srcdoc = policy.createHTML(html);
  return el;
}

async function refresh() {
  try {
    const { items } = await get("/dev/mailbox/messages", { limit: 100 }, { anonymous: true });
    const ids = items.map((m) => m.id).join();
    if (ids === known) return;
    known = ids;
    draw(items);
  } catch (error) {
    fill(list, h("li", {}, explain(error)));
    known = "";
  }
}

function draw(items) {
  const wanted = items.find((m) => m.id === shown) || items[0];
  fill(list, items.map((m) => h("li", {}, h("button", { type: "button", testid: "mailbox-item", "aria-pressed": String(m === wanted), on: {
    click: (event) => {
      for (const b of list.querySelectorAll("button")) b.setAttribute("aria-pressed", String(b === event.currentTarget));
      open(m);
    } } },
  h("strong", { text: m.subject || "(no subject)" }), h("span", { text: m.to.join(", ") }), h("span", { class: "muted", text: when(m.created_at) })))),
  !items.length && h("li", { class: "empty", text: "No mail yet. Registering sends some." }));
  if (wanted && wanted.id !== shown) open(wanted);
  if (!wanted) fill(stage, h("p", { class: "empty", text: "Nothing to show." }));
}

function open(m) {
  shown = m.id;
  const body = h("div");
  const tab = (name, testid, content) => h("button", { class: "button small", type: "button", text: name, testid, on: { click: (event) => {
    for (const b of event.currentTarget.parentNode.children) b.setAttribute("aria-pressed", String(b === event.currentTarget));
    fill(body, content());
  } } });
  const text = tab("Text", "mailbox-show-text", () => h("pre", { class: "mail-text", testid: "mailbox-text" }, links(m.text)));
  const html = m.html && tab("HTML", "mailbox-show-html", () => frame(m.html));
  fill(stage, h("h2", { text: m.subject || "(no subject)", testid: "mailbox-subject" }),
    h("p", { class: "meta" }, h("span", { text: "From " + m.from }), h("span", { text: "To " + m.to.join(", ") }), h("span", { text: when(m.created_at) })),
    h("div", { class: "actions" }, text, html), body);
  (m.text ? text : html || text).click();
}

// links makes the addresses in a text clickable, so that a confirmation is one click.
function links(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part) => (/^https?:\/\//.test(part) ? h("a", { href: part, text: part, testid: "mailbox-link" }) : part));
}

document.getElementById("refresh").addEventListener("click", refresh);
setInterval(() => { if (!document.hidden) refresh(); }, 4000);
refresh();
