/** What runs say of their metrics (`define_metric`): over which x they want to be drawn, and which are hidden. */

import type { Run } from "@/api/types";

export type MetricDefinition = NonNullable<Run["metrics"]>[number];

/** The definition of a key: by its own name, else by the longest glob (`val/*`) that fits. */
export function definitionOf(definitions: readonly MetricDefinition[], key: string): MetricDefinition | undefined {
  let best: MetricDefinition | undefined;
  for (const one of definitions) {
    if (one.name === key) return one;
    if (one.name.includes("*") && fits(one.name, key) && one.name.length > (best?.name.length ?? 0)) best = one;
  }
  return best;
}

/** Where a panel's x is left to the run: its step metric, else the step. */
export function automaticX(definitions: readonly MetricDefinition[], key: string): string {
  const x = definitionOf(definitions, key)?.step_metric;
  return x === undefined || x === null || x === "" || x === key ? "_step" : x;
}

export function isHidden(definitions: readonly MetricDefinition[], key: string): boolean {
  return definitionOf(definitions, key)?.hidden ?? false;
}

function fits(glob: string, key: string): boolean {
  const pattern = glob.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`, "s").test(key);
}
