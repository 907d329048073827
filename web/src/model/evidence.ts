/** What a sweep said of a version when it was promoted, read from the record of the alias's move. */

import { toNumber } from "@/base/numbers";
import { asNumber, asRecord, asString } from "@/base/parse";

export interface SweepEvidence {
  entity: string;
  project: string;
  sweep: string;
  name: string;
  trial: number;
  run: string;
  /** in words: how the trial was found */
  rule: string;
  rank: number;
  of: number;
  objectives: { name: string; value: number | null }[];
}

const RULES: Record<string, string> = { single: "best single trial", chosen: "chosen by hand" };

const FACTS_MAX = 40;

/** Evidence of any kind but a sweep's, flat: `{a: {b: 1}}` is `a.b`. What an approval adds by itself is no evidence. */
export function otherEvidence(value: unknown): { name: string; value: string }[] {
  const raw = asRecord(value);
  if (!raw || raw["kind"] === "sweep") return [];
  const out: { name: string; value: string }[] = [];
  const walk = (part: Record<string, unknown>, prefix: string) => {
    for (const [key, item] of Object.entries(part)) {
      if (prefix === "" && OF_APPROVAL.has(key)) continue;
      const inner = asRecord(item);
      if (inner) walk(inner, `${prefix}${key}.`);
      else if (out.length < FACTS_MAX) out.push({ name: prefix + key, value: typeof item === "string" ? item : JSON.stringify(item) });
    }
  };
  walk(raw, "");
  return out;
}

const OF_APPROVAL = new Set(["approval", "approved_by", "sha256"]);

/** null where the evidence is of another kind, or of none. */
export function sweepEvidence(value: unknown): SweepEvidence | null {
  const raw = asRecord(value);
  const [entity, project, sweep] = (asString(raw?.["sweep"]) ?? "").split("/");
  const trial = asNumber(raw?.["trial"]);
  if (raw?.["kind"] !== "sweep" || !entity || !project || !sweep || trial === undefined) return null;
  const objectives = Array.isArray(raw["objectives"]) ? (raw["objectives"] as unknown[]) : [];
  const ranked = asNumber(raw["repeats"]) === 1 ? "best trial" : "best over its repeats";
  return {
    entity,
    project,
    sweep,
    name: asString(raw["name"]) ?? sweep,
    trial,
    run: asString(raw["run"]) ?? "",
    rule: RULES[asString(raw["rule"]) ?? ""] ?? ranked,
    rank: asNumber(raw["rank"]) ?? 0,
    of: asNumber(raw["of"]) ?? 0,
    objectives: objectives.flatMap((one) => {
      const own = asRecord(one);
      const name = asString(own?.["name"]);
      return name === undefined ? [] : [{ name, value: toNumber(own?.["value"]) }];
    }),
  };
}
