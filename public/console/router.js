// Addresses inside the page: #/courses/intro?q=go. Links in mails use paths of their own
// (/join, /verify, /reset, /email) with the secret behind the #, where no server sees it.

let routes = [];
let leaving = new AbortController();
let onRoute = () => {};

// go opens an address of the console.
export function go(address) {
  if (location.hash === "#" + address) show();
  else location.hash = address;
}

// define takes [pattern, view, options] rows; `:name` in a pattern matches one part.
export function define(rows, changed) {
  routes = rows.map(([pattern, view, options = {}]) => ({
    parts: pattern.split("/").filter(Boolean), view, options,
  }));
  onRoute = changed;
}

function match(path) {
  const parts = path.split("/").filter(Boolean).map((p) => {
    try { return decodeURIComponent(p); } catch { return p; }
  });
  for (const route of routes) {
    if (route.parts.length !== parts.length) continue;
    const params = {};
    const fits = route.parts.every((p, i) => (p[0] === ":" ? (params[p.slice(1)] = parts[i], true) : p === parts[i]));
    if (fits) return { ...route, params };
  }
  return null;
}

// here is the address that is open.
export function here() {
  const hash = location.hash.startsWith("#/") ? location.hash.slice(1) : "/courses";
  const [path, search = ""] = hash.split("?");
  return { hash, path, query: new URLSearchParams(search) };
}

// entrance turns a mail's link into an address of the console, once, when the page loads, and takes
// the secret out of the address bar and the history.
export function entrance() {
  const doors = { "/verify": ["/verify", "token"], "/reset": ["/reset", "token"], "/email": ["/email", "token"], "/join": ["/redeem", "code"] };
  const link = /^\/notifications\/unsubscribe\/([^/]+)$/.exec(location.pathname);
  if (link) {
    history.replaceState(null, "", "/#/unsubscribe");
    return { token: decodeURIComponent(link[1]) };
  }
  const door = doors[location.pathname.replace(/\/+$/, "")];
  if (!door) return {};
  const [address, name] = door;
  const value = new URLSearchParams(location.hash.slice(1)).get(name) || "";
  history.replaceState(null, "", "/#" + address);
  return { [name]: value };
}

// show draws the view for the address; the one before learns through its signal that it is over.
export function show() {
  leaving.abort();
  leaving = new AbortController();
  const place = here();
  onRoute(match(place.path), { ...place, signal: leaving.signal });
}
