// Roles. Each includes those before it; the order is that of the API's document.

import { valuesOf } from "./schema.js";
import { user } from "./store.js";

/** roles returns all roles, the least first. */
export const roles = () => valuesOf("GET /admin/users", "role");

/**
 * hasRole reports whether the account that is signed in has at least the given role.
 *
 * @param {string} role
 */
export function hasRole(role) {
  const all = roles();
  const own = all.indexOf(user()?.role || "");
  return own >= 0 && own >= all.indexOf(role);
}
