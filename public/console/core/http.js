// Requests to the API: tokens, one refresh for all tabs, problem documents as errors.

import { session, saveSession, clearSession } from "./store.js";

/** @typedef {import("api").components["schemas"]} Schemas the types of tools/web/api.d.ts */

/**
 * A page of a list. Its cursor is null at the end.
 *
 * @template T
 * @typedef {{ items: T[], next_cursor?: string | null }} Page
 */

/**
 * @typedef {object} RequestOptions
 * @property {any} [body] sent as JSON, or as it is if `type` names its content type
 * @property {string} [type]
 * @property {Record<string, any>} [query] parameters; empty values are left out
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {boolean} [anonymous] sends no token
 * @property {"json" | "blob"} [as] how the answer is read; JSON by default
 */

/**
 * The problem document of an answer. The status is 0 if the server gave no answer at all.
 */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Partial<Schemas["Problem"]>} problem
   * @param {Headers} [headers]
   */
  constructor(status, problem, headers) {
    super(problem.detail || problem.title || "Something went wrong. Try again.");
    this.status = status;
    this.problem = problem;
    this.code = problem.code;
    this.errors = problem.errors || [];
    /** Seconds until the request may be sent again, 0 if the server names none. */
    this.retryAfter = Number(headers?.get("Retry-After")) || 0;
  }
}

/**
 * isAborted reports whether an error only says that the view was left.
 *
 * @param {unknown} error
 */
export const isAborted = (error) => error instanceof Error && error.name === "AbortError";

/**
 * hasCode reports whether an error is a problem with the given code.
 *
 * @param {unknown} error
 * @param {...string} codes
 * @returns {error is ApiError}
 */
export const hasCode = (error, ...codes) =>
  error instanceof ApiError && codes.includes(error.code || "");

/**
 * hasStatus reports whether an error is an answer with one of the statuses.
 *
 * @param {unknown} error
 * @param {...number} statuses
 * @returns {error is ApiError}
 */
export const hasStatus = (error, ...statuses) =>
  error instanceof ApiError && statuses.includes(error.status);

/**
 * messageOf returns what an error says to a person.
 *
 * @param {unknown} error
 */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * request sends a request and returns the data and the ETag of the answer. It throws an ApiError
 * for every answer that is not 2xx, and an AbortError if the signal ends the request. An expired
 * access token is refreshed and the request is sent once more.
 *
 * @param {string} method
 * @param {string} path
 * @param {RequestOptions} [options]
 */
export async function request(method, path, options = {}) {
  const token = options.anonymous ? null : session()?.access_token;
  let response = await send(method, path, options, token);
  if (response.status === 401 && token) {
    response = await send(method, path, options, await replaceToken(token, response));
  }
  if (!response.ok) {
    throw new ApiError(response.status, await readProblem(response), response.headers);
  }
  const data = options.as === "blob" ? await response.blob() : await readJSON(response);
  return { status: response.status, data, etag: response.headers.get("ETag") };
}

/**
 * replaceToken returns the token to use after an answer with 401. It throws if no other token helps.
 *
 * @param {string} token
 * @param {Response} response
 */
async function replaceToken(token, response) {
  const problem = await readProblem(response);
  if (problem.code === "token-expired") return refreshToken(token);
  if (problem.code !== "invalid-token") throw new ApiError(401, problem, response.headers);
  // Another tab may have refreshed the session while the request was under way.
  const current = session();
  if (current && current.access_token !== token) return current.access_token;
  clearSession();
  throw sessionEnded(problem);
}

/** @param {Partial<Schemas["Problem"]>} problem */
const sessionEnded = (problem) =>
  new ApiError(401, { ...problem, detail: "Your session has ended. Please sign in again." });

/**
 * get returns the data of a GET request.
 *
 * @param {string} path
 * @param {Record<string, any>} [query]
 * @param {RequestOptions} [options]
 * @returns {Promise<any>}
 */
export const get = async (path, query, options) =>
  (await request("GET", path, { ...options, query })).data;

/** @param {string} method */
const sender =
  (method) =>
  /**
   * @param {string} path
   * @param {any} [body]
   * @param {RequestOptions} [options]
   * @returns {Promise<any>}
   */
  async (path, body, options) =>
    (await request(method, path, { ...options, body })).data;

export const post = sender("POST");
export const put = sender("PUT");
export const patch = sender("PATCH");
export const del = sender("DELETE");

/**
 * readAll returns the items of all pages of a list.
 *
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any[]>}
 */
export async function readAll(path, signal) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { limit: 100, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {RequestOptions} options
 * @param {string | null} [token]
 */
async function send(method, path, { body, type, query, headers, signal }, token) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query || {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/json", ...headers };
  if (token) sent.Authorization = "Bearer " + token;
  if (body !== undefined) sent["Content-Type"] = type || "application/json";
  try {
    return await fetch(url, {
      method,
      signal,
      headers: sent,
      credentials: "omit",
      cache: "no-cache",
      body: body === undefined || type ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError(0, {
      title: "No answer",
      detail: "The server can't be reached. Check your connection and try again.",
    });
  }
}

/** @param {Response} response */
async function readJSON(response) {
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/**
 * @param {Response} response
 * @returns {Promise<Partial<Schemas["Problem"]>>}
 */
async function readProblem(response) {
  try {
    return await response.json();
  } catch {
    return { title: response.statusText || "Error", status: response.status };
  }
}

/** @type {Promise<string> | null} */
let pendingRefresh = null;

/**
 * refreshToken trades the refresh token for new tokens and returns the access token. All requests of
 * a page share one trade; tabs take turns, and the later ones find a token that is not stale.
 *
 * @param {string} stale
 */
function refreshToken(stale) {
  pendingRefresh ||= runExclusively(() => tradeToken(stale)).finally(() => {
    pendingRefresh = null;
  });
  return pendingRefresh;
}

/**
 * @param {() => Promise<string>} work
 * @returns {Promise<string>}
 */
async function runExclusively(work) {
  return globalThis.navigator?.locks ? navigator.locks.request("lyceum.refresh", work) : work();
}

/** @param {string} stale */
async function tradeToken(stale) {
  const current = session();
  if (!current) {
    throw new ApiError(401, {
      code: "unauthenticated",
      title: "Signed out",
      detail: "Please sign in.",
    });
  }
  if (current.access_token !== stale) return current.access_token;
  try {
    const body = { refresh_token: current.refresh_token };
    /** @type {Schemas["AuthToken"]} */
    const answer = await post("/auth/refresh", body, { anonymous: true });
    saveSession(answer);
    return answer.access_token;
  } catch (error) {
    if (!hasStatus(error, 401, 403)) throw error;
    clearSession();
    throw sessionEnded(error.problem);
  }
}

/**
 * freshToken returns an access token that is valid for the given time at least, or null if nobody is
 * signed in.
 *
 * @param {number} [validForMs]
 */
export async function freshToken(validForMs = 45000) {
  const current = session();
  if (!current) return null;
  const isFresh = current.expires_at - Date.now() >= validForMs;
  return isFresh ? current.access_token : refreshToken(current.access_token);
}
