// Ending the session of this browser.

import { post } from "./api.js";
import { session, forget } from "./session.js";
import { go } from "./router.js";

// logOut ends this session; the server's answer is not waited for.
export async function logOut() {
  const refresh_token = session()?.refresh_token;
  forget();
  go("/courses");
  if (refresh_token) await post("/auth/logout", { refresh_token }, { anonymous: true }).catch(() => {});
}
