/** Times: Unix seconds on the wire, words relative to now on the page, the absolute one in titles. */

export type Seconds = number & { readonly __unit?: "s" };

const UNITS: readonly (readonly [number, string])[] = [
  [86400 * 365, "y"],
  [86400 * 30, "mo"],
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** `3 min ago`, `just now`; times ahead (clocks differ) read as just now. */
export function relativeTime(at: Seconds, now: Seconds = Date.now() / 1000): string {
  const past = now - at;
  for (const [size, name] of UNITS) {
    if (past >= size) return `${Math.floor(past / size)} ${name} ago`;
  }
  return past >= 10 ? `${Math.floor(past)} s ago` : "just now";
}

/** `in 3 d`, of times ahead; `now` once they are past. */
export function timeUntil(at: Seconds, now: Seconds = Date.now() / 1000): string {
  const ahead = at - now;
  for (const [size, name] of UNITS) {
    if (ahead >= size) return `in ${Math.floor(ahead / size)} ${name}`;
  }
  return ahead > 0 ? `in ${Math.ceil(ahead)} s` : "now";
}

/** With zone, for titles. */
export function absoluteTime(at: Seconds): string {
  return absolute.format(at * 1000);
}

// Made once: a formatter costs more than a thousand formatted times.
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** `1 h 02 min`, `12 s`, `0.35 s`. */
export function formatDuration(seconds: Seconds): string {
  if (!Number.isFinite(seconds)) return "";
  const sign = seconds < 0 ? "−" : "";
  const total = Math.abs(seconds);
  if (total < 10) return `${sign}${Number(total.toPrecision(3))} s`;
  const s = Math.floor(total);
  if (s < 60) return `${sign}${s} s`;
  const two = (n: number) => n.toString().padStart(2, "0");
  if (s < 3600) return `${sign}${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86400) return `${sign}${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${sign}${Math.floor(s / 86400)} d ${two(Math.floor((s % 86400) / 3600))} h`;
}
