import assert from "node:assert/strict";
import test from "node:test";

import {
  formatAgo,
  formatBytes,
  formatDate,
  formatDateTime,
  formatDuration,
  formatTime,
  isoToLocal,
  localToISO,
  parseEmails,
  plural,
} from "../format.js";

test("a moment that is missing has its own words", () => {
  assert.equal(formatDateTime(null), "—");
  assert.equal(formatDate(undefined), "—");
  assert.equal(formatTime(""), "");
  assert.equal(formatAgo(null), "never");
});

test("dates may lie some days later", () => {
  const date = "2027-01-30T12:00:00.000Z";
  assert.equal(formatDate(date, 30), formatDate("2027-03-01T12:00:00.000Z"));
  assert.notEqual(formatDate(date), formatDate(date, 1));
});

test("recent moments are told relative to now, others as a date", () => {
  const ago = (/** @type {number} */ seconds) =>
    new Date(Date.now() - seconds * 1000).toISOString();
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  assert.equal(formatAgo(ago(5)), relative.format(-5, "second"));
  assert.equal(formatAgo(ago(5 * 60)), relative.format(-5, "minute"));
  assert.equal(formatAgo(ago(3 * 3600)), relative.format(-3, "hour"));
  assert.equal(formatAgo(ago(2 * 86400)), relative.format(-2, "day"));
  assert.equal(formatAgo(ago(8 * 86400)), formatDate(ago(8 * 86400)));
});

test("numbers carry their noun", () => {
  assert.equal(plural(0, "lesson"), "0 lessons");
  assert.equal(plural(1, "lesson"), "1 lesson");
  assert.equal(plural(2, "entry", "entries"), "2 entries");
});

test("durations are minutes, then hours", () => {
  assert.equal(formatDuration(0), "");
  assert.equal(formatDuration(null), "");
  assert.equal(formatDuration(10), "1 min");
  assert.equal(formatDuration(59 * 60), "59 min");
  assert.equal(formatDuration(60 * 60), "1 h 0 min");
  assert.equal(formatDuration(150 * 60), "2 h 30 min");
});

test("sizes have the largest unit that fits", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(1024), "1.0 KiB");
  assert.equal(formatBytes(5 * 1024 * 1024), "5.0 MiB");
  assert.equal(formatBytes(2048 * 1024 ** 3), "2048.0 GiB");
});

test("the value of a datetime-local input survives the way to the API and back", () => {
  assert.equal(localToISO(""), null);
  assert.equal(isoToLocal(null), "");
  assert.equal(isoToLocal(localToISO("2027-01-02T15:04")), "2027-01-02T15:04");
});

test("email addresses are read as people paste them", () => {
  const cases = {
    "": [],
    "a@example.com": ["a@example.com"],
    "a@example.com, b@example.com;c@example.com": [
      "a@example.com",
      "b@example.com",
      "c@example.com",
    ],
    "a@example.com\r\nb@example.com\n": ["a@example.com", "b@example.com"],
    "Jane Doe <jane@example.com>, Joe <mailto:joe@example.com>": [
      "jane@example.com",
      "joe@example.com",
    ],
    "mailto:a@example.com": ["a@example.com"],
    nonsense: ["nonsense"],
  };
  for (const [text, want] of Object.entries(cases)) assert.deepEqual(parseEmails(text), want, text);
});
