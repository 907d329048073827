/** Nested JSON as rows of dotted paths: what tables of config and summary show. */

export interface Leaf {
  /** parts of the path, outermost first */
  path: readonly string[];
  /** the path as people write it */
  name: string;
  value: unknown;
}

/** Leaves in order of name; maps that stand for media (`_type`) stay whole, as do lists. */
export function flatten(value: unknown, before: readonly string[] = []): Leaf[] {
  if (isPlainMap(value) && !("_type" in value)) {
    const keys = Object.keys(value);
    if (keys.length > 0 || before.length === 0) {
      return keys.sort(compareNames).flatMap((key) => flatten(value[key], [...before, key]));
    }
  }
  return [{ path: before, name: before.join("."), value }];
}

/** The value at a dotted name, the longest literal key first: keys may hold dots. */
export function valueAt(value: unknown, name: string): unknown {
  if (!isPlainMap(value)) return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  for (let at = name.lastIndexOf("."); at > 0; at = name.lastIndexOf(".", at - 1)) {
    const head = name.slice(0, at);
    if (Object.hasOwn(value, head)) {
      const found = valueAt(value[head], name.slice(at + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Numbers inside names count as numbers: layer2 before layer10. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

const collator = new Intl.Collator("en", { numeric: true });

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
