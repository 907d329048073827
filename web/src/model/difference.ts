/** Facts of several runs side by side: which rows differ. */

import type { Run } from "@/api/types";
import { compareNames, flatten } from "@/base/flatten";

export interface DifferenceRow {
  section: string;
  name: string;
  /** one per run; undefined where the run has no such value */
  values: unknown[];
  differs: boolean;
}

const ABOUT: readonly (readonly [string, (run: Run) => unknown])[] = [
  ["state", (run) => run.state],
  ["user", (run) => run.username],
  ["host", (run) => run.host || undefined],
  ["command", (run) => run.command.join(" ") || undefined],
  ["group", (run) => run.group || undefined],
  ["job type", (run) => run.job_type || undefined],
  ["tags", (run) => run.tags.join(", ") || undefined],
  ["duration (s)", (run) => run.duration ?? undefined],
];

/** Rows of a section in order of name; differing ones first. */
export function differences(runs: readonly Run[]): DifferenceRow[] {
  const rows: DifferenceRow[] = ABOUT.map(([name, get]) => rowOf("Run", name, runs.map(get)));
  const sections: readonly (readonly [string, (run: Run) => unknown])[] = [
    ["Config", (run) => run.config],
    ["Summary", (run) => run.summary],
    ["Environment", (run) => run.environment ?? {}],
  ];
  for (const [section, get] of sections) {
    const maps = runs.map((run) => new Map(flatten(get(run)).map((leaf) => [leaf.name, leaf.value])));
    const names = new Set(maps.flatMap((map) => [...map.keys()]));
    for (const name of [...names].sort(compareNames)) {
      rows.push(
        rowOf(
          section,
          name,
          maps.map((map) => map.get(name)),
        ),
      );
    }
  }
  return rows.filter((row) => row.values.some((value) => value !== undefined));
}

function rowOf(section: string, name: string, values: unknown[]): DifferenceRow {
  const texts = new Set(values.map((value) => (value === undefined ? "" : JSON.stringify(value))));
  return { section, name, values, differs: texts.size > 1 };
}
