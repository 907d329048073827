/** The x axes that every project has, and how any is written. */

import type { XKind } from "@/charts/plot";

export const X_AXES = [
  // As the run defined it for each metric, else the step.
  { value: "auto", label: "Automatic", name: "step" },
  { value: "_step", label: "Step", name: "step" },
  { value: "_runtime", label: "Relative time", name: "time" },
  { value: "_timestamp", label: "Wall time", name: "wall time" },
] as const;

export function xLabel(x: string): string {
  return X_AXES.find((axis) => axis.value === x)?.label ?? x;
}

export function xName(x: string): string {
  return X_AXES.find((axis) => axis.value === x)?.name ?? x;
}

export function xKind(x: string): XKind {
  if (x === "_timestamp") return "time";
  return x === "_runtime" ? "duration" : "number";
}
