// Notifications of the caller, and the page that stops mails. public/README.md describes what a
// panel exports.

import { notificationsView } from "./notifications.js";
import { unsubscribeView } from "./unsubscribe.js";

export const routes = [
  ["/notifications", notificationsView, { role: "user", title: "Notifications" }],
  ["/unsubscribe", unsubscribeView, { title: "Stop emails" }],
];

export const places = [
  { name: "Notifications", address: "/notifications", role: "user", icon: "bell", order: 30 },
];
