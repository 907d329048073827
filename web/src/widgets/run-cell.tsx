/** One value of a run, as a table shows it under a column's key. */

import type { ReactNode } from "react";

import type { Run } from "@/api/types";
import { valueAt } from "@/base/flatten";

import { Duration, State, Time, Value } from "./values";

/** What the run holds under a column's key: `state`, `config.lr`, `summary.val.acc`. */
export function runValue(run: Run, key: string): unknown {
  if (key.startsWith("config.")) return valueAt(run.config, key.slice(7));
  if (key.startsWith("summary.")) return valueAt(run.summary, key.slice(8));
  return valueAt(run, key);
}

const TIMES = new Set(["created_at", "started_at", "updated_at", "finished_at", "heartbeat_at"]);

export function runCell(run: Run, key: string): ReactNode {
  if (key === "state") return <State state={run.state} />;
  if (key === "duration") return <Duration seconds={run.duration} />;
  if (key === "tags") return <span title={run.tags.join(", ")}>{run.tags.join(", ")}</span>;
  const value = runValue(run, key);
  if (value === undefined || value === null || value === "") return null;
  if (TIMES.has(key) && typeof value === "number") return <Time at={value} />;
  return <Value value={value} />;
}
