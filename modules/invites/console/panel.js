// Invites: redeeming a code, and making codes. public/README.md describes what a panel exports.

import { invitesView } from "./invites.js";
import { redeemView } from "./redeem.js";

export const routes = [
  ["/redeem", redeemView, { title: "Redeem a code" }],
  ["/invites", invitesView, { role: "admin", title: "Invites" }],
];

export const places = [
  { name: "Redeem a code", address: "/redeem", role: "user", icon: "key", order: 40 },
  { name: "Invites", address: "/invites", role: "admin", icon: "ticket", order: 50 },
];
