/** What the list beside the charts consists of. */

import type { Run } from "@/api/types";

import type { GroupRow } from "./use-runs";

/** A line of the list: a run, a group, or the way to more of a group's runs. */
export type ListRow =
  | { kind: "run"; key: string; run: Run; level: number }
  | { kind: "group"; key: string; group: GroupRow; open: boolean }
  | { kind: "more"; key: string; text: string };

export function treeOf(row: ListRow): { level: number; expanded?: boolean } {
  if (row.kind === "group") return { level: 1, expanded: row.open };
  return { level: 2 };
}

/** Pinned runs stand first, wherever the order would have them. */
export function listRows(runs: readonly Run[], named: readonly Run[], pins: readonly string[]): ListRow[] {
  const known = new Map([...named, ...runs].map((run) => [run.id, run]));
  const first = pins.map((id) => known.get(id)).filter((run) => run !== undefined);
  const rest = runs.filter((run) => !pins.includes(run.id));
  return [...first, ...rest].map((run) => ({ kind: "run", key: run.id, run, level: 1 }));
}
