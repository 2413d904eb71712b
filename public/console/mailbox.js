// The development mailbox: the mails that were sent, the newest first.

import { h, fill } from "./core/dom.js";
import { explain } from "./core/feedback.js";
import { formatDateTime } from "./core/format.js";
import { get } from "./core/http.js";

/** @import { Schemas } from "./core/http.js" */

/** @typedef {Schemas["EmbeddedMailboxMessage"]} Message */

// Mails arrive while somebody waits for them, so the list is read again every few seconds.
const refreshMs = 4000;

const list = /** @type {HTMLElement} */ (document.getElementById("mails"));
const stage = /** @type {HTMLElement} */ (document.getElementById("mail"));
const refreshButton = document.getElementById("refresh");

/** @type {string | null} */
let openId = null;
let listedIds = "";

async function refresh() {
  try {
    /** @type {{ items: Message[] }} */
    const { items } = await get("/dev/mailbox/messages", { limit: 100 }, { anonymous: true });
    const ids = items.map((m) => m.id).join();
    if (ids === listedIds) return;
    listedIds = ids;
    drawList(items);
  } catch (error) {
    fill(list, h("li", {}, explain(error)));
    listedIds = "";
  }
}

/** @param {Message[]} messages */
function drawList(messages) {
  const current = messages.find((m) => m.id === openId) || messages[0];
  fill(
    list,
    messages.map((m) => h("li", {}, listButton(m, m === current))),
    !messages.length && h("li", { class: "empty", text: "No mail yet. Registering sends some." }),
  );
  if (current && current.id !== openId) openMessage(current);
  if (!current) fill(stage, h("p", { class: "empty", text: "Nothing to show." }));
}

/**
 * @param {Message} message
 * @param {boolean} isOpen
 */
function listButton(message, isOpen) {
  const open = (/** @type {MouseEvent} */ event) => {
    press(list.querySelectorAll("button"), event.currentTarget);
    openMessage(message);
  };
  return h(
    "button",
    { type: "button", testid: "mailbox-item", "aria-pressed": String(isOpen), on: { click: open } },
    h("strong", { text: subjectOf(message) }),
    h("span", { text: message.to.join(", ") }),
    h("span", { class: "muted", text: formatDateTime(message.created_at) }),
  );
}

/** @param {Message} message */
const subjectOf = (message) => message.subject || "(no subject)";

/**
 * press marks one button of a group as pressed.
 *
 * @param {Iterable<Element>} buttons
 * @param {EventTarget | null} pressed
 */
function press(buttons, pressed) {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
}

/** @param {Message} message */
function openMessage(message) {
  openId = message.id;
  const body = h("div");
  const textTab = tab("Text", "mailbox-show-text", body, () => textPart(message.text));
  const htmlTab = message.html
    ? tab("HTML", "mailbox-show-html", body, () => htmlPart(message.html))
    : null;
  fill(
    stage,
    h("h2", { text: subjectOf(message), testid: "mailbox-subject" }),
    h(
      "p",
      { class: "meta" },
      h("span", { text: "From " + message.from }),
      h("span", { text: "To " + message.to.join(", ") }),
      h("span", { text: formatDateTime(message.created_at) }),
    ),
    h("div", { class: "actions" }, textTab, htmlTab),
    body,
  );
  (message.text ? textTab : htmlTab || textTab).click();
}

/**
 * tab returns a button that shows a part of a mail.
 *
 * @param {string} text
 * @param {string} testid
 * @param {HTMLElement} body
 * @param {() => Node} build
 */
function tab(text, testid, body, build) {
  const click = (/** @type {MouseEvent} */ event) => {
    press(button.parentElement?.children || [], event.currentTarget);
    fill(body, build());
  };
  const button = h("button", {
    class: "button small",
    type: "button",
    text,
    testid,
    on: { click },
  });
  return button;
}

/** @param {string} text */
const textPart = (text) =>
  h("pre", { class: "mail-text", testid: "mailbox-text" }, linkAddresses(text));

/**
 * linkAddresses makes the addresses in a text clickable.
 *
 * @param {string} text
 */
const linkAddresses = (text) =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part) =>
      /^https?:\/\//.test(part) ? h("a", { href: part, text: part, testid: "mailbox-link" }) : part,
    );

// The HTML of a mail is shown in a frame without scripts, forms or an origin, so it needs no
// cleaning; the policy of this page binds it, too. A frame's srcdoc takes trusted markup only.
const framePolicy = createFramePolicy();

function createFramePolicy() {
  const rules = { createHTML: (/** @type {string} */ html) => html };
  /** @type {any} */
  const { trustedTypes } = globalThis;
  return trustedTypes?.createPolicy("lyceum", rules) || rules;
}

/** @param {string} html */
function htmlPart(html) {
  const frame = h("iframe", {
    sandbox: "",
    title: "HTML part",
    class: "mail-frame",
    testid: "mailbox-html",
  });
  frame.srcdoc = framePolicy.createHTML(html);
  return frame;
}

refreshButton?.addEventListener("click", refresh);
setInterval(() => {
  if (!document.hidden) refresh();
}, refreshMs);
refresh();
