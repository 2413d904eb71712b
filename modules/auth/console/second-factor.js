// The second factor of the caller's account: setting it up, recovery codes, removing it.

import { button, card } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { form } from "/console/core/forms.js";
import { del, post } from "/console/core/http.js";
import { hasOperation } from "/console/core/schema.js";

/** @import { Schemas } from "/console/core/http.js" */

/**
 * @typedef {(title: string, submit: string, send: (body: any) => Promise<unknown>) => Promise<boolean>} AskPassword
 */

/** @param {AskPassword} askPassword */
export function secondFactorCard(askPassword) {
  const box = h("div");
  const showActions = () => {
    const setUp = async () => showSetup(box, showActions, await post("/auth/mfa/totp"));
    const renew = () => renewCodes(box, showActions, askPassword);
    const remove = async () => {
      await askPassword("Remove the second factor", "Remove", (body) =>
        del("/auth/mfa/totp", body),
      );
    };
    const canRenew = hasOperation("POST /auth/mfa/recovery-codes");
    const text = "A code from an authenticator app, which you enter at each sign-in.";
    fill(
      box,
      h("p", { class: "hint", text }),
      h(
        "div",
        { class: "actions" },
        button("Set up", "mfa-setup", setUp),
        canRenew && button("New recovery codes", "mfa-renew", renew),
        button("Remove", "mfa-remove", remove),
      ),
    );
  };
  showActions();
  return card("Second factor", box);
}

/**
 * showSetup shows the new secret and asks for a first code of it.
 *
 * @param {HTMLElement} box
 * @param {() => void} showActions
 * @param {Schemas["AuthSetup"]} setup
 */
function showSetup(box, showActions, { secret, otpauth_url }) {
  const open = h("a", { text: "Open in an authenticator app", testid: "mfa-open" });
  if (otpauth_url.startsWith("otpauth:")) open.setAttribute("href", otpauth_url);
  const confirm = form("mfa-confirm", {
    fields: [
      {
        name: "code",
        label: "Code",
        inputmode: "numeric",
        autocomplete: "one-time-code",
        required: true,
      },
    ],
    submit: "Confirm",
    send: async (body) => {
      /** @type {Schemas["AuthConfirm"]} */
      const { recovery_codes } = await post("/auth/mfa/totp/confirm", body);
      const text =
        "The second factor is on. Keep these recovery codes; each works once and they are not " +
        "shown again.";
      showCodes(box, showActions, text, recovery_codes);
    },
  });
  fill(
    box,
    h("p", { text: "Add this key to your authenticator app, then enter the code it shows." }),
    h("p", {}, h("code", { class: "secret", text: secret, testid: "mfa-secret" })),
    h("p", {}, open),
    confirm,
  );
}

/**
 * @param {HTMLElement} box
 * @param {() => void} showActions
 * @param {AskPassword} askPassword
 */
async function renewCodes(box, showActions, askPassword) {
  /** @type {string[]} */
  let codes = [];
  const isRenewed = await askPassword("Replace your recovery codes", "Replace", async (body) => {
    codes = (await post("/auth/mfa/recovery-codes", body)).recovery_codes;
  });
  if (!isRenewed) return;
  const text = "These codes replace the old ones. Each works once, and they are not shown again.";
  showCodes(box, showActions, text, codes);
}

/**
 * @param {HTMLElement} box
 * @param {() => void} showActions
 * @param {string} text
 * @param {string[]} codes
 */
function showCodes(box, showActions, text, codes) {
  fill(
    box,
    h("p", { text }),
    h("pre", { testid: "mfa-recovery", text: codes.join("\n") }),
    button("Done", "mfa-done", showActions),
  );
}
