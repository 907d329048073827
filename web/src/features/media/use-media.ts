/** Which media runs logged and at which steps, read again as rows arrive. */

import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";

import { mediaKeysQuery, mediaStepsQuery, type MediaKey } from "@/api/media";
import { Limiter } from "@/base/limiter";
import { unionOfSteps } from "@/base/media";
import { onProject } from "@/model/live";

const REREAD_MS = 3000;
const NO_KEYS: readonly MediaKey[] = [];

export interface MediaOfRuns {
  keys: readonly MediaKey[];
  steps: readonly number[];
  pending: boolean;
  error: unknown;
  retry: () => void;
  /** more keys are there */
  more: (() => void) | undefined;
  /** runs whose keys were looked at */
  runsRead: number;
}

export function useMedia(entity: string, project: string, runs: readonly string[], find: string): MediaOfRuns {
  const client = useQueryClient();
  const query = useInfiniteQuery({ ...mediaKeysQuery(entity, project, runs, find), placeholderData: keepPreviousData });
  const pages = query.data?.pages;
  const keys = useMemo(() => (runs.length === 0 ? NO_KEYS : (pages?.flatMap((page) => page.keys) ?? NO_KEYS)), [pages, runs.length]);
  const names = useMemo(() => keys.map((key) => key.name), [keys]);
  const steps = useQuery({ ...mediaStepsQuery(entity, project, runs, names), placeholderData: keepPreviousData });
  const union = useMemo(() => unionOfSteps(steps.data?.series.map((one) => one.steps) ?? []), [steps.data]);

  useEffect(() => {
    const wanted = new Set(runs);
    const limiter = new Limiter(() => {
      for (const name of ["media-keys", "media-steps"]) void client.invalidateQueries({ queryKey: [name, entity, project] });
      void client.invalidateQueries({
        queryKey: ["media", entity, project],
        predicate: (one) => one.queryKey[5] === null, // what stands at an earlier step stays
      });
    }, REREAD_MS);
    const stop = onProject(entity, project, (events) => {
      if (!events || events.some((event) => event.kind === "rows" && wanted.has(event.run))) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [client, entity, project, runs]);

  const { hasNextPage, isFetching, fetchNextPage } = query;
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  return {
    keys,
    steps: union,
    pending: query.isPending && runs.length > 0,
    error: query.error,
    retry: () => void query.refetch(),
    more: hasNextPage && !isFetching ? more : undefined,
    runsRead: pages?.[0]?.runs ?? 0,
  };
}
