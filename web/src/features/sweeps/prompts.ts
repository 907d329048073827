/** Prompts of a sweep as they are ranked: each template with each set of examples, over all its trials. */

import type { Sweep, Trial } from "@/api/sweeps";
import { intervalOf, type Interval } from "@/base/intervals";
import { asRecord, asString } from "@/base/parse";

import { objectiveOf } from "./table";

export interface PromptRow extends Interval {
  key: string;
  template: string;
  fewShot: string;
  trials: number[];
  /** of the best trial, by the goal */
  best: number;
  /** decoding parameters of the best trial */
  decoding: Record<string, unknown>;
}

export interface PromptTexts {
  templates: Record<string, unknown>;
  fewShot: Record<string, unknown>;
}

export function promptsOf(sweep: Sweep): PromptTexts | null {
  const raw = asRecord(sweep.config["prompts"]);
  return raw ? { templates: named(raw["templates"]), fewShot: named(raw["few_shot"]) } : null;
}

/** A list is named by its places, as the search does. */
function named(value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) return Object.fromEntries((value as unknown[]).map((one, at) => [String(at + 1), one]));
  return asRecord(value) ?? {};
}

/** Best first, by the end of the interval on the bad side; those of one trial come after, by their mean. */
export function rankPrompts(sweep: Sweep, trials: readonly Trial[], by: "both" | "template" | "fewShot"): PromptRow[] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) {
    const value = objectiveOf(trial, 0);
    if (trial.state !== "finished" || value === null || !Number.isFinite(value)) continue;
    const key = JSON.stringify([by === "fewShot" ? "" : text(trial, "template"), by === "template" ? "" : text(trial, "few_shot")]);
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  const sign = sweep.objectives[0]?.goal === "maximize" ? -1 : 1;
  const rows = [...groups].flatMap(([key, own]): PromptRow[] => {
    const interval = intervalOf(own.map((trial) => objectiveOf(trial, 0) ?? Number.NaN));
    const [first] = [...own].sort((a, b) => sign * ((objectiveOf(a, 0) ?? 0) - (objectiveOf(b, 0) ?? 0)));
    if (!interval || !first) return [];
    const [template = "", fewShot = ""] = JSON.parse(key) as string[];
    const decoding = Object.fromEntries(Object.entries(first.params).filter(([name]) => name.startsWith("decoding.")));
    return [{ ...interval, key, template, fewShot, trials: own.map((trial) => trial.number), best: objectiveOf(first, 0) ?? Number.NaN, decoding }];
  });
  const bad = (row: PromptRow) => (sign > 0 ? row.high : row.low);
  return rows.sort((a, b) => {
    const [x, y] = [bad(a), bad(b)];
    if (x === null || y === null) return x === y ? sign * (a.mean - b.mean) : x === null ? 1 : -1;
    return sign * (x - y);
  });
}

function text(trial: Trial, name: string): string {
  return asString(trial.params[name]) ?? "";
}

/** A template's or a set's own words: an example a line. */
export function words(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  return (value as unknown[]).map(example).join("\n");
}

function example(value: unknown): string {
  if (typeof value === "string") return value;
  const parts = Array.isArray(value) ? (value as unknown[]) : Object.values(asRecord(value) ?? {});
  return parts.length > 0 && parts.every((one) => typeof one === "string") ? parts.join(" → ") : JSON.stringify(value);
}
