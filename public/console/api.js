// Speaks to the API: tokens, one refresh for all tabs, problem+json as errors.

import { session, keep, forget } from "./session.js";

// ApiError carries the problem document of an answer; status 0 means that none came.
export class ApiError extends Error {
  constructor(status, problem, headers) {
    super(problem.detail || problem.title || "Something went wrong");
    this.status = status;
    this.problem = problem;
    this.code = problem.code;
    this.errors = problem.errors || [];
    this.retryAfter = Number(headers?.get("Retry-After")) || 0;
  }
}

// request sends one request and gives {status, data, etag}. Options: body (JSON, or as it is with `type`), query,
// headers, signal, anonymous (no token), as ("json", "blob").
export async function request(method, path, options = {}) {
  const token = options.anonymous ? null : session()?.access_token;
  let response = await send(method, path, options, token);
  if (response.status === 401 && token) {
    const problem = await problemOf(response);
    if (problem.code === "token-expired") {
      response = await send(method, path, options, await refresh(token));
    } else if (problem.code === "invalid-token") {
      // Another tab may have renewed the session while this request was under way.
      if (session() && session().access_token !== token) {
        response = await send(method, path, options, session().access_token);
      } else {
        forget();
        throw new ApiError(401, { ...problem, detail: "Your session has ended. Please sign in again." });
      }
    } else {
      throw new ApiError(401, problem, response.headers);
    }
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response), response.headers);
  const data = options.as === "blob" ? await response.blob() : await json(response);
  return { status: response.status, data, etag: response.headers.get("ETag") };
}

const short = (method) => async (path, body, options) => (await request(method, path, { ...options, body })).data;
export const get = async (path, query, options) => (await request("GET", path, { ...options, query })).data;
export const post = short("POST");
export const put = short("PUT");
export const patch = short("PATCH");
export const del = short("DELETE");

async function send(method, path, { body, type, query, headers, signal }, token) {
  const url = new URL(path, location.origin);
  for (const [key, value] of Object.entries(query || {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(key, value);
  }
  const all = { Accept: "application/json", ...headers };
  if (token) all.Authorization = "Bearer " + token;
  if (body !== undefined) all["Content-Type"] = type || "application/json";
  try {
    return await fetch(url, {
      method, signal, headers: all, credentials: "omit", cache: "no-cache",
      body: body === undefined || type ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { title: "No answer", detail: "The server can't be reached. Check the connection and try again." });
  }
}

async function json(response) {
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return { title: response.statusText || "Error", status: response.status };
  }
}

let pending = null;

// refresh trades the refresh token for new ones and gives the access token. Requests of one page
// share a single trade; tabs take turns, and whoever comes second finds the work done.
export function refresh(stale) {
  pending ||= exclusively(() => trade(stale)).finally(() => { pending = null; });
  return pending;
}

function exclusively(work) {
  return navigator.locks ? navigator.locks.request("lyceum.refresh", work) : work();
}

async function trade(stale) {
  const now = session();
  if (!now) throw new ApiError(401, { code: "unauthenticated", title: "Signed out", detail: "Please sign in." });
  if (now.access_token !== stale) return now.access_token;
  try {
    const answer = await post("/auth/refresh", { refresh_token: now.refresh_token }, { anonymous: true });
    keep(answer);
    return answer.access_token;
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      forget();
      throw new ApiError(401, { ...error.problem, detail: "Your session has ended. Please sign in again." });
    }
    throw error;
  }
}

// freshToken gives an access token that is good for a while yet.
export async function freshToken(atLeastMs = 45000) {
  const now = session();
  if (!now) return null;
  return now.expires_at - Date.now() < atLeastMs ? refresh(now.access_token) : now.access_token;
}
