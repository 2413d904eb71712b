import assert from "node:assert/strict";
import test from "node:test";

import {
  compileRoute,
  defineRoutes,
  matchRoute,
  parseAddress,
  parseMailLink,
  showCurrent,
} from "../router.js";
import { installBrowser } from "./browser.js";

const view = () => {};
const routes = [
  compileRoute(["/courses", view]),
  compileRoute(["/courses/:course", view, { title: "Course" }]),
  compileRoute(["/courses/:course/edit", view, { role: "instructor" }]),
  compileRoute(["/courses/:course/lessons/:lesson", view]),
];

/** @param {string} path */
const paramsOf = (path) => matchRoute(routes, path)?.params;

test("a path opens the route of its parts", () => {
  assert.deepEqual(paramsOf("/courses"), {});
  assert.deepEqual(paramsOf("/courses/"), {});
  assert.deepEqual(paramsOf("/courses/intro"), { course: "intro" });
  assert.deepEqual(paramsOf("/courses/intro/lessons/7"), { course: "intro", lesson: "7" });
  assert.deepEqual(matchRoute(routes, "/courses/intro")?.options, { title: "Course" });
  assert.equal(matchRoute(routes, "/courses/intro/edit")?.options.role, "instructor");
});

test("a path without a route opens nothing", () => {
  assert.equal(matchRoute(routes, "/"), null);
  assert.equal(matchRoute(routes, "/course"), null);
  assert.equal(matchRoute(routes, "/courses/intro/lessons"), null);
  assert.equal(matchRoute(routes, "/<img src=x onerror=alert(1)>"), null);
});

test("parts are decoded, and what is no encoding stays", () => {
  assert.deepEqual(paramsOf("/courses/a%2Fb"), { course: "a/b" });
  assert.deepEqual(paramsOf("/courses/100%"), { course: "100%" });
});

test("an address is the fragment's path and query", () => {
  const { path, query, hash } = parseAddress("#/courses?q=go&tag=a%20b");
  assert.equal(path, "/courses");
  assert.equal(query.get("q"), "go");
  assert.equal(query.get("tag"), "a b");
  assert.equal(hash, "/courses?q=go&tag=a%20b");
});

test("fragments that are no address lead to the courses", () => {
  for (const fragment of ["", "#", "#main", "#token=x"]) {
    assert.equal(parseAddress(fragment).path, "/courses", fragment);
  }
});

test("the links of mails stand for addresses, with their secret", () => {
  const token = { token: "s3cret" };
  const cases = {
    "/verify#token=s3cret": { address: "/verify", secrets: token },
    "/reset/#token=s3cret": { address: "/reset", secrets: token },
    "/email#token=s3cret": { address: "/email", secrets: token },
    "/join#code=AB-12": { address: "/redeem", secrets: { code: "AB-12" } },
    "/join": { address: "/redeem", secrets: { code: "" } },
    "/notifications/unsubscribe/a%3Ab": { address: "/unsubscribe", secrets: { token: "a:b" } },
    "/": null,
    "/courses#token=s3cret": null,
  };
  for (const [link, want] of Object.entries(cases)) {
    const { pathname, hash } = new URL(link, "http://lyceum.test");
    assert.deepEqual(parseMailLink(pathname, hash), want, link);
  }
});

test("the view that is left learns of it", () => {
  installBrowser("http://lyceum.test/#/courses/one");
  /** @type {{ course: string | undefined, signal: AbortSignal }[]} */
  const opened = [];
  defineRoutes([["/courses/:course", view]], (match, { signal }) => {
    opened.push({ course: match?.params.course, signal });
  });
  showCurrent();
  location.hash = "#/nowhere";
  showCurrent();
  assert.deepEqual(
    opened.map(({ course, signal }) => [course, signal.aborted]),
    [
      ["one", true],
      [undefined, false],
    ],
  );
});
