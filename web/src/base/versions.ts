/** Names of versions, `v10` after `v9`. */

/** -1 for what is no version's name. */
export function versionNumber(name: string): number {
  const met = /^v(\d+)$/.exec(name);
  return met ? Number(met[1]) : -1;
}

/** In the order of their numbers. */
export function byNumber(a: string, b: string): number {
  return versionNumber(a) - versionNumber(b);
}

/** A pattern of names that matches this one alone. */
export function exactPattern(name: string): string {
  return name.replace(/[[*?]/g, "[$&]");
}
