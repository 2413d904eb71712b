// Sign in, register, and what the links in mails open: verify and reset.

import { h, fill } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { keep, user, keepUser } from "/console/session.js";
import { form, heading, notice, explain, load } from "/console/ui.js";
import { capability, offers } from "/console/modules.js";
import { go } from "/console/router.js";

const email = { name: "email", label: "Email address", type: "email", autocomplete: "username", required: true, maxlength: 254 };
const newPassword = () => ({ name: "password", label: "New password", type: "password", autocomplete: "new-password", required: true,
  hint: `At least ${capability("passwords").min_length} characters. A long phrase is better than a short riddle; spaces are fine.` });

const card = (title, ...content) => h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: title }), content);
const link = (href, text, testid) => h("a", { href, text, testid });
// onward keeps where somebody wanted to go, between signing in and registering.
const onward = (query) => (query.get("next") ? "?next=" + encodeURIComponent(query.get("next")) : "");

function welcome(answer, query) {
  keep(answer);
  notice(`Signed in as ${answer.user.display_name || answer.user.email}.`);
  go(query.get("next") || "/courses");
}

export function signIn({ query, box }) {
  fill(box, card("Sign in", form("signin", {
    fields: [email, { name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true }],
    submit: "Sign in",
    send: async (body) => {
      try {
        welcome(await post("/auth/login", body, { anonymous: true }), query);
      } catch (error) {
        if (error.code !== "mfa-required") throw error;
        secondFactor(box, error.problem.challenge, query);
      }
    },
  }), h("p", { class: "beside" }, link("#/register" + onward(query), "Create an account", "signin-register"),
    offers("POST", "/auth/password/forgot") && link("#/forgot", "Forgot your password?", "signin-forgot"))));
}

function secondFactor(box, challenge, query) {
  fill(box, card("Second step", form("mfa", {
    fields: [{ name: "code", label: "Code", autocomplete: "one-time-code", required: true, inputmode: "text",
      hint: "From your authenticator app, or one of your recovery codes." }],
    submit: "Sign in",
    send: async ({ code }) => {
      try {
        welcome(await post("/auth/mfa/verify", { challenge, code }, { anonymous: true }), query);
      } catch (error) {
        if (error.code !== "invalid-token") throw error;
        notice("That took too long, or too many tries. Please sign in again.", "error");
        signIn({ query, box });
      }
    },
  })));
  box.querySelector("input").focus();
}

export function register({ query, box }) {
  fill(box, card("Create an account", form("register", {
    fields: [{ name: "display_name", label: "Name shown to others", autocomplete: "name", maxlength: 100 }, email,
      { ...newPassword(), label: "Password" }],
    submit: "Create account",
    send: async ({ display_name, ...body }) => {
      await post("/auth/register", display_name ? { ...body, display_name } : body, { anonymous: true });
      welcome(await post("/auth/login", body, { anonymous: true }), query);
    },
  }), h("p", { class: "beside" }, link("#/signin" + onward(query), "I have an account", "register-signin"))));
}

export function forgot({ box }) {
  fill(box, card("Forgot your password?", form("forgot", {
    fields: [email], submit: "Send me a link",
    send: async (body) => {
      await post("/auth/password/forgot", body, { anonymous: true });
      fill(box, card("Look into your mail", h("p", { testid: "forgot-done",
        text: "If there is an account for this address, a link to set a new password is on its way. It works for an hour." })));
    },
  })));
}

export function reset({ token, box }) {
  if (!token) return fill(box, card("Set a new password", h("p", { text: "The link is incomplete. Open it from the mail again." })));
  fill(box, card("Set a new password", form("reset", {
    fields: [newPassword()], submit: "Save",
    send: async ({ password }) => {
      await post("/auth/password/reset", { token, password }, { anonymous: true });
      notice("Your password is set. Please sign in.");
      go("/signin");
    },
  })));
}

// confirmed returns whether the address of whoever is signed in is confirmed by now.
async function confirmed() {
  return user() ? (await get("/users/me").catch(() => null))?.email_verified === true : false;
}

export function verify({ token, box }) {
  if (!token) return fill(box, card("Confirm your address", h("p", { text: "The link is incomplete. Open it from the mail again." })));
  const status = h("div");
  fill(box, card("Confirm your address", status));
  load(async () => {
    let done = false;
    try {
      await post("/auth/verify-email", { token }, { anonymous: true });
    } catch (error) {
      // A program that checks mails may have opened the link first.
      done = error.problem?.done || (error.code === "invalid-link" && (await confirmed()));
      if (!done) return [explain(error), user() && h("p", { text: "A new link can be asked for under “My account”." })];
    }
    if (user()) keepUser({ ...user(), email_verified: true });
    return [h("p", { testid: "verify-done", text: done ? "Your address is confirmed already. There is nothing left to do." : "Thank you, your address is confirmed." }),
      h("p", {}, h("a", { class: "button primary", href: user() ? "#/courses" : "#/signin", text: "Go on" }))];
  }, { box: status });
}

export function confirmEmail({ token, box }) {
  if (!token) return fill(box, card("Confirm your new address", h("p", { text: "The link is incomplete. Open it from the mail again." })));
  const status = h("div");
  fill(box, card("Confirm your new address", status));
  load(async () => {
    let words = "Your address is confirmed already. There is nothing left to do.";
    try {
      const account = await post("/users/me/email/confirm", { token }, { anonymous: true });
      if (user()?.id === account.id) keepUser({ ...user(), ...account });
      words = `Your account uses ${account.email} from now on.`;
    } catch (error) {
      // A program that checks mails may have opened the link first.
      if (!error.problem?.done) return [explain(error), h("p", { text: "A new link can be asked for under “My account”." })];
    }
    return [h("p", { testid: "email-done", text: words }),
      h("p", {}, h("a", { class: "button primary", href: user() ? "#/account" : "#/signin", text: "Go on" }))];
  }, { box: status });
}
