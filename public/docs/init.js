// Draws the API document with Swagger UI. Requests are sent as the account that is signed in at the
// console, whose session is refreshed as needed. Nothing is loaded from elsewhere.

import { freshToken } from "/console/core/http.js";
import { onUserChange, user } from "/console/core/store.js";

/**
 * @typedef {object} DocsRequest a request of Swagger UI
 * @property {string} url
 * @property {Record<string, string>} headers
 */

/**
 * addToken adds the access token of the console's session to a request to this server, unless the
 * visitor has entered a token of their own.
 *
 * @param {DocsRequest} request
 */
async function addToken(request) {
  const { origin, pathname } = new URL(request.url, location.origin);
  if (origin !== location.origin || pathname === "/openapi.json" || request.headers.Authorization) {
    return request;
  }
  const token = await freshToken().catch(() => null); // an ended session is none
  if (token) request.headers.Authorization = "Bearer " + token;
  return request;
}

/** showAccount says in the header whose account requests are sent with. */
function showAccount() {
  const link = /** @type {HTMLElement} */ (document.querySelector("[data-testid=docs-account]"));
  const account = user();
  link.textContent = account
    ? `Signed in as ${account.display_name || account.email}`
    : "Sign in at the console";
}

onUserChange(showAccount);
showAccount();

const { SwaggerUIBundle } = /** @type {any} */ (globalThis);
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: addToken,
});
