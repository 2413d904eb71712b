import assert from "node:assert/strict";
import test from "node:test";

import { FakeStorage, installBrowser } from "./browser.js";

const listeners = installBrowser();
const { clearSession, onUserChange, saveSession, saveUser, session, user } =
  await import("../store.js");

/** @type {import("../store.js").User} */
const jane = {
  id: "1",
  email: "jane@example.com",
  display_name: "Jane",
  email_verified: true,
  role: "member",
  created_at: "2027-01-02T15:04:05.000Z",
};

/** @param {Partial<Parameters<typeof saveSession>[0]>} [changed] */
const answer = (changed) => ({
  access_token: "access",
  refresh_token: "refresh",
  expires_in: 900,
  token_type: /** @type {const} */ ("Bearer"),
  user: jane,
  ...changed,
});

let changes = 0;
onUserChange(() => changes++);

test.beforeEach(() => {
  globalThis.localStorage = /** @type {any} */ (new FakeStorage());
  changes = 0;
});

test("nobody is signed in at first", () => {
  assert.equal(session(), null);
  assert.equal(user(), null);
});

test("a session is kept with the time of its end", () => {
  const before = Date.now();
  saveSession(answer());
  const kept = session();
  assert.equal(kept?.access_token, "access");
  assert.ok(kept && kept.expires_at >= before + 900000 && kept.expires_at <= Date.now() + 900000);
  assert.deepEqual(user(), jane);
  assert.equal(changes, 1);
});

test("new tokens of the same account are no change", () => {
  saveSession(answer());
  saveSession(answer({ access_token: "second" }));
  assert.equal(session()?.access_token, "second");
  assert.equal(changes, 1);
});

test("an answer without an account keeps the account", () => {
  saveSession(answer());
  saveSession(answer({ user: undefined }));
  assert.deepEqual(user(), jane);
});

test("another role is a change", () => {
  saveSession(answer());
  saveUser({ ...jane, role: "admin" });
  assert.equal(user()?.role, "admin");
  assert.equal(session()?.refresh_token, "refresh");
  assert.equal(changes, 2);
});

test("without a session there is no account to change", () => {
  saveUser(jane);
  assert.equal(session(), null);
  assert.equal(changes, 0);
});

test("signing out is a change, once", () => {
  saveSession(answer());
  clearSession();
  clearSession();
  assert.equal(session(), null);
  assert.equal(changes, 2);
});

test("another tab that signs out is heard", () => {
  saveSession(answer());
  const oldValue = localStorage.getItem("lyceum.session");
  localStorage.removeItem("lyceum.session");
  listeners.storage({ key: "lyceum.session", oldValue });
  listeners.storage({ key: "something else", oldValue });
  assert.equal(changes, 2);
});

test("a stored value that is none counts as signed out", () => {
  localStorage.setItem("lyceum.session", "{broken");
  assert.equal(session(), null);
  listeners.storage({ key: null, oldValue: "{broken" });
  assert.equal(changes, 0);
});
