/** Groups opened in the list, with their runs a hundred at a time. */

import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import { queryRuns } from "@/api/runs";
import { formatCount } from "@/base/numbers";
import { selectOf } from "@/model/columns";
import type { WorkspaceSpec } from "@/model/workspace/spec";

import type { ListRow } from "./list-rows";
import type { GroupRow } from "./use-runs";

const STEP = 100;
const MORE = "\nmore ";

export function useExpanded(entity: string, project: string, spec: WorkspaceSpec, groups: readonly GroupRow[]) {
  const [open, setOpen] = useState<Readonly<Record<string, number>>>({});
  const opened = useMemo(() => groups.filter((group) => open[group.name] !== undefined), [groups, open]);
  const answers = useQueries({
    queries: opened.map((group) => {
      const limit = Math.min(1000, open[group.name] ?? STEP);
      const body = { filter: group.filter, search: spec.q, order: [spec.sort], select: selectOf(spec.columns), limit };
      return {
        queryKey: ["runs-of-group", entity, project, body],
        queryFn: ({ signal }: { signal: AbortSignal }) => queryRuns(entity, project, body, signal),
      };
    }),
    combine: (all) => all.map((answer) => answer.data),
  });
  const rows = useMemo(() => {
    const found: ListRow[] = [];
    for (const group of groups) {
      const at = opened.indexOf(group);
      found.push({ kind: "group", key: group.name, group, open: at >= 0 });
      if (at < 0) continue;
      const page = answers[at];
      for (const run of page?.runs ?? []) found.push({ kind: "run", key: run.id, run, level: 2 });
      if (!page) found.push({ kind: "more", key: MORE + group.name, text: "Loading…" });
      else if (page.runs.length < page.total) {
        const left = page.total - page.runs.length;
        found.push({ kind: "more", key: MORE + group.name, text: `${formatCount(left)} more, show ${Math.min(STEP, left)}` });
      }
    }
    return found;
  }, [groups, opened, answers]);
  const toggle = useCallback(
    (name: string) =>
      setOpen((old) => {
        const next = { ...old };
        if (next[name] === undefined) next[name] = STEP;
        else Reflect.deleteProperty(next, name);
        return next;
      }),
    [],
  );
  const more = useCallback((key: string) => {
    const name = key.slice(MORE.length);
    setOpen((old) => ({ ...old, [name]: (old[name] ?? 0) + STEP }));
  }, []);
  return { rows, toggle, more };
}
