/** Columns of the runs table: facts every run has, and any config or summary path. */

import type { ReactNode } from "react";

import type { Run } from "@/api/types";
import { valueAt } from "@/base/flatten";
import { Duration, State, Time, Value } from "@/widgets/values";

export interface Column {
  /** as the server sorts by it */
  key: string;
  label: string;
  width: number;
  value: (run: Run) => unknown;
  show: (run: Run) => ReactNode;
}

const plain = (value: unknown) => (value === undefined ? null : <Value value={value} />);

const FACTS: Record<string, Column> = Object.fromEntries(
  (
    [
      ["state", "State", 110, (run) => run.state, (run) => <State state={run.state} />],
      ["created_at", "Created", 110, (run) => run.created_at, (run) => <Time at={run.created_at} />],
      ["duration", "Duration", 110, (run) => run.duration, (run) => <Duration seconds={run.duration} />],
      ["username", "User", 110, (run) => run.username, (run) => run.username || "a former member"],
      ["tags", "Tags", 160, (run) => run.tags, (run) => run.tags.join(", ")],
      ["group", "Group", 120, (run) => run.group, (run) => run.group],
      ["job_type", "Job type", 110, (run) => run.job_type, (run) => run.job_type],
      ["host", "Host", 120, (run) => run.host, (run) => run.host],
      ["notes", "Notes", 200, (run) => run.notes, (run) => run.notes],
      ["id", "Id", 100, (run) => run.id, (run) => <code>{run.id}</code>],
    ] as [string, string, number, Column["value"], Column["show"]][]
  ).map(([key, label, width, value, show]) => [key, { key, label, width, value, show }]),
);

export const FACT_KEYS = Object.keys(FACTS);
export const DEFAULT_COLUMNS = ["state", "created_at", "duration", "username", "tags"];

export function columnOf(key: string): Column {
  const fact = FACTS[key];
  if (fact) return fact;
  const [section, name] = splitKey(key);
  const value = (run: Run) => valueAt(section === "config" ? run.config : run.summary, name);
  return { key, label: key, width: 150, value, show: (run) => plain(value(run)) };
}

/** What to ask the server to bring along: only the paths that are shown. */
export function selectOf(columns: readonly string[]): string[] {
  return columns.filter((key) => /^(config|summary)\./.test(key));
}

function splitKey(key: string): [string, string] {
  const dot = key.indexOf(".");
  return [key.slice(0, dot), key.slice(dot + 1)];
}
