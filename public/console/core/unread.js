// The number of unread notifications, beside their place in the navigation.

import { h } from "./dom.js";
import { get } from "./http.js";
import { isEnabled } from "./server.js";
import { session } from "./store.js";

const refreshMs = 60000;

let count = 0;

/** unreadBadge returns an element that always shows the number. */
export const unreadBadge = () =>
  h("span", {
    class: "count",
    "data-badge": "notifications",
    testid: "notification-badge",
    hidden: true,
  });

/** refreshUnread asks the server for the number and shows it in all badges. */
export async function refreshUnread() {
  if (!session() || !isEnabled("notifications")) return;
  try {
    count = (await get("/notifications/unread-count")).count;
  } catch {
    return; // the next round asks again
  }
  showUnread();
}

/** showUnread shows the last known number in all badges. */
export function showUnread() {
  /** @type {NodeListOf<HTMLElement>} */
  const badges = document.querySelectorAll("[data-badge=notifications]");
  for (const badge of badges) {
    badge.hidden = !count;
    badge.textContent = count > 99 ? "99+" : String(count);
    badge.setAttribute("aria-label", count + " unread");
  }
}

/** watchUnread keeps the number current while the page can be seen. */
export function watchUnread() {
  refreshUnread();
  setInterval(() => {
    if (!document.hidden) refreshUnread();
  }, refreshMs);
}
