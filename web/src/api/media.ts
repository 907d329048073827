import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type MediaKey = Schemas["MediaKey"];
export type MediaSeries = Schemas["MediaSeries"];
export type MediaValue = Schemas["MediaValue"];

/** Runs whose keys are looked at: the server's own limit. */
export const KEY_RUNS_MAX = 50;
const PAIRS_MAX = 500;
const VALUES_MAX = 20_000;

/** Keys under which any of the runs logged media, a page at a time. */
export function mediaKeysQuery(entity: string, project: string, runs: readonly string[], search: string) {
  return infiniteQueryOptions({
    queryKey: ["media-keys", entity, project, runs, search],
    queryFn: ({ signal, pageParam }) =>
      ask<Schemas["MediaKeys"]>("POST", `/projects${path(entity, project)}/media/keys`, {
        body: { runs: runs.slice(0, 1000), search, after: pageParam, limit: 200 },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    enabled: runs.length > 0,
  });
}

/** What each run had logged under a key by a step (null: the latest), `samples` values of it. */
export function mediaQuery(
  entity: string,
  project: string,
  runs: readonly string[],
  key: string,
  step: number | null,
  samples = 1,
) {
  const shown = runs.slice(0, PAIRS_MAX);
  return queryOptions({
    queryKey: ["media", entity, project, key, shown, step, samples],
    queryFn: ({ signal }) =>
      ask<Schemas["Media"]>("POST", `/projects${path(entity, project)}/media/values`, {
        body: { runs: shown, keys: [key], step, samples },
        signal,
      }),
    enabled: shown.length > 0,
    // What stood at a step stays, save that rows may still arrive below it: the feed says so.
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Steps at which any of the runs logged any of the keys; thinned evenly where they are very many. */
export function mediaStepsQuery(entity: string, project: string, runs: readonly string[], keys: readonly string[]) {
  const someKeys = keys.slice(0, PAIRS_MAX);
  const someRuns = runs.slice(0, Math.max(1, Math.floor(PAIRS_MAX / Math.max(1, someKeys.length))));
  const samples = Math.max(1, Math.min(2000, Math.floor(VALUES_MAX / Math.max(1, someRuns.length * someKeys.length))));
  return queryOptions({
    queryKey: ["media-steps", entity, project, someRuns, someKeys],
    queryFn: ({ signal }) =>
      ask<Schemas["Media"]>("POST", `/projects${path(entity, project)}/media/values`, {
        body: { runs: someRuns, keys: someKeys, samples, only_steps: true },
        signal,
      }),
    enabled: someRuns.length > 0 && someKeys.length > 0,
  });
}
