// The notifications of the caller, and the choice of those that they want.

import { button, card, heading } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { load, notice } from "/console/core/feedback.js";
import { formatAgo } from "/console/core/format.js";
import { controlOf, form } from "/console/core/forms.js";
import { get, post, put } from "/console/core/http.js";
import { pagedList } from "/console/core/lists.js";
import { refreshUnread } from "/console/core/unread.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

/** @typedef {Schemas["Notification"]} Notification */
/** @typedef {Schemas["NotificationsPreference"]} Preference */

/** @param {ViewContext} context */
export function notificationsView({ query, box, signal }) {
  const onlyUnread = query.get("unread") === "true";
  const list = h("div");
  const refresh = () =>
    pagedList({
      path: "/notifications",
      query: onlyUnread ? { unread: true } : {},
      signal,
      box: list,
      testid: "notification-list",
      kind: "notifications",
      empty: onlyUnread ? "You have no unread notifications." : "You have no notifications yet.",
      row: notificationItem,
    });
  const markAll = async () => {
    await post("/notifications/read-all");
    refresh();
    refreshUnread();
  };
  fill(
    box,
    heading(
      "Notifications",
      h("a", {
        class: "button",
        href: onlyUnread ? "#/notifications" : "#/notifications?unread=true",
        text: onlyUnread ? "Show all" : "Unread only",
        testid: "notification-filter",
      }),
      button("Mark all as read", "notification-read-all", markAll),
    ),
    h("section", { class: "card" }, list),
    preferencesCard(signal),
  );
  refresh();
}

/** @param {Notification} notification */
function notificationItem(notification) {
  const item = h("li", { class: "notification", testid: "notification" });
  const draw = () => {
    const isUnread = !notification.read_at;
    item.classList.toggle("unread", isUnread);
    fill(
      item,
      h(
        "div",
        { class: "grow" },
        h("p", {}, titleOf(notification, markRead)),
        notification.body && h("p", { class: "pre-line", text: notification.body }),
        h("p", { class: "muted", text: formatAgo(notification.created_at) }),
      ),
      isUnread && button("Mark as read", "notification-read", markRead, "small"),
    );
  };
  const markRead = async () => {
    if (notification.read_at) return;
    await post(`/notifications/${notification.id}/read`);
    notification.read_at = new Date().toISOString();
    draw();
    refreshUnread();
  };
  draw();
  return item;
}

/**
 * @param {Notification} notification
 * @param {() => Promise<void>} markRead
 */
function titleOf({ title, link }, markRead) {
  if (!link) return h("strong", { text: title });
  const address = consoleAddress(link);
  return h("a", {
    href: address ? "#" + address : link,
    text: title,
    testid: "notification-link",
    on: { click: () => void markRead().catch(() => {}) }, // the link opens in any case
  });
}

/**
 * consoleAddress returns the address of the console that a link to this site means, whether it is
 * written as one or as a path of the API, or null for other links.
 *
 * @param {string} link
 */
function consoleAddress(link) {
  const url = new URL(link, location.origin);
  if (url.origin !== location.origin) return null;
  if (url.hash.startsWith("#/")) return url.hash.slice(1);
  const isPage = /^\/(courses|chat|notifications|account|channels)(\/|$)/.test(url.pathname);
  return isPage ? url.pathname.replace(/^\/channels/, "/chat") + url.search : null;
}

/** @type {Record<string, string>} */
const kindLabels = {
  "course.published": "A course of mine is published",
  announcement: "Announcements in my courses",
  "lesson.added": "New lessons in my courses",
  "course.completed": "I complete a course",
  "role.granted": "My role changes",
  mention: "Somebody mentions me",
  "security.new_sign_in": "New sign-in to my account",
  "security.password_changed": "My password is changed",
};

/** @type {["in_app" | "email", string][]} */
const media = [
  ["in_app", "In Lyceum"],
  ["email", "By email"],
];

/** @param {AbortSignal} signal */
const preferencesCard = (signal) =>
  card(
    "What to notify me about",
    load(
      async () => {
        const path = "/notifications/preferences";
        /** @type {Schemas["NotificationsPreferences"]} */
        const { items } = await get(path, undefined, { signal });
        return preferencesForm(items);
      },
      { signal },
    ),
  );

/** @param {Preference[]} preferences */
function preferencesForm(preferences) {
  const heads = ["Event", ...media.map(([, label]) => label)];
  const table = h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        heads.map((text) => h("th", { scope: "col", text })),
      ),
    ),
    h("tbody", {}, preferences.map(preferenceRow)),
  );
  return form("preferences", {
    fields: [h("div", { class: "scroll" }, table)],
    submit: "Save",
    send: async (_, element) => {
      const isChecked = (/** @type {string} */ kind, /** @type {string} */ medium) =>
        controlOf(element, `${kind} ${medium}`).checked;
      const items = preferences.map(({ kind }) => ({
        kind,
        in_app: isChecked(kind, "in_app"),
        email: isChecked(kind, "email"),
      }));
      await put("/notifications/preferences", { items });
      notice("Saved.");
    },
  });
}

/** @param {Preference} preference */
function preferenceRow(preference) {
  const { kind } = preference;
  const label = kindLabels[kind] || kind;
  const cell = (/** @type {typeof media[number]} */ [medium, mediumLabel]) =>
    h(
      "td",
      {},
      h("input", {
        type: "checkbox",
        name: `${kind} ${medium}`,
        checked: preference[medium],
        testid: `preference-${kind}-${medium}`,
        disabled: medium === "email" && preference.locked,
        "aria-label": `${label}: ${mediumLabel}`,
      }),
    );
  return h("tr", {}, h("th", { scope: "row", text: label }), media.map(cell));
}
