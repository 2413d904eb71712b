// A forgotten password: asking for a link, and what the link opens.

import { narrowCard } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { form } from "/console/core/forms.js";
import { post } from "/console/core/http.js";
import { goTo } from "/console/core/router.js";
import { emailField, newPasswordField } from "./fields.js";

/** @import { ViewContext } from "/console/core/router.js" */

const anonymous = { anonymous: true };

/** @param {ViewContext} context */
export function forgotView({ box }) {
  const ask = form("forgot", {
    of: "POST /auth/password/forgot",
    fields: [emailField],
    submit: "Send me a link",
    send: async (body) => {
      await post("/auth/password/forgot", body, anonymous);
      fill(box, linkSent());
    },
  });
  fill(box, narrowCard("Forgot your password?", ask));
}

const linkSent = () =>
  narrowCard(
    "Check your email",
    h("p", {
      testid: "forgot-done",
      text:
        "If there is an account for this address, a link to set a new password is on its way. " +
        "It works for one hour.",
    }),
  );

/** @param {ViewContext} context */
export function resetView({ token, box }) {
  const title = "Set a new password";
  if (!token) {
    const text = "The link is incomplete. Open it from the email again.";
    fill(box, narrowCard(title, h("p", { text })));
    return;
  }
  const reset = form("reset", {
    of: "POST /auth/password/reset",
    fields: [newPasswordField()],
    submit: "Save",
    send: async ({ password }) => {
      await post("/auth/password/reset", { token, password }, anonymous);
      notice("Your password is set. Please sign in.");
      goTo("/signin");
    },
  });
  fill(box, narrowCard(title, reset));
}
