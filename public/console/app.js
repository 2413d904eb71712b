// The console: navigation, and which panel an address opens.

import { h, fill, icon } from "./dom.js";
import { session, user, hasRole, onChange } from "./session.js";
import { loadModules, enabled, panelScripts } from "./modules.js";
import { define, entrance, here, show, go } from "./router.js";
import { explain } from "./ui.js";
import { paintBadge, refreshBadge } from "./badge.js";
import { logOut } from "./logout.js";

// What the panels of the modules put into the navigation: name, address, role (none: everybody), icon, order.
let places = [];

const box = document.getElementById("main");
const nav = document.getElementById("nav");
const toggle = document.getElementById("menu");
let door = entrance(); // what a link from a mail brought along, used by the first view only
let mailbox = false;

function drawNav() {
  const { path } = here();
  const item = ({ name, address, icon: picture }) => h("li", {}, h("a", { href: "#" + address, testid: "nav-" + address.slice(1),
    "aria-current": path === address || path.startsWith(address + "/") ? "page" : null }, icon(picture), h("span", { text: name }),
  address === "/notifications" && h("span", { class: "count", "data-badge": "notifications", testid: "notification-badge", hidden: true })));
  const me = user();
  fill(nav, h("ul", {}, places.filter(({ role }) => !role || (me && hasRole(role))).map(item)),
    h("ul", { class: "nav-foot" },
      h("li", {}, h("a", { href: "/docs", testid: "nav-docs" }, icon("code"), h("span", { text: "API" }))),
      mailbox && h("li", {}, h("a", { href: "/dev/mailbox", testid: "nav-mailbox" }, icon("mail"), h("span", { text: "Mailbox" }))),
      me ? [item({ name: me.display_name || me.email, address: "/account", icon: "person" }),
        h("li", {}, h("button", { type: "button", testid: "nav-logout", on: { click: logOut } }, icon("out"), h("span", { text: "Log out" })))]
        : item({ name: "Sign in", address: "/signin", icon: "person" })));
  paintBadge();
}

function open(route, place) {
  if (!location.hash && !enabled("courses")) return go(session() ? "/account" : "/signin");
  toggle.setAttribute("aria-expanded", "false");
  drawNav();
  fill(box);
  scrollTo(0, 0);
  const { role, title } = route?.options || {};
  document.title = (title || "Not found") + " · Lyceum";
  if (!route) {
    fill(box, h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: "Not here" }), h("p", { text: "There is no such page." }),
      h("a", { class: "button", href: "#/courses", text: "To the courses" })));
  } else if (role && !session()) {
    return go("/signin?next=" + encodeURIComponent(place.hash));
  } else if (role && !hasRole(role)) {
    fill(box, h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: "Not for this account" }), h("p", { text: `This needs the role ${role}.` })));
  } else {
    route.view({ ...place, ...door, params: route.params, box });
  }
  door = {};
  if (moved) box.querySelector("h1")?.focus({ preventScroll: true });
  moved = true;
}

let moved = false; // the first page keeps the focus where the browser put it

toggle.addEventListener("click", () => toggle.setAttribute("aria-expanded", String(toggle.getAttribute("aria-expanded") !== "true")));
nav.addEventListener("click", (event) => { if (event.target.closest("a")) toggle.setAttribute("aria-expanded", "false"); });

// findMailbox shows the way to the development mailbox where there is one.
async function findMailbox() {
  mailbox = (await fetch("/dev/mailbox", { method: "HEAD" }).catch(() => null))?.ok === true;
  if (mailbox) drawNav();
}

// loadPanels loads the panels of the modules that are on. Each brings its routes, rows of address, view and options (least
// role, title), and its places in the navigation.
async function loadPanels() {
  const panels = await Promise.all(panelScripts().map((script) => import(script)));
  places = panels.flatMap((panel) => panel.places || []).sort((a, b) => a.order - b.order);
  return panels.flatMap((panel) => panel.routes);
}

async function start() {
  try {
    await loadModules();
    define(await loadPanels(), open);
  } catch (error) {
    return fill(box, explain(error, () => location.reload()));
  }
  // Other fragments (#main, of the skip link) are places on this page.
  addEventListener("hashchange", () => { if (!location.hash || location.hash.startsWith("#/")) show(); });
  let who = user()?.id;
  onChange(() => {
    drawNav();
    const now = user()?.id;
    if (who && !now) show(); // signed out, here or elsewhere
    who = now;
    refreshBadge();
  });
  show();
  refreshBadge();
  findMailbox();
}

start();
