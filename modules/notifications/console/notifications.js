// Notifications: the list, and which ones one wants.

import { h, fill } from "/console/dom.js";
import { get, post, put } from "/console/api.js";
import { heading, paged, load, button, form, notice } from "/console/ui.js";
import { ago } from "/console/format.js";
import { go } from "/console/router.js";
import { refreshBadge } from "/console/badge.js";

export function notifications({ query, box, signal }) {
  const onlyUnread = query.get("unread") === "true";
  const list = h("div");
  const refresh = () => paged({ path: "/notifications", query: onlyUnread ? { unread: true } : {}, signal, box: list, testid: "notification-list",
    kind: "notifications", empty: onlyUnread ? "Nothing unread." : "Nothing has happened yet.", row });
  fill(box, heading("Notifications",
    h("a", { class: "button", href: onlyUnread ? "#/notifications" : "#/notifications?unread=true", text: onlyUnread ? "Show all" : "Unread only", testid: "notification-filter" }),
    button("Mark all as read", "notification-read-all", async () => { await post("/notifications/read-all"); refresh(); refreshBadge(); })),
  h("section", { class: "card" }, list), preferences(signal));
  refresh();
}

function row(n) {
  const el = h("li", { class: n.read_at ? "notification" : "notification unread", testid: "notification" });
  const read = async () => {
    if (n.read_at) return;
    await post(`/notifications/${n.id}/read`);
    n.read_at = new Date().toISOString();
    draw();
    refreshBadge();
  };
  const draw = () => {
    el.classList.toggle("unread", !n.read_at);
    const path = consolePath(n.link);
    fill(el, h("div", { class: "grow" }, h("p", {},
      n.link ? h("a", { href: path ? "#" + path : n.link, text: n.title, testid: "notification-link", on: { click: () => { read().catch(() => {}); } } }) : h("strong", { text: n.title })),
    n.body && h("p", { class: "pre-line", text: n.body }), h("p", { class: "muted", text: ago(n.created_at) })),
    !n.read_at && button("Mark as read", "notification-read", read, "small"));
  };
  draw();
  return el;
}

// consolePath gives the path in the console for a link to this site, however it is written, or null for other links.
function consolePath(link) {
  if (!link) return null;
  const url = new URL(link, location.origin);
  if (url.origin !== location.origin) return null;
  if (url.hash.startsWith("#/")) return url.hash.slice(1);
  const known = /^\/(courses|chat|notifications|account|channels)(\/|$)/;
  return known.test(url.pathname) ? url.pathname.replace(/^\/channels/, "/chat") + url.search : null;
}

const names = { "course.published": "A course of mine is published", announcement: "Announcements in my courses", "lesson.added": "New lessons in my courses",
  "course.completed": "I complete a course", "role.granted": "My role changes", mention: "Somebody mentions me",
  "security.new_sign_in": "New sign-in to my account", "security.password_changed": "My password is changed" };

function preferences(signal) {
  return h("section", { class: "card" }, h("h2", { text: "What I want to hear of" }), load(async () => {
    const { items } = await get("/notifications/preferences", undefined, { signal });
    const cell = (p, medium, label) => h("td", {}, h("input", { type: "checkbox", name: `${p.kind} ${medium}`, checked: p[medium], testid: `preference-${p.kind}-${medium}`,
      disabled: medium === "email" && p.locked, "aria-label": `${names[p.kind] || p.kind}: ${label}` }));
    const rows = h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["Kind", "Here", "By mail"].map((t) => h("th", { scope: "col", text: t })))),
      h("tbody", {}, items.map((p) => h("tr", {}, h("th", { scope: "row", text: names[p.kind] || p.kind }), cell(p, "in_app", "here"), cell(p, "email", "by mail"))))));
    return form("preferences", { fields: [rows], submit: "Save", send: async (_, el) => {
      await put("/notifications/preferences", { items: items.map((p) => ({ kind: p.kind,
        in_app: el.elements.namedItem(p.kind + " in_app").checked, email: el.elements.namedItem(p.kind + " email").checked })) });
      notice("Saved.");
    } });
  }, { signal }));
}

// unsubscribe asks before it acts, as programs that check mails open links, too.
export function unsubscribe({ token, box }) {
  const card = (...content) => fill(box, h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: "Stop these mails" }), content));
  if (!token) return card(h("p", { text: "The link is incomplete. Open it from the mail again." }));
  card(h("p", { text: "You will get no more mails of this kind. What is shown inside Lyceum stays as it is." }),
    button("Stop these mails", "unsubscribe-submit", async () => {
      await post("/notifications/unsubscribe/" + encodeURIComponent(token), undefined, { anonymous: true });
      card(h("p", { testid: "unsubscribe-done", text: "Done: these mails stop. Under “Notifications” they can be switched on again." }));
    }, "primary"));
}
