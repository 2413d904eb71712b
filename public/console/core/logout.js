// The end of this browser's session.

import { post } from "./http.js";
import { goTo } from "./router.js";
import { session, clearSession } from "./store.js";

/**
 * logOut ends the session here at once. The server is told, but not waited for: without a
 * connection the visitor is signed out all the same.
 */
export async function logOut() {
  const refresh_token = session()?.refresh_token;
  clearSession();
  goTo("/courses");
  if (!refresh_token) return;
  await post("/auth/logout", { refresh_token }, { anonymous: true }).catch(() => {});
}
