// Words and times as people read them.

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const when = (iso) => (iso ? dateTime.format(new Date(iso)) : "—");
// day is a date, or the one some days later.
export const day = (iso, later = 0) => (iso ? dateOnly.format(new Date(new Date(iso).getTime() + later * 86400000)) : "—");
export const clock = (iso) => (iso ? timeOnly.format(new Date(iso)) : "");

// ago is "5 minutes ago" for what is recent and a date for the rest.
export function ago(iso) {
  if (!iso) return "never";
  const seconds = (new Date(iso) - Date.now()) / 1000;
  const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [604800, "day", 86400]];
  for (const [under, unit, size] of steps) {
    if (Math.abs(seconds) < under) return relative.format(Math.round(seconds / size), unit);
  }
  return day(iso);
}

export const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

export function duration(seconds) {
  if (!seconds) return "";
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let n = bytes, i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i ? n.toFixed(1) : n} ${units[i]}`;
}

// toISO turns a datetime-local value into the API's form; null when it is empty.
export const toISO = (local) => (local ? new Date(local).toISOString() : null);

// toLocal is the way back, for the value of a datetime-local input.
export function toLocal(iso) {
  if (!iso) return "";
  const d = new Date(iso);
  return new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

// addresses reads mail addresses as people paste them: one a line or between commas, bare, as links, or behind a name.
export const addresses = (text) => text.split(/[\r\n]+/).flatMap((line) => {
  const named = [...line.matchAll(/<\s*(?:mailto:)?([^<>\s]+@[^<>\s]+?)\s*>/gi)].map((m) => m[1]);
  return named.length ? named : line.split(/[\s,;]+/).map((one) => one.replace(/^mailto:/i, "")).filter(Boolean);
});

// visibilityText says in words who may see a course.
export const visibilityText = { public: "Open to all", member: "For members", private: "By enrollment" };
