// The start of the console: it loads the panels of the enabled modules, draws the navigation, and
// opens the view of the current address.

import { narrowCard } from "./core/controls.js";
import { h, fill, icon } from "./core/dom.js";
import { explain } from "./core/feedback.js";
import { logOut } from "./core/logout.js";
import { hasRole } from "./core/roles.js";
import {
  currentAddress,
  defineRoutes,
  goTo,
  showCurrent,
  signInAddress,
  takeMailLink,
} from "./core/router.js";
import { loadSchema } from "./core/schema.js";
import { isEnabled, loadServer, panelScripts } from "./core/server.js";
import { session, user, onUserChange } from "./core/store.js";
import { refreshUnread, showUnread, unreadBadge, watchUnread } from "./core/unread.js";

/** @import { Address, RouteMatch, RouteRow } from "./core/router.js" */

/**
 * An entry of the navigation.
 *
 * @typedef {object} Place
 * @property {string} name
 * @property {string} address
 * @property {string} [role] the least role that sees it; everybody does without
 * @property {string} icon a drawing of icons.svg
 * @property {number} order
 *
 * What panel.js of a module exports.
 *
 * @typedef {object} Panel
 * @property {RouteRow[]} routes
 * @property {Place[]} [places]
 */

const main = findElement("main");
const nav = findElement("nav");
const menu = findElement("menu");

/** @type {Place[]} */
let places = [];
let mailSecrets = takeMailLink(); // for the first view only
let hasMailbox = false;
let isFirstPage = true; // keeps the focus where the browser put it

/**
 * findElement returns an element of index.html.
 *
 * @param {string} id
 */
function findElement(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error("the page has no element " + id);
  return element;
}

/** start loads what the console needs and opens the current address. */
async function start() {
  try {
    const [routes] = await Promise.all([loadPanels(), loadServer(), loadSchema()]);
    defineRoutes(routes, openRoute);
  } catch (error) {
    fill(
      main,
      explain(error, () => location.reload()),
    );
    return;
  }
  addEventListener("hashchange", () => {
    // Other fragments, such as #main of the skip link, are places on this page.
    if (!location.hash || location.hash.startsWith("#/")) showCurrent();
  });
  watchUser();
  showCurrent();
  watchUnread();
  findMailbox();
}

/**
 * loadPanels loads the panels and returns their routes.
 *
 * @returns {Promise<RouteRow[]>}
 */
async function loadPanels() {
  const scripts = await panelScripts();
  /** @type {Panel[]} */
  const panels = await Promise.all(scripts.map((script) => import(script)));
  places = panels.flatMap((panel) => panel.places || []).sort((a, b) => a.order - b.order);
  return panels.flatMap((panel) => panel.routes);
}

/** watchUser draws anew what depends on the account when another one or none is signed in. */
function watchUser() {
  let before = user()?.id;
  onUserChange(() => {
    drawNav();
    const now = user()?.id;
    if (before && !now) showCurrent(); // signed out, here or in another tab
    before = now;
    refreshUnread();
  });
}

/** findMailbox shows the way to the development mailbox where the server has one. */
async function findMailbox() {
  const answer = await fetch("/dev/mailbox", { method: "HEAD" }).catch(() => null);
  hasMailbox = answer?.ok === true;
  if (hasMailbox) drawNav();
}

/**
 * openRoute shows the view of an address, or why there is none.
 *
 * @param {RouteMatch | null} route
 * @param {Address & { signal: AbortSignal }} address
 */
function openRoute(route, address) {
  if (!location.hash && !isEnabled("courses")) return goTo(session() ? "/account" : "/signin");
  menu.setAttribute("aria-expanded", "false");
  drawNav();
  fill(main);
  scrollTo(0, 0);
  const { role, title = "Not found" } = route?.options || {};
  document.title = title + " · Lyceum";
  if (role && !session()) return goTo(signInAddress());
  if (!route) fill(main, notFound());
  else if (role && !hasRole(role)) fill(main, notAllowed(role));
  else route.view({ ...address, ...mailSecrets, params: route.params, box: main });
  mailSecrets = {};
  if (!isFirstPage) main.querySelector("h1")?.focus({ preventScroll: true });
  isFirstPage = false;
}

const notFound = () =>
  narrowCard(
    "Page not found",
    h("p", { text: "There is no page at this address." }),
    h("a", { class: "button", href: "#/courses", text: "Go to the courses" }),
  );

/** @param {string} role */
const notAllowed = (role) =>
  narrowCard(
    "No access",
    h("p", {
      text: `This page needs the role “${role}”. Ask an administrator to give it to you.`,
    }),
  );

/** drawNav draws the navigation for the account that is signed in. */
function drawNav() {
  const me = user();
  const shown = places.filter(({ role }) => !role || (me && hasRole(role)));
  fill(
    nav,
    h("ul", {}, shown.map(navItem)),
    h(
      "ul",
      { class: "nav-foot" },
      h("li", {}, h("a", { href: "/docs", testid: "nav-docs" }, icon("code"), navText("API"))),
      hasMailbox && mailboxItem(),
      me ? accountItems(me.display_name || me.email) : navItem(signInPlace),
    ),
  );
  showUnread();
}

/** @param {string} text */
const navText = (text) => h("span", { text });

const signInPlace = { name: "Sign in", address: "/signin", icon: "person" };

/** @param {Pick<Place, "name" | "address" | "icon">} place */
function navItem({ name, address, icon: drawing }) {
  const { path } = currentAddress();
  const isCurrent = path === address || path.startsWith(address + "/");
  const props = {
    href: "#" + address,
    testid: "nav-" + address.slice(1),
    "aria-current": isCurrent ? "page" : null,
  };
  const badge = address === "/notifications" && unreadBadge();
  return h("li", {}, h("a", props, icon(drawing), navText(name), badge));
}

const mailboxItem = () =>
  h(
    "li",
    {},
    h("a", { href: "/dev/mailbox", testid: "nav-mailbox" }, icon("mail"), navText("Mailbox")),
  );

/** @param {string} name */
const accountItems = (name) => [
  navItem({ name, address: "/account", icon: "person" }),
  h(
    "li",
    {},
    h(
      "button",
      { type: "button", testid: "nav-logout", on: { click: logOut } },
      icon("out"),
      navText("Log out"),
    ),
  ),
];

menu.addEventListener("click", () => {
  const isOpen = menu.getAttribute("aria-expanded") === "true";
  menu.setAttribute("aria-expanded", String(!isOpen));
});

nav.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("a")) {
    menu.setAttribute("aria-expanded", "false");
  }
});

start();
