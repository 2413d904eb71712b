// Accounts, for administrators. public/README.md describes what a panel exports.

import { usersView } from "./users.js";

export const routes = [["/users", usersView, { role: "admin", title: "Users" }]];

export const places = [
  { name: "Users", address: "/users", role: "admin", icon: "people", order: 60 },
];
