import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { ColumnInfo, GroupQuery, Run, RunGroup, RunPage, RunQuery } from "./types";

export const RUN_PAGE = 100;

export function queryRuns(
  entity: string,
  project: string,
  query: RunQuery,
  signal?: AbortSignal,
): Promise<RunPage> {
  return ask("POST", `/projects${path(entity, project)}/runs/query`, { body: query, signal });
}

/** Pages of runs; the key begins with ["runs", entity, project], so the feed can find and patch them. */
export function runsQuery(entity: string, project: string, query: Omit<RunQuery, "cursor">) {
  return infiniteQueryOptions({
    queryKey: ["runs", entity, project, query],
    queryFn: ({ signal, pageParam }) =>
      queryRuns(entity, project, { limit: RUN_PAGE, ...query, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
  });
}

export function runQuery(entity: string, project: string, run: string) {
  return queryOptions({
    queryKey: ["run", entity, project, run],
    queryFn: ({ signal }) => ask<Run>("GET", `/projects${path(entity, project)}/runs${path(run)}`, { signal }),
  });
}

export function groupsQuery(entity: string, project: string, query: GroupQuery) {
  return queryOptions({
    queryKey: ["groups", entity, project, query],
    queryFn: ({ signal }) =>
      ask<{ groups: RunGroup[] }>("POST", `/projects${path(entity, project)}/runs/group`, { body: query, signal }),
  });
}

/** Config and summary paths, searched on the server: a project may have 12,000. */
export function columnsQuery(entity: string, project: string, search: string) {
  return queryOptions({
    queryKey: ["columns", entity, project, search],
    queryFn: ({ signal }) =>
      ask<{ columns: ColumnInfo[]; next: string }>("GET", `/projects${path(entity, project)}/columns`, {
        query: { search, limit: 100 },
        signal,
      }),
  });
}

export function patchRun(
  entity: string,
  project: string,
  run: string,
  change: Partial<Pick<Run, "display_name" | "notes" | "tags" | "group" | "job_type">>,
): Promise<Run> {
  return ask("PATCH", `/projects${path(entity, project)}/runs${path(run)}`, { body: change });
}

export function deleteRuns(entity: string, project: string, runs: string[]): Promise<{ count: number }> {
  return ask("POST", `/projects${path(entity, project)}/runs/delete`, { body: { runs } });
}

export function restoreRuns(entity: string, project: string, runs: string[]): Promise<{ count: number }> {
  return ask("POST", `/projects${path(entity, project)}/runs/restore`, { body: { runs } });
}

export function tagRuns(
  entity: string,
  project: string,
  runs: string[],
  add: string[],
  remove: string[],
): Promise<{ count: number }> {
  return ask("POST", `/projects${path(entity, project)}/runs/tag`, { body: { runs, add, remove } });
}

export function stopRun(entity: string, project: string, run: string): Promise<void> {
  return ask("POST", `/projects${path(entity, project)}/runs${path(run)}/stop`);
}

export interface ConfigPatch {
  at: number;
  writer: string;
  set: [string[], unknown][];
  unset: string[][];
}

export function configHistoryQuery(entity: string, project: string, run: string) {
  return queryOptions({
    queryKey: ["config-history", entity, project, run],
    queryFn: ({ signal }) =>
      ask<{ patches: ConfigPatch[] }>("GET", `/projects${path(entity, project)}/runs${path(run)}/config-history`, {
        signal,
      }),
  });
}
