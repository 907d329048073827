/** Series of a panel: read for its pixels, kept while the next loads, read again when rows arrive. */

import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";

import { readSeries, type Series } from "@/api/series";
import type { SeriesQuery } from "@/api/types";
import { Limiter } from "@/base/limiter";
import type { Drawn } from "@/model/drawn";
import { changedSince, onProject } from "@/model/live";

export type Space = "history" | "system";

export interface SeriesAsked {
  entity: string;
  project: string;
  space: Space;
  metric: string;
  x: string;
  zoom: readonly [number, number] | null;
  /** of the panel, in CSS px */
  width: number;
  drawn: Drawn;
}

const REREAD_MS = 1000;

/** Width in steps, so that dragging an edge does not ask at every pixel. */
export function bucketsFor(width: number): number {
  return Math.min(1000, Math.max(100, Math.round(width / 50) * 50));
}

export function useSeries({ entity, project, space, metric, x, zoom, width, drawn }: SeriesAsked) {
  const client = useQueryClient();
  const members = useMemo(
    () => (drawn.groups.length > 0 ? drawn.groups.flatMap((group) => group.runs) : drawn.runs.map((run) => run.id)),
    [drawn],
  );
  const body: SeriesQuery = {
    runs: drawn.groups.length > 0 ? [] : members,
    keys: [metric],
    x,
    range: zoom ? [zoom[0], zoom[1]] : [null, null],
    buckets: bucketsFor(width),
    space,
    ...(drawn.groups.length > 0 && {
      group: Object.fromEntries(drawn.groups.map((group) => [group.name, [...group.runs]])),
    }),
  };
  const queryKey = ["series", entity, project, body] as const;
  const query = useQuery<Series>({
    queryKey,
    queryFn: ({ signal }) => readSeries(entity, project, body, signal),
    enabled: width > 0 && members.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    // Coming back on screen: read again only if rows arrived since.
    refetchOnMount: (one) => (changedSince(entity, project, members, one.state.dataUpdatedAt) ? "always" : false),
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });

  const latest = useRef({ queryKey, members });
  useEffect(() => {
    latest.current = { queryKey, members };
  });
  useEffect(() => {
    const limiter = new Limiter(() => {
      const key = latest.current.queryKey;
      // A read under way may have missed the newest rows: one more follows it.
      if (client.isFetching({ queryKey: key, exact: true }) > 0) limiter.trigger();
      else void client.refetchQueries({ queryKey: key, exact: true }, { cancelRefetch: false });
    }, REREAD_MS);
    const kind = space === "system" ? "system" : "rows";
    const stop = onProject(entity, project, (events) => {
      const runs = new Set(latest.current.members);
      if (!events || events.some((event) => event.kind === kind && runs.has(event.run))) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [client, entity, project, space]);

  const cancel = useCallback(
    () => void client.cancelQueries({ queryKey: latest.current.queryKey, exact: true }),
    [client],
  );
  // The query itself, not a copy: only the fields that are read then cause a drawing.
  return { query, cancel };
}
