/** Addresses of the sweep pages: the view is in them, brushes too. */

import { asBoolean, asNumber, asOneOf, asRecord, asString } from "@/base/parse";
import type { Cell } from "@/charts/axis-scale";
import type { Brushes } from "@/charts/parallel-geometry";

export interface SweepsSearch {
  find?: string | undefined;
}

export function parseSweepsSearch(raw: Record<string, unknown>): SweepsSearch {
  const find = asString(raw["find"]);
  return find ? { find } : {};
}

export const SWEEP_TABS = [
  { value: "results", label: "Results" },
  { value: "trials", label: "Trials" },
  { value: "agents", label: "Agents" },
  { value: "config", label: "Configuration" },
  { value: "lineage", label: "Lineage" },
] as const;

export type SweepTab = (typeof SWEEP_TABS)[number]["value"];

export const TRIAL_STATES = ["queued", "running", "finished", "failed", "pruned", "stopped", "crashed", "oom"] as const;

export interface SweepSearch {
  tab?: SweepTab | undefined;
  /** ranges kept in the parallel coordinates, by axis */
  brushes?: Brushes | undefined;
  /** axis that colours */
  colour?: string | undefined;
  /** axes of the scatter */
  x?: string | undefined;
  y?: string | undefined;
  /** of the trials table */
  state?: (typeof TRIAL_STATES)[number] | undefined;
  sort?: string | undefined;
  /** the lineage as a list or as a graph; what fits the screen where it is not said */
  list?: boolean | undefined;
  /** steps of lineage */
  depth?: number | undefined;
}

export function parseSweepSearch(raw: Record<string, unknown>): SweepSearch {
  const search: SweepSearch = {};
  const tab = SWEEP_TABS.find((one) => one.value === raw["tab"]);
  if (tab && tab.value !== "results") search.tab = tab.value;
  const brushes = parseBrushes(raw["brushes"]);
  if (brushes) search.brushes = brushes;
  for (const name of ["colour", "x", "y", "sort"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  const [list, depth] = [asBoolean(raw["list"]), asNumber(raw["depth"])];
  if (list !== undefined) search.list = list;
  if (depth !== undefined) search.depth = depth;
  const state = asOneOf(raw["state"], TRIAL_STATES);
  if (state) search.state = state;
  return search;
}

function parseBrushes(raw: unknown): Brushes | undefined {
  const found: Record<string, readonly [Cell, Cell]> = {};
  for (const [axis, range] of Object.entries(asRecord(raw) ?? {})) {
    if (!Array.isArray(range) || range.length !== 2) continue;
    const [from, to] = range as unknown[];
    if (isCell(from) && isCell(to)) found[axis] = [from, to];
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

function isCell(value: unknown): value is number | string | boolean {
  return typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}
