// Redeeming an invite code, also by a visitor who came with a link and has to sign in first.

import { narrowCard } from "/console/core/controls.js";
import { h, fill } from "/console/core/dom.js";
import { form } from "/console/core/forms.js";
import { get, hasCode, post } from "/console/core/http.js";
import { isEnabled } from "/console/core/server.js";
import { saveUser, session, user } from "/console/core/store.js";

/** @import { Page, Schemas } from "/console/core/http.js" */
/** @import { ViewContext } from "/console/core/router.js" */

// Where the code of a link is kept while the visitor signs in.
const storageKey = "lyceum.code";

const askAgain = "Ask the person who invited you for a new one.";

/** @type {Record<string, () => string>} */
const problemTexts = {
  "not-found": () =>
    "There is no invite with this code. Compare it with the code that you were sent.",
  "invite-expired": () => "This invite has expired. " + askAgain,
  "invite-revoked": () => "This invite was revoked. " + askAgain,
  "invite-exhausted": () => "This invite is used up. " + askAgain,
  "invite-wrong-address": () =>
    `This invite is for another email address than ${user()?.email}. ` +
    "Sign in with the account of the address that it was sent to.",
  "rate-limited": () => "Too many codes were wrong.",
};

// The codes of problems that no later try with the same code can mend.
const finalProblems = ["not-found", "invite-expired", "invite-revoked", "invite-exhausted"];

/** @param {ViewContext} context */
export function redeemView({ code, box }) {
  if (code) sessionStorage.setItem(storageKey, code);
  if (!session()) {
    fill(box, signInCard());
    return;
  }
  const redeem = form("redeem", {
    of: "POST /invites/redeem",
    fields: [
      {
        name: "code",
        label: "Invite code",
        value: code || sessionStorage.getItem(storageKey) || "",
        required: true,
        autocomplete: "off",
        spellcheck: "false",
      },
    ],
    submit: "Redeem",
    send: async (body) => {
      fill(box, await redeemCode(body));
      box.querySelector("h1")?.focus({ preventScroll: true });
    },
  });
  fill(box, narrowCard("Redeem a code", redeem));
}

function signInCard() {
  const card = narrowCard(
    "You are invited",
    h("p", { text: "Sign in or create an account. The code is then filled in for you." }),
    h(
      "div",
      { class: "actions" },
      h("a", {
        class: "button primary",
        href: "#/register?next=/redeem",
        text: "Create an account",
        testid: "redeem-register",
      }),
      h("a", {
        class: "button",
        href: "#/signin?next=/redeem",
        text: "Sign in",
        testid: "redeem-login",
      }),
    ),
  );
  card.setAttribute("data-testid", "redeem-signin");
  return card;
}

/**
 * redeemCode redeems the code and returns the card that says what it gave.
 *
 * @param {Record<string, any>} body
 */
async function redeemCode(body) {
  const before = new Set((await readOwnCourses()).map((course) => course.id));
  /** @type {Schemas["InvitesRedeem"]} */
  const answer = await post("/invites/redeem", body).catch(rejectWithText);
  sessionStorage.removeItem(storageKey);
  const me = /** @type {Schemas["UsersMe"]} */ (user());
  saveUser(await get("/users/me").catch(() => ({ ...me, role: answer.role })));
  const isNew = answer.granted || answer.courses.some((course) => !before.has(course.id));
  return resultCard(answer, isNew);
}

/**
 * rejectWithText throws the error of a code with a text that says what to do next.
 *
 * @param {any} error
 * @returns {never}
 */
function rejectWithText(error) {
  if (hasCode(error, ...finalProblems)) sessionStorage.removeItem(storageKey);
  const text = problemTexts[error.code]?.();
  throw text ? Object.assign(error, { message: text, problem: {} }) : error;
}

/**
 * readOwnCourses returns the latest 100 courses of the caller. A code adds no more than that.
 *
 * @returns {Promise<Schemas["CourseRef"][]>}
 */
async function readOwnCourses() {
  if (!isEnabled("courses")) return [];
  /** @type {Page<Schemas["CoursesEnrollment"]>} */
  const { items } = await get("/users/me/enrollments", { limit: 100 }).catch(() => ({ items: [] }));
  return items.map((enrollment) => enrollment.course);
}

/**
 * @param {Schemas["InvitesRedeem"]} answer
 * @param {boolean} isNew whether the code gave something that the account did not have
 */
function resultCard({ role, granted, courses }, isNew) {
  const unchanged = courses.length
    ? "Nothing has changed: you have redeemed this code before"
    : "Nothing has changed";
  const next = isEnabled("courses")
    ? { href: "#/courses", text: "Go to the courses" }
    : { href: "#/account", text: "Go to my account" };
  const card = narrowCard(
    isNew ? "Welcome" : unchanged,
    h("p", { text: granted ? `Your role is now: ${role}.` : `Your role stays: ${role}.` }),
    courses.length > 0 && [
      h("p", { text: "You are enrolled in:" }),
      h("ul", { class: "bullets" }, courses.map(courseItem)),
    ],
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button primary", testid: "redeem-go", ...next }),
    ),
  );
  card.setAttribute("data-testid", "redeem-done");
  return card;
}

/** @param {Schemas["InvitesCourse"]} course */
const courseItem = ({ slug, title }) =>
  h(
    "li",
    {},
    h("a", {
      href: "#/courses/" + encodeURIComponent(slug),
      text: title,
      testid: "redeem-course",
    }),
  );
