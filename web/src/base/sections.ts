/** Metric keys in sections by prefix: `train/loss` stands under `train`. */

export interface Section {
  /** what stands before the first slash; "" for keys without one */
  name: string;
  keys: string[];
}

/** Sections in the order of their first key, keys in theirs; those without a prefix come first. */
export function sectionsOf(keys: readonly string[]): Section[] {
  const sections = new Map<string, string[]>();
  for (const key of keys) {
    const slash = key.indexOf("/");
    const name = slash > 0 ? key.slice(0, slash) : "";
    const list = sections.get(name);
    if (list) list.push(key);
    else sections.set(name, [key]);
  }
  const all = [...sections].map(([name, list]) => ({ name, keys: list }));
  return [...all.filter((one) => one.name === ""), ...all.filter((one) => one.name !== "")];
}
