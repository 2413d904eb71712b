// Chat: the channels one may read, and the one that is open.

import { h, fill } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { hasRole } from "/console/session.js";
import { load, heading, button, dialog, form, notice } from "/console/ui.js";
import { go } from "/console/router.js";
import { channel } from "./channel.js";

const kinds = { public: "Open to all", member: "Members", course: "Course", private: "Private" };

export function chat({ params, box, signal }) {
  const list = h("ul", { class: "channels", testid: "channel-list" });
  const room = h("section", { class: "room", "aria-label": "Messages" });
  const counts = new Map();
  fill(box, heading("Chat", hasRole("instructor") && button("New channel", "channel-new", create)),
    h("div", { class: "chat" }, h("nav", { "aria-label": "Channels" }, list), room));
  load(async () => {
    const items = await all(signal);
    if (!items.length) return h("p", { class: "empty", text: "There is no channel you may read." });
    const open = items.find((c) => c.slug === params.channel) || (!params.channel && items[0]);
    fill(list, items.map((c) => {
      const count = h("span", { class: "count", testid: "channel-unread", hidden: !c.unread || c === open, text: c.unread, "aria-label": c.unread + " unread" });
      counts.set(c.slug, count);
      return h("li", {}, h("a", { href: "#/chat/" + encodeURIComponent(c.slug), testid: "channel-link", "data-slug": c.slug, "aria-current": c === open ? "page" : null,
        title: kinds[c.visibility] }, h("span", { class: "channel-name", text: "# " + c.title }), count));
    }));
    if (!open) return h("p", { class: "empty", text: "There is no such channel, or it is not for you." });
    const view = channel(open, signal);
    poll(items, counts, open, signal);
    return view;
  }, { box: room, signal });
}

async function all(signal) {
  const items = [];
  let cursor;
  do {
    const page = await get("/channels", { limit: 100, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

// poll keeps the numbers of the other channels; the one that is open is live anyway.
function poll(items, counts, open, signal) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    for (const c of await all(signal).catch(() => [])) {
      const count = counts.get(c.slug);
      if (!count || c.slug === open.slug) continue;
      count.textContent = c.unread;
      count.hidden = !c.unread;
      count.setAttribute("aria-label", c.unread + " unread");
    }
  }, 20000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function create() {
  return dialog("New channel", (close) => form("channel", {
    fields: [
      { name: "title", label: "Title", required: true, maxlength: 200 },
      { name: "visibility", label: "Who may read", type: "select", options: Object.entries(kinds) },
      { name: "slug", label: "Address", maxlength: 64, pattern: "[a-z0-9-]+", hint: "Made from the title when empty" },
      { name: "course_id", label: "Course's id", hint: "For a course channel only" },
    ],
    submit: "Create",
    extra: h("button", { class: "button", type: "button", text: "Cancel", on: { click: () => close() } }),
    send: async (v) => {
      const body = Object.fromEntries(Object.entries(v).filter(([, value]) => value));
      const made = await post("/channels", body);
      close();
      notice("The channel is open.");
      go("/chat/" + encodeURIComponent(made.slug));
    },
  }));
}
