// Addresses of the console: #/courses/intro?q=go. Links in mails use paths of their own (/join,
// /verify, /reset, /email) with the secret behind the #, where no server sees it.

/**
 * What a view gets.
 *
 * @typedef {object} ViewContext
 * @property {HTMLElement} box the element that the view fills
 * @property {Record<string, string>} params the parts of the address that `:name` matched
 * @property {URLSearchParams} query
 * @property {AbortSignal} signal aborted when the visitor leaves the view
 * @property {string} [token] the secret of a mail's link, for the first view only
 * @property {string} [code] the invite code of a link, for the first view only
 *
 * @typedef {(context: ViewContext) => unknown} View
 *
 * @typedef {object} RouteOptions
 * @property {string} [role] the least role that may open it; everybody may without
 * @property {string} [title] the title of the page
 *
 * @typedef {[pattern: string, view: View, options?: RouteOptions]} RouteRow
 *
 * @typedef {object} Route
 * @property {string[]} parts
 * @property {View} view
 * @property {RouteOptions} options
 *
 * @typedef {Route & { params: Record<string, string> }} RouteMatch
 *
 * @typedef {object} Address
 * @property {string} hash all of it, without the #
 * @property {string} path
 * @property {URLSearchParams} query
 */

/** @type {Route[]} */
let routes = [];
let leaving = new AbortController();

/** @type {(match: RouteMatch | null, address: Address & { signal: AbortSignal }) => void} */
let onRoute = () => {};

/**
 * defineRoutes sets the routes and what runs when an address opens. `:name` in a pattern matches one
 * part of an address.
 *
 * @param {RouteRow[]} rows
 * @param {typeof onRoute} opened
 */
export function defineRoutes(rows, opened) {
  routes = rows.map(compileRoute);
  onRoute = opened;
}

/**
 * compileRoute returns the route of a row.
 *
 * @param {RouteRow} row
 * @returns {Route}
 */
export const compileRoute = ([pattern, view, options = {}]) => ({
  parts: splitPath(pattern),
  view,
  options,
});

/** @param {string} path */
const splitPath = (path) => path.split("/").filter(Boolean);

/**
 * matchRoute returns the first route that a path fits, with the values of its `:name` parts, or null.
 *
 * @param {Route[]} routes
 * @param {string} path
 * @returns {RouteMatch | null}
 */
export function matchRoute(routes, path) {
  const parts = splitPath(path).map(decodePart);
  for (const route of routes) {
    if (route.parts.length !== parts.length) continue;
    /** @type {Record<string, string>} */
    const params = {};
    const fits = route.parts.every((part, i) => {
      if (!part.startsWith(":")) return part === parts[i];
      params[part.slice(1)] = parts[i];
      return true;
    });
    if (fits) return { ...route, params };
  }
  return null;
}

/** @param {string} part */
function decodePart(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a % that encodes nothing is taken as it is
  }
}

/**
 * parseAddress reads the fragment of a URL. Fragments that are no address of the console lead to the
 * courses.
 *
 * @param {string} fragment
 * @returns {Address}
 */
export function parseAddress(fragment) {
  const hash = fragment.startsWith("#/") ? fragment.slice(1) : "/courses";
  const [path, search = ""] = hash.split("?");
  return { hash, path, query: new URLSearchParams(search) };
}

/** currentAddress returns the address that is open. */
export const currentAddress = () => parseAddress(location.hash);

/** @type {Record<string, { address: string, secret: "token" | "code" }>} */
const mailLinks = {
  "/verify": { address: "/verify", secret: "token" },
  "/reset": { address: "/reset", secret: "token" },
  "/email": { address: "/email", secret: "token" },
  "/join": { address: "/redeem", secret: "code" },
};

/**
 * parseMailLink returns the address that a mail's link stands for and the secret in it, or null for
 * other URLs.
 *
 * @param {string} pathname
 * @param {string} fragment
 * @returns {{ address: string, secrets: { token?: string, code?: string } } | null}
 */
export function parseMailLink(pathname, fragment) {
  const unsubscribe = /^\/notifications\/unsubscribe\/([^/]+)$/.exec(pathname);
  if (unsubscribe)
    return { address: "/unsubscribe", secrets: { token: decodePart(unsubscribe[1]) } };
  const link = mailLinks[pathname.replace(/\/+$/, "")];
  if (!link) return null;
  const value = new URLSearchParams(fragment.slice(1)).get(link.secret) || "";
  return { address: link.address, secrets: { [link.secret]: value } };
}

/**
 * takeMailLink returns the secrets of the mail's link by which the page was opened. It takes them
 * out of the address bar and the history, and puts the address of the console there.
 */
export function takeMailLink() {
  const link = parseMailLink(location.pathname, location.hash);
  if (!link) return {};
  history.replaceState(null, "", "/#" + link.address);
  return link.secrets;
}

/**
 * goTo opens an address of the console.
 *
 * @param {string} address
 */
export function goTo(address) {
  if (location.hash === "#" + address) showCurrent();
  else location.hash = address;
}

/**
 * signInAddress returns the address of the sign-in page that leads back to the page that is open.
 */
export const signInAddress = () => "/signin?next=" + encodeURIComponent(currentAddress().hash);

/** showCurrent draws the view of the current address. The view before it is told by its signal. */
export function showCurrent() {
  leaving.abort();
  leaving = new AbortController();
  const address = currentAddress();
  onRoute(matchRoute(routes, address.path), { ...address, signal: leaving.signal });
}
