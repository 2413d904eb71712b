// Notifications of the caller, and the page that stops mails. public/README.md describes what a panel exports.

import { notifications, unsubscribe } from "./notifications.js";

export const routes = [
  ["/notifications", notifications, { role: "user", title: "Notifications" }],
  ["/unsubscribe", unsubscribe, { title: "Stop mails" }],
];

export const places = [
  { name: "Notifications", address: "/notifications", role: "user", icon: "bell", order: 30 },
];
