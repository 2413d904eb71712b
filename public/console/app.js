// The console: navigation, and which panel an address opens.

import { h, fill, icon } from "./dom.js";
import { session, user, hasRole, onChange } from "./session.js";
import { loadModules, enabled } from "./modules.js";
import { define, entrance, here, show, go } from "./router.js";
import { explain } from "./ui.js";
import { paintBadge, refreshBadge } from "./badge.js";
import * as auth from "./panels/auth.js";
import { courses } from "./panels/courses.js";
import { courseView } from "./panels/course.js";
import { newCourse, editCourse } from "./panels/edit.js";
import { chat } from "./panels/chat.js";
import { notifications, unsubscribe } from "./panels/notifications.js";
import { invites } from "./panels/invites.js";
import { redeem } from "./panels/redeem.js";
import { users } from "./panels/users.js";
import { audit } from "./panels/audit.js";
import { account, logOut } from "./panels/account.js";

// Each row: address, view, {module it needs, least role, title}.
const routes = [
  ["/courses", courses, { module: "courses", title: "Courses" }],
  ["/new-course", newCourse, { module: "courses", role: "instructor", title: "New course" }],
  ["/courses/:course", courseView, { module: "courses", title: "Course" }],
  ["/courses/:course/lessons/:lesson", courseView, { module: "courses", title: "Course" }],
  ["/courses/:course/edit", editCourse, { module: "courses", role: "instructor", title: "Edit course" }],
  ["/chat", chat, { module: "chat", role: "user", title: "Chat" }],
  ["/chat/:channel", chat, { module: "chat", role: "user", title: "Chat" }],
  ["/notifications", notifications, { module: "notifications", role: "user", title: "Notifications" }],
  ["/unsubscribe", unsubscribe, { module: "notifications", title: "Stop mails" }],
  ["/redeem", redeem, { module: "invites", title: "Redeem a code" }],
  ["/invites", invites, { module: "invites", role: "admin", title: "Invites" }],
  ["/users", users, { role: "admin", title: "Users" }],
  ["/audit", audit, { module: "audit", role: "admin", title: "Audit log" }],
  ["/account", account, { role: "user", title: "My account" }],
  ["/signin", auth.signIn, { title: "Sign in" }],
  ["/register", auth.register, { title: "Create an account" }],
  ["/forgot", auth.forgot, { title: "Forgot your password?" }],
  ["/reset", auth.reset, { title: "Set a new password" }],
  ["/email", auth.confirmEmail, { title: "Confirm your new address" }],
  ["/verify", auth.verify, { title: "Confirm your address" }],
];

// What stands in the navigation: name, address, module, least role (null: everybody), icon.
const places = [
  ["Courses", "/courses", "courses", null, "book"],
  ["Chat", "/chat", "chat", "user", "chat"],
  ["Notifications", "/notifications", "notifications", "user", "bell"],
  ["Redeem a code", "/redeem", "invites", "user", "key"],
  ["Invites", "/invites", "invites", "admin", "ticket"],
  ["Users", "/users", "users", "admin", "people"],
  ["Audit log", "/audit", "audit", "admin", "list"],
];

const box = document.getElementById("main");
const nav = document.getElementById("nav");
const toggle = document.getElementById("menu");
let door = entrance(); // what a link from a mail brought along, used by the first view only
let mailbox = false;

function drawNav() {
  const { path } = here();
  const item = ([name, address, , , picture]) => h("li", {}, h("a", { href: "#" + address, testid: "nav-" + address.slice(1),
    "aria-current": path === address || path.startsWith(address + "/") ? "page" : null }, icon(picture), h("span", { text: name }),
  address === "/notifications" && h("span", { class: "count", "data-badge": "notifications", testid: "notification-badge", hidden: true })));
  const me = user();
  fill(nav, h("ul", {}, places.filter(([, , module, role]) => enabled(module) && (!role || (me && hasRole(role)))).map(item)),
    h("ul", { class: "nav-foot" },
      h("li", {}, h("a", { href: "/docs", testid: "nav-docs" }, icon("code"), h("span", { text: "API" }))),
      mailbox && h("li", {}, h("a", { href: "/dev/mailbox", testid: "nav-mailbox" }, icon("mail"), h("span", { text: "Mailbox" }))),
      me ? [item([me.display_name || me.email, "/account", , , "person"]),
        h("li", {}, h("button", { type: "button", testid: "nav-logout", on: { click: logOut } }, icon("out"), h("span", { text: "Log out" })))]
        : item(["Sign in", "/signin", , , "person"])));
  paintBadge();
}

function open(route, place) {
  if (!location.hash && !enabled("courses")) return go(session() ? "/account" : "/signin");
  toggle.setAttribute("aria-expanded", "false");
  drawNav();
  fill(box);
  scrollTo(0, 0);
  const { module, role, title } = route?.options || {};
  document.title = (title || "Not found") + " · Lyceum";
  if (!route || !enabled(module)) {
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

async function start() {
  try {
    await loadModules();
  } catch (error) {
    return fill(box, explain(error, () => location.reload()));
  }
  define(routes, open);
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
