// Signing in and registering, links from mails, and the caller's account. public/README.md describes
// what a panel exports.

import { accountView } from "./account.js";
import { confirmEmailView, verifyView } from "./confirm-email.js";
import { forgotView, resetView } from "./reset-password.js";
import { registerView, signInView } from "./sign-in.js";

export const routes = [
  ["/account", accountView, { role: "user", title: "My account" }],
  ["/signin", signInView, { title: "Sign in" }],
  ["/register", registerView, { title: "Create an account" }],
  ["/forgot", forgotView, { title: "Forgot your password?" }],
  ["/reset", resetView, { title: "Set a new password" }],
  ["/email", confirmEmailView, { title: "Confirm your new email address" }],
  ["/verify", verifyView, { title: "Verify your email address" }],
];
