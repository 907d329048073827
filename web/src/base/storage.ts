/** A project's storage by type, and in the order somebody asked for. */

export interface Held {
  name: string;
  type: string;
  versions: number;
  logical_bytes: number;
  stored_bytes: number;
  alone_bytes: number;
  trash_versions: number;
}

export const HELD_ORDERS = ["name", "versions", "logical_bytes", "stored_bytes", "alone_bytes", "trash_versions"] as const;
export type HeldOrder = (typeof HELD_ORDERS)[number];

/** Numbers the largest first, names from a; equals by name. */
export function heldInOrder<T extends Held>(held: readonly T[], by: HeldOrder): T[] {
  const names = (a: T, b: T) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return [...held].sort((a, b) => (by === "name" ? names(a, b) : b[by] - a[by] || names(a, b)));
}

/** Types and the bytes of their collections, the largest first; a blob that two collections of a type hold
 * counts in both, so it is `logical_bytes` and `alone_bytes` that add up. */
export function heldByType(held: readonly Held[]): { type: string; collections: number; versions: number; logical_bytes: number; alone_bytes: number }[] {
  const found = new Map<string, { type: string; collections: number; versions: number; logical_bytes: number; alone_bytes: number }>();
  for (const one of held) {
    const sum = found.get(one.type) ?? { type: one.type, collections: 0, versions: 0, logical_bytes: 0, alone_bytes: 0 };
    sum.collections += 1;
    sum.versions += one.versions;
    sum.logical_bytes += one.logical_bytes;
    sum.alone_bytes += one.alone_bytes;
    found.set(one.type, sum);
  }
  return [...found.values()].sort((a, b) => b.alone_bytes - a.alone_bytes || (a.type < b.type ? -1 : 1));
}
