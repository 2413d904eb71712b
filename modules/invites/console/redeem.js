// Redeeming an invite code, also by somebody who came with a link and has to sign in first.

import { h, fill } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { session, user, keepUser } from "/console/session.js";
import { form } from "/console/ui.js";
import { enabled } from "/console/modules.js";

const KEPT = "lyceum.code"; // over the sign-in of somebody who came with a link

const again = "Ask whoever invited you for a new one.";
const faults = {
  "not-found": () => "No invite has this code. Please compare it with the one that you were sent.",
  "invite-expired": () => "This invite has run out. " + again,
  "invite-revoked": () => "This invite was taken back. " + again,
  "invite-exhausted": () => "This invite is used up. " + again,
  "invite-wrong-address": () => `This invite is for another address than ${user()?.email}. Sign in with the account whose address it was sent to.`,
  "rate-limited": () => "Too many codes did not hold.",
};
const dead = ["not-found", "invite-expired", "invite-revoked", "invite-exhausted"];

export function redeem({ code, box }) {
  if (code) sessionStorage.setItem(KEPT, code);
  const kept = code || sessionStorage.getItem(KEPT) || "";
  if (!session()) {
    return fill(box, h("section", { class: "card narrow", testid: "redeem-signin" }, h("h1", { tabindex: "-1", text: "You are invited" }),
      h("p", { text: "Sign in or create an account; the code is filled in for you then." }),
      h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/register?next=/redeem", text: "Create an account", testid: "redeem-register" }),
        h("a", { class: "button", href: "#/signin?next=/redeem", text: "Sign in", testid: "redeem-login" }))));
  }
  return fill(box, h("section", { class: "card narrow" }, h("h1", { tabindex: "-1", text: "Redeem a code" }), form("redeem", {
    fields: [{ name: "code", label: "Invite code", value: kept, required: true, maxlength: 128, autocomplete: "off", spellcheck: "false" }],
    submit: "Redeem",
    send: async (body) => {
      const before = await enrolled();
      const answer = await post("/invites/redeem", body).catch((error) => {
        if (dead.includes(error.code)) sessionStorage.removeItem(KEPT);
        const words = faults[error.code]?.();
        throw words ? Object.assign(error, { message: words, problem: {} }) : error;
      });
      sessionStorage.removeItem(KEPT);
      keepUser(await get("/users/me").catch(() => ({ ...user(), role: answer.role })));
      const known = new Set(before.map((c) => c.id));
      done(box, answer, answer.courses.some((c) => !known.has(c.id)));
    },
  })));
}

// enrolled gives the courses that one has come into last, the newest first: a code may add up to 100.
async function enrolled() {
  if (!enabled("courses")) return [];
  const { items } = await get("/users/me/enrollments", { limit: 100 }).catch(() => ({ items: [] }));
  return items.map((e) => e.course);
}

function done(box, { role, granted, courses }, news) {
  const title = h("h1", { tabindex: "-1", text: granted || news ? "Welcome" : courses.length ? "Nothing has changed: you have redeemed this code before" : "Nothing has changed" });
  fill(box, h("section", { class: "card narrow", testid: "redeem-done" }, title,
    h("p", { text: granted ? `Your role is now: ${role}.` : `Your role stays: ${role}.` }),
    courses.length > 0 && [h("p", { text: "You are enrolled in:" }), h("ul", { class: "bullets" }, courses.map((c) =>
      h("li", {}, h("a", { href: "#/courses/" + encodeURIComponent(c.slug), text: c.title, testid: "redeem-course" }))))],
    h("div", { class: "actions" }, enabled("courses") ? h("a", { class: "button primary", href: "#/courses", text: "To the courses", testid: "redeem-go" })
      : h("a", { class: "button primary", href: "#/account", text: "To my account", testid: "redeem-go" }))));
  title.focus({ preventScroll: true });
}
