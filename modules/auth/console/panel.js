// Signing in and up, links from mails, and one's own account. public/README.md describes what a panel exports.

import { account } from "./account.js";
import { signIn, register, forgot, reset, confirmEmail, verify } from "./auth.js";

export const routes = [
  ["/account", account, { role: "user", title: "My account" }],
  ["/signin", signIn, { title: "Sign in" }],
  ["/register", register, { title: "Create an account" }],
  ["/forgot", forgot, { title: "Forgot your password?" }],
  ["/reset", reset, { title: "Set a new password" }],
  ["/email", confirmEmail, { title: "Confirm your new address" }],
  ["/verify", verify, { title: "Confirm your address" }],
];
