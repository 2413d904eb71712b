// Times, numbers and addresses in the form in which people read and write them.

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const dayMs = 24 * 60 * 60 * 1000;

/** @typedef {string | null | undefined} Moment a moment in the API's form, if there is one */

/**
 * formatDateTime returns a date with its time, "—" for none.
 *
 * @param {Moment} iso
 */
export const formatDateTime = (iso) => (iso ? dateTime.format(new Date(iso)) : "—");

/**
 * formatDate returns a date, or the date some days later, "—" for none.
 *
 * @param {Moment} iso
 * @param {number} [daysLater]
 */
export const formatDate = (iso, daysLater = 0) =>
  iso ? dateOnly.format(new Date(Date.parse(iso) + daysLater * dayMs)) : "—";

/**
 * formatTime returns the time of the day, "" for none.
 *
 * @param {Moment} iso
 */
export const formatTime = (iso) => (iso ? timeOnly.format(new Date(iso)) : "");

/** @type {[underSeconds: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][]} */
const agoSteps = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86400, "hour", 3600],
  [604800, "day", 86400],
];

/**
 * formatAgo returns a time within a week as "5 minutes ago", an older one as a date, and "never" for
 * none.
 *
 * @param {Moment} iso
 */
export function formatAgo(iso) {
  if (!iso) return "never";
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const step = agoSteps.find(([under]) => Math.abs(seconds) < under);
  return step ? relative.format(Math.round(seconds / step[2]), step[1]) : formatDate(iso);
}

/**
 * plural returns a number with its noun.
 *
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

/**
 * formatDuration returns a length in minutes, or in hours and minutes, "" for none. What is shorter
 * than a minute counts as one.
 *
 * @param {number | null} [seconds]
 */
export function formatDuration(seconds) {
  if (!seconds) return "";
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const byteUnits = ["B", "KiB", "MiB", "GiB"];

/**
 * formatBytes returns the size of a file.
 *
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < byteUnits.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit ? size.toFixed(1) : size} ${byteUnits[unit]}`;
}

/**
 * localToISO returns the value of a datetime-local input in the API's form, null if it is empty.
 *
 * @param {string} [local]
 */
export const localToISO = (local) => (local ? new Date(local).toISOString() : null);

/**
 * isoToLocal returns a moment as the value of a datetime-local input.
 *
 * @param {Moment} iso
 */
export function isoToLocal(iso) {
  if (!iso) return "";
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/**
 * parseEmails returns the email addresses of a text that was typed or pasted: one a line or between
 * commas, bare, as mailto: links, or as "Name <address>".
 *
 * @param {string} text
 */
export const parseEmails = (text) => text.split(/[\r\n]+/).flatMap(parseEmailLine);

/** @param {string} line */
function parseEmailLine(line) {
  const named = [...line.matchAll(/<\s*(?:mailto:)?([^<>\s]+@[^<>\s]+?)\s*>/gi)].map((m) => m[1]);
  if (named.length) return named;
  const bare = line.split(/[\s,;]+/).map((word) => word.replace(/^mailto:/i, ""));
  return bare.filter(Boolean);
}

/**
 * The words for the visibilities of courses.
 *
 * @type {Record<string, string>}
 */
export const visibilityLabels = {
  public: "Open to all",
  member: "For members",
  private: "By enrollment",
};
