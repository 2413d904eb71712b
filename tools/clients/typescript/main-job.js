// Registers an account, invites it, redeems the invite, reports progress in a course and talks in a channel.
// LYCEUM_URL is the address of the server, LYCEUM_ADMIN and LYCEUM_PASSWORD are an administrator's.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";

/** @import { paths } from "./lyceum" */

const baseUrl = process.env.LYCEUM_URL;
const password = "correct horse battery";

/**
 * Returns a client whose requests carry the access token.
 *
 * @param {string} [token]
 */
function clientWith(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return /** @type {typeof createClient<paths>} */ (createClient)({ baseUrl, headers });
}

/**
 * Returns the data of an answer, or throws the problem.
 *
 * @template T
 * @param {{ data?: T, error?: unknown, response: Response }} answer
 * @returns {NonNullable<T>}
 */
function dataOf({ data, error, response }) {
  if (!data) throw new Error(`${response.status}: ${JSON.stringify(error)}`);
  return data;
}

/**
 * Logs an account in and returns its client.
 *
 * @param {string} email
 * @param {string} secret
 */
async function signIn(email, secret) {
  const login = await clientWith().POST("/auth/login", { body: { email, password: secret } });
  return clientWith(dataOf(login).access_token);
}

const admin = await signIn(process.env.LYCEUM_ADMIN ?? "", process.env.LYCEUM_PASSWORD ?? "");
const course = dataOf(
  await admin.POST("/courses", {
    body: { title: "Generated clients", visibility: "member", status: "published" },
  }),
);
const lesson = dataOf(
  await admin.POST("/courses/{id}/lessons", {
    params: { path: { id: course.id } },
    body: { title: "One" },
  }),
);

const email = `ts-client-${Date.now().toString(36)}@example.org`;
dataOf(await clientWith().POST("/auth/register", { body: { email, password } }));
const learner = await signIn(email, password);

const refused = await learner.GET("/courses/{id}", { params: { path: { id: course.id } } });
assert.equal(refused.error?.code, "forbidden", "a course for members is closed to users");

const invite = dataOf(await admin.POST("/admin/invites", { body: { role_to_grant: "member" } }));
const redeemed = dataOf(await learner.POST("/invites/redeem", { body: { code: invite.code ?? "" } }));
assert.equal(redeemed.role, "member");

const progress = dataOf(
  await learner.PUT("/courses/{id}/lessons/{lesson_id}/progress", {
    params: { path: { id: course.id, lesson_id: lesson.id } },
    body: { percent: 100 },
  }),
);
assert.equal(progress.completed, true);

const sent = dataOf(
  await learner.POST("/channels/{slug}/messages", {
    params: { path: { slug: "hq" } },
    body: { body: "Hello from TypeScript" },
  }),
);
assert.equal(sent.body, "Hello from TypeScript");
console.log(`${email} completed ${course.title} and said hello`);
