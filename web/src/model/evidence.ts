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
