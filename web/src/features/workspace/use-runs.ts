/** Runs of the list, page by page, and which of them the charts draw. */

import { keepPreviousData, useInfiniteQuery, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { groupsQuery, queryRuns, runsQuery } from "@/api/runs";
import type { FeedEvent, Run, RunFilter, RunGroup } from "@/api/types";
import { Limiter } from "@/base/limiter";
import { formatValue } from "@/base/numbers";
import { selectOf } from "@/model/columns";
import type { Drawn, DrawnGroup } from "@/model/drawn";
import { onProject } from "@/model/live";
import { DRAWN_MAX, type WorkspaceSpec } from "@/model/workspace/spec";

const PAGES_REREAD_MAX = 3;
const LIST_REREAD_MS = 1500;

export function useRuns(entity: string, project: string, spec: WorkspaceSpec, enabled: boolean) {
  const query = useInfiniteQuery({
    ...runsQuery(entity, project, {
      filter: spec.filter,
      search: spec.q,
      order: [spec.sort],
      select: selectOf(spec.columns),
    }),
    placeholderData: keepPreviousData,
    enabled,
  });
  const pages = query.data?.pages;
  const runs = useMemo(() => {
    const seen = new Set<string>();
    // A run that moved between pages while they were read would be there twice.
    return (pages?.flatMap((page) => page.runs) ?? []).filter((run) => !seen.has(run.id) && seen.add(run.id));
  }, [pages]);
  const total = pages?.at(-1)?.total ?? 0;
  const news = useListNews(entity, project, runs, pages?.length ?? 0, spec);
  const named = useNamed(entity, project, spec, runs, enabled);
  const drawnRuns = useMemo(() => chooseDrawn(spec, runs, named), [spec, runs, named]);

  // Hidden runs leave room for others: read on until as many are drawn as were asked for.
  const short = spec.only === null && drawnRuns.length < spec.drawn;
  const { hasNextPage, isFetching, fetchNextPage, isPlaceholderData } = query;
  useEffect(() => {
    if (enabled && short && hasNextPage && !isFetching && !isPlaceholderData) void fetchNextPage();
  }, [enabled, short, hasNextPage, isFetching, fetchNextPage, isPlaceholderData]);

  return { query, runs, total, drawnRuns, named, news };
}

export function eyeOpen(spec: WorkspaceSpec, id: string): boolean {
  return spec.only ? spec.only.includes(id) : !spec.hidden.includes(id);
}

/** Pinned runs first, then those of the list whose eye is open. */
function chooseDrawn(spec: WorkspaceSpec, runs: readonly Run[], named: readonly Run[]): Run[] {
  const known = new Map([...named, ...runs].map((run) => [run.id, run]));
  const wanted = new Set([...spec.pins, ...runs.map((run) => run.id), ...(spec.only ?? [])]);
  const found: Run[] = [];
  for (const id of wanted) {
    const run = known.get(id);
    if (run && eyeOpen(spec, id)) found.push(run);
    if (found.length >= spec.drawn) break;
  }
  return found;
}

/** Runs that are named by the view, pinned or shown alone, wherever they stand in the list. */
function useNamed(entity: string, project: string, spec: WorkspaceSpec, runs: readonly Run[], enabled: boolean): readonly Run[] {
  const ids = useMemo(() => {
    const loaded = new Set(runs.map((run) => run.id));
    const wanted = [...spec.pins, ...(spec.only ?? [])].filter((id) => !loaded.has(id));
    return [...new Set(wanted)].sort().slice(0, DRAWN_MAX);
  }, [spec.pins, spec.only, runs]);
  const query = useQuery({
    queryKey: ["runs-by-id", entity, project, ids],
    queryFn: ({ signal }) =>
      queryRuns(entity, project, { filter: { id: { $in: ids } }, limit: DRAWN_MAX, select: [] }, signal),
    enabled: enabled && ids.length > 0,
    placeholderData: keepPreviousData,
  });
  const found = query.data?.runs;
  return useMemo(() => (ids.length > 0 ? (found ?? []) : []), [ids, found]);
}

/**
 * Runs that came, went or no longer match: short lists are read again by themselves, long ones say so
 * and wait to be asked, since the place one looks at must not move.
 */
function useListNews(entity: string, project: string, runs: readonly Run[], pageCount: number, spec: WorkspaceSpec) {
  const client = useQueryClient();
  const [waiting, setWaiting] = useState(0);
  const known = useMemo(() => new Set(runs.map((run) => run.id)), [runs]);
  const ordered = /^[+-](summary\.|state|updated_at|heartbeat_at)/.test(spec.sort);
  const filtered = Object.keys(spec.filter).length > 0;
  useEffect(() => setWaiting(0), [pageCount, runs]);
  useEffect(() => {
    const fresh = new Set<string>();
    const limiter = new Limiter(() => {
      if (pageCount > PAGES_REREAD_MAX) setWaiting(Math.max(1, fresh.size));
      else {
        fresh.clear();
        void client.invalidateQueries({ queryKey: ["runs", entity, project] });
      }
      void client.invalidateQueries({ queryKey: ["groups", entity, project] });
    }, LIST_REREAD_MS);
    const stop = onProject(entity, project, (events) => {
      if (!events) limiter.trigger();
      for (const event of events ?? []) {
        if (event.kind !== "run" || event.run === "") continue;
        if (!known.has(event.run)) fresh.add(event.run);
        if (!known.has(event.run) || ordered || filtered || !patched(event)) limiter.trigger();
      }
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [client, entity, project, known, pageCount, ordered, filtered]);
  return {
    waiting,
    show: () => {
      setWaiting(0);
      void client.resetQueries({ queryKey: ["runs", entity, project] });
    },
  };
}

/** Whether the event held what changed, so that the row is up to date without reading it. */
function patched(event: FeedEvent): boolean {
  return "state" in event.detail || "summary" in event.detail;
}

// --- groups --------------------------------------------------------------------------------------

export interface GroupRow {
  name: string;
  label: string;
  group: RunGroup;
  filter: RunFilter;
  slot: number;
}

/** Of one group; a series of more would keep the server busy for seconds at each change. */
export const MEMBERS_MAX = 5000;
const GROUPS_MAX = 200;

export function useGroups(entity: string, project: string, spec: WorkspaceSpec, enabled: boolean) {
  const grouped = spec.group.length > 0;
  const query = useQuery({
    ...groupsQuery(entity, project, {
      by: spec.group,
      filter: spec.filter,
      search: spec.q,
      statistics: spec.columns.filter((key) => key.startsWith("summary.") || key.startsWith("config.")).slice(0, 50),
      limit: GROUPS_MAX,
    }),
    enabled: enabled && grouped,
    placeholderData: keepPreviousData,
  });
  const found = query.data?.groups;
  const rows = useMemo(() => (grouped && found ? groupRows(found, spec) : []), [grouped, found, spec]);
  const drawnRows = useMemo(
    () => rows.filter((row) => eyeOpen(spec, row.name)).slice(0, spec.drawn),
    [rows, spec],
  );
  const members = useQueries({
    queries: drawnRows.map((row) => ({
      queryKey: ["group-runs", entity, project, row.filter, spec.q],
      queryFn: ({ signal }: { signal: AbortSignal }) => memberIds(entity, project, row.filter, spec.q, signal),
      enabled,
    })),
    combine: (answers) => answers.map((answer) => answer.data),
  });
  const drawn = useMemo(
    () =>
      drawnRows.map(
        (row, at): DrawnGroup => ({ name: row.name, label: row.label, slot: row.slot, runs: members[at] ?? [] }),
      ),
    [drawnRows, members],
  );
  return { query, rows, drawn: drawn.filter((group) => group.runs.length > 0), cut: rows.length >= GROUPS_MAX };
}

/** Every run of the group, so that its statistics are over all of them and not over a page. */
async function memberIds(
  entity: string,
  project: string,
  filter: RunFilter,
  search: string,
  signal: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor = "";
  do {
    const page = await queryRuns(entity, project, { filter, search, select: [], limit: 1000, cursor }, signal);
    ids.push(...page.runs.map((run) => run.id));
    cursor = page.next_cursor;
  } while (cursor !== "" && ids.length < MEMBERS_MAX);
  return ids;
}

function groupRows(groups: readonly RunGroup[], spec: WorkspaceSpec): GroupRow[] {
  const labels = groups.map((group) => group.values.map((value) => formatValue(value ?? "none")).join(" · "));
  // Colours by the order of the labels, so that another sort does not shuffle them.
  const order = [...labels].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return groups.map((group, at) => {
    const label = labels[at] ?? "";
    const own = Object.keys(spec.filter).length > 0 ? { $and: [spec.filter, group.filter] } : group.filter;
    return { name: label, label, group, filter: own, slot: spec.colours[label] ?? order.indexOf(label) };
  });
}

/** Finds the runs whose eye is open, all of them and not only those that the lines draw. */
export function shownFilter(spec: WorkspaceSpec, groups: readonly GroupRow[]): RunFilter {
  const parts: RunFilter[] = Object.keys(spec.filter).length > 0 ? [spec.filter] : [];
  if (spec.group.length > 0) {
    const closed = groups.filter((row) => !eyeOpen(spec, row.name)).map((row) => row.group.filter);
    if (closed.length > 0) parts.push({ $nor: closed });
  } else if (spec.only) parts.push({ id: { $in: spec.only } });
  else if (spec.hidden.length > 0) parts.push({ id: { $nin: spec.hidden } });
  return parts.length > 1 ? { $and: parts } : (parts[0] ?? {});
}

/** What the charts draw: groups where runs are grouped, else the runs. */
export function drawnOf(drawnRuns: readonly Run[], groups: readonly DrawnGroup[], spec: WorkspaceSpec): Drawn {
  if (spec.group.length > 0) return { runs: [], groups };
  return {
    groups: [],
    runs: drawnRuns.map((run) => ({
      id: run.id,
      label: run.display_name,
      slot: spec.colours[run.id] ?? run.colour,
      pinned: spec.pins.includes(run.id),
    })),
  };
}
