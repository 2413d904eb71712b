// The audit log, for administrators. public/README.md describes what a panel exports.

import { auditView } from "./audit.js";

export const routes = [["/audit", auditView, { role: "admin", title: "Audit log" }]];

export const places = [
  { name: "Audit log", address: "/audit", role: "admin", icon: "list", order: 70 },
];
