// The number of unread notifications in the navigation.

import { get } from "./api.js";
import { session } from "./session.js";
import { enabled } from "./modules.js";

let last = 0;

export const unread = () => last;

// refreshBadge asks for the number and shows it wherever a badge stands.
export async function refreshBadge() {
  if (!session() || !enabled("notifications")) return;
  try {
    last = (await get("/notifications/unread-count")).count;
  } catch {
    return; // a number that is a minute old is good enough
  }
  paintBadge();
}

export function paintBadge() {
  for (const el of document.querySelectorAll("[data-badge=notifications]")) {
    el.hidden = !last;
    el.textContent = last > 99 ? "99+" : last;
    el.setAttribute("aria-label", last + " unread");
  }
}

setInterval(() => { if (!document.hidden) refreshBadge(); }, 60000);
