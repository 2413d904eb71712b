// The session of this browser: tokens and account. It is kept in localStorage, so that all tabs
// share it; a change by another tab arrives as a storage event.

/** @import { Schemas } from "./http.js" */

/**
 * @typedef {Schemas["AuthUser"]} User
 *
 * @typedef {object} Session
 * @property {string} access_token
 * @property {string} refresh_token
 * @property {number} expires_at milliseconds since 1970 at which the access token expires
 * @property {User} user
 */

const storageKey = "lyceum.session";

/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * parseSession returns a stored session, or null if the text holds none.
 *
 * @param {string | null} text
 * @returns {Session | null}
 */
function parseSession(text) {
  try {
    return JSON.parse(text || "null");
  } catch {
    return null;
  }
}

/** session returns the current session, or null if nobody is signed in. */
export const session = () => parseSession(localStorage.getItem(storageKey));

/** user returns the account that is signed in, or null. */
export const user = () => session()?.user || null;

/**
 * saveSession stores the answer of a sign-in or a refresh.
 *
 * @param {Schemas["AuthToken"]} answer
 */
export function saveSession(answer) {
  const before = session();
  const next = {
    access_token: answer.access_token,
    refresh_token: answer.refresh_token,
    expires_at: Date.now() + answer.expires_in * 1000,
    user: answer.user || before?.user,
  };
  localStorage.setItem(storageKey, JSON.stringify(next));
  notifyListeners(before);
}

/**
 * saveUser replaces what is stored about the account, if one is signed in.
 *
 * @param {User} changed
 */
export function saveUser(changed) {
  const before = session();
  if (!before) return;
  localStorage.setItem(storageKey, JSON.stringify({ ...before, user: changed }));
  notifyListeners(before);
}

/** clearSession ends the session in this browser. The server still knows it. */
export function clearSession() {
  const before = session();
  localStorage.removeItem(storageKey);
  notifyListeners(before);
}

/**
 * onUserChange registers a listener that runs when another account, none, or the same account with
 * other data is signed in. New tokens alone are no change.
 *
 * @param {() => void} listener
 */
export function onUserChange(listener) {
  listeners.add(listener);
}

/** @param {Session | null} before */
function notifyListeners(before) {
  const describe = (/** @type {Session | null} */ s) => JSON.stringify(s?.user || null);
  if (describe(before) === describe(session())) return;
  for (const listener of listeners) listener();
}

addEventListener("storage", (event) => {
  // A null key means that all of the storage was cleared.
  if (event.key === storageKey || event.key === null) notifyListeners(parseSession(event.oldValue));
});
