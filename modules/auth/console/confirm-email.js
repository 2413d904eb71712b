// What the links of mails open that verify an email address: the first one of an account, and a new
// one. A program that checks mails may have opened the link before; the server then answers that it
// is done already.

import { narrowCard } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { explain, load } from "/console/core/feedback.js";
import { ApiError, get, hasCode, post } from "/console/core/http.js";
import { saveUser, user } from "/console/core/store.js";

/** @import { Child } from "/console/core/dom.js" */
/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

const anonymous = { anonymous: true };

const doneBefore = "Your address is verified already. There is nothing left to do.";
const askAgain = "You can request a new link under “My account”.";

/** @param {unknown} error */
const isDoneBefore = (error) => error instanceof ApiError && error.problem.done === true;

/** @param {ViewContext} context */
export function verifyView({ token, box }) {
  showConfirmation(box, "Verify your email address", token, async (secret) => {
    let text = "Thank you, your address is verified.";
    try {
      await post("/auth/verify-email", { token: secret }, anonymous);
    } catch (error) {
      const isDone =
        isDoneBefore(error) || (hasCode(error, "invalid-link") && (await isVerified()));
      if (!isDone) return [explain(error), user() && h("p", { text: askAgain })];
      text = doneBefore;
    }
    const me = user();
    if (me) saveUser({ ...me, email_verified: true });
    return [h("p", { testid: "verify-done", text }), continueLink(me ? "#/courses" : "#/signin")];
  });
}

/** isVerified asks the server whether the address of the account that is signed in is verified. */
async function isVerified() {
  if (!user()) return false;
  /** @type {Schemas["UsersMe"] | null} */
  const me = await get("/users/me").catch(() => null);
  return me?.email_verified === true;
}

/** @param {ViewContext} context */
export function confirmEmailView({ token, box }) {
  showConfirmation(box, "Confirm your new email address", token, async (secret) => {
    let text = doneBefore;
    try {
      /** @type {Schemas["UsersMe"]} */
      const account = await post("/users/me/email/confirm", { token: secret }, anonymous);
      const me = user();
      if (me?.id === account.id) saveUser({ ...me, ...account });
      text = `Your account uses ${account.email} from now on.`;
    } catch (error) {
      if (!isDoneBefore(error)) return [explain(error), h("p", { text: askAgain })];
    }
    return [
      h("p", { testid: "email-done", text }),
      continueLink(user() ? "#/account" : "#/signin"),
    ];
  });
}

/**
 * showConfirmation shows a card, and in it the outcome of `confirm` once it is there.
 *
 * @param {HTMLElement} box
 * @param {string} title
 * @param {string | undefined} token
 * @param {(token: string) => Promise<Child>} confirm
 */
function showConfirmation(box, title, token, confirm) {
  if (!token) {
    const text = "The link is incomplete. Open it from the email again.";
    fill(box, narrowCard(title, h("p", { text })));
    return;
  }
  const status = h("div");
  fill(box, narrowCard(title, status));
  load(() => confirm(token), { box: status });
}

/** @param {string} href */
const continueLink = (href) =>
  h("p", {}, h("a", { class: "button primary", href, text: "Continue" }));
