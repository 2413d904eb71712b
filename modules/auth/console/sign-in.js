// Signing in, with a second factor where the account has one, and registering.

import { narrowCard } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { notice } from "/console/core/feedback.js";
import { form } from "/console/core/forms.js";
import { hasCode, post } from "/console/core/http.js";
import { goTo } from "/console/core/router.js";
import { hasOperation } from "/console/core/schema.js";
import { saveSession } from "/console/core/store.js";
import { currentPasswordField, emailField, newPasswordField } from "./fields.js";

/** @import { Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

const anonymous = { anonymous: true };

/**
 * nextQuery returns the part of an address that keeps where the visitor wanted to go, between
 * signing in and registering.
 *
 * @param {URLSearchParams} query
 */
function nextQuery(query) {
  const next = query.get("next");
  return next ? "?next=" + encodeURIComponent(next) : "";
}

/**
 * finishSignIn stores the session and opens the page that the visitor wanted.
 *
 * @param {Schemas["AuthToken"]} answer
 * @param {URLSearchParams} query
 */
function finishSignIn(answer, query) {
  saveSession(answer);
  notice(`Signed in as ${answer.user.display_name || answer.user.email}.`);
  goTo(query.get("next") || "/courses");
}

/** @param {Pick<ViewContext, "query" | "box">} context */
export function signInView({ query, box }) {
  const signIn = form("signin", {
    of: "POST /auth/login",
    fields: [emailField, currentPasswordField("Password")],
    submit: "Sign in",
    send: async (body) => {
      try {
        finishSignIn(await post("/auth/login", body, anonymous), query);
      } catch (error) {
        if (!hasCode(error, "mfa-required")) throw error;
        showSecondFactor(box, String(error.problem.challenge), query);
      }
    },
  });
  const register = h("a", {
    href: "#/register" + nextQuery(query),
    text: "Create an account",
    testid: "signin-register",
  });
  const forgot =
    hasOperation("POST /auth/password/forgot") &&
    h("a", { href: "#/forgot", text: "Forgot your password?", testid: "signin-forgot" });
  fill(box, narrowCard("Sign in", signIn, h("p", { class: "beside" }, register, forgot)));
}

/**
 * showSecondFactor asks for a code of the second factor, for as long as the challenge is valid.
 *
 * @param {HTMLElement} box
 * @param {string} challenge
 * @param {URLSearchParams} query
 */
function showSecondFactor(box, challenge, query) {
  const verify = form("mfa", {
    of: "POST /auth/mfa/verify",
    fields: [
      {
        name: "code",
        label: "Code",
        autocomplete: "one-time-code",
        required: true,
        inputmode: "text",
        hint: "From your authenticator app, or one of your recovery codes.",
      },
    ],
    submit: "Sign in",
    send: async ({ code }) => {
      try {
        finishSignIn(await post("/auth/mfa/verify", { challenge, code }, anonymous), query);
      } catch (error) {
        if (!hasCode(error, "invalid-token")) throw error;
        notice("That took too long, or too many codes were wrong. Please sign in again.", "error");
        signInView({ query, box });
      }
    },
  });
  fill(box, narrowCard("Enter your code", verify));
  box.querySelector("input")?.focus();
}

/** @param {ViewContext} context */
export function registerView({ query, box }) {
  const register = form("register", {
    of: "POST /auth/register",
    fields: [
      { name: "display_name", label: "Name shown to others", autocomplete: "name" },
      emailField,
      newPasswordField("Password"),
    ],
    submit: "Create account",
    send: async ({ display_name, ...credentials }) => {
      const body = display_name ? { ...credentials, display_name } : credentials;
      await post("/auth/register", body, anonymous);
      finishSignIn(await post("/auth/login", credentials, anonymous), query);
    },
  });
  const signIn = h("a", {
    href: "#/signin" + nextQuery(query),
    text: "I have an account",
    testid: "register-signin",
  });
  fill(box, narrowCard("Create an account", register, h("p", { class: "beside" }, signIn)));
}
