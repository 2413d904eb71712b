// The fields that several forms of accounts have.

import { capability } from "/console/core/server.js";

/** @import { Field } from "/console/core/forms.js" */

/** @type {Field} */
export const emailField = {
  name: "email",
  label: "Email address",
  type: "email",
  autocomplete: "username",
  required: true,
};

/**
 * currentPasswordField returns the field of a password that the account has.
 *
 * @param {string} [label]
 * @param {string} [name]
 * @returns {Field}
 */
export const currentPasswordField = (label = "Your password", name = "password") => ({
  name,
  label,
  type: "password",
  autocomplete: "current-password",
  required: true,
});

/**
 * newPasswordField returns the field of a password that the account is to have.
 *
 * @param {string} [label]
 * @returns {Field}
 */
export const newPasswordField = (label = "New password") => ({
  name: "password",
  label,
  type: "password",
  autocomplete: "new-password",
  required: true,
  hint: `At least ${capability("passwords").min_length} characters. Use a long phrase; spaces are allowed.`,
});
