/** Sweeps, their trials, results and agents. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Sweep = Schemas["Sweep"];
export type SweepState = Sweep["state"];
export type Trial = Schemas["Trial"];
export type TrialState = Trial["state"];
export type Combination = Schemas["Combination"];
export type SweepAgent = Schemas["Agent"];

/** As many as are drawn; a sweep with more says so. */
export const TRIALS_MAX = 10_000;
const LIVE_MS = 3000;
/** From here on an answer is large enough to be asked for less often. */
const MANY = 1500;

export function sweepsQuery(entity: string, project: string, search: string) {
  return infiniteQueryOptions({
    queryKey: ["sweeps", entity, project, search],
    queryFn: ({ signal, pageParam }) =>
      ask<Schemas["Sweeps"]>("GET", `/projects${path(entity, project)}/sweeps`, {
        query: { search, after: pageParam, limit: 50 },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.sweeps.some((sweep) => isLive(sweep.state))) === true ? LIVE_MS : false,
  });
}

export function isLive(state: SweepState): boolean {
  return state === "running" || state === "pending" || state === "paused";
}

export function sweepQuery(entity: string, project: string, sweep: string) {
  return queryOptions({
    queryKey: ["sweep", entity, project, sweep],
    queryFn: ({ signal }) => ask<Sweep>("GET", sweepPath(entity, project, sweep), { signal }),
    refetchInterval: ({ state }) => (state.data === undefined || isLive(state.data.state) ? LIVE_MS : false),
  });
}

export function trialsQuery(entity: string, project: string, sweep: string, live: boolean) {
  return queryOptions({
    queryKey: ["trials", entity, project, sweep],
    queryFn: ({ signal }) =>
      ask<Schemas["Trials"]>("GET", `${sweepPath(entity, project, sweep)}/trials`, { query: { limit: TRIALS_MAX }, signal }),
    refetchInterval: ({ state }) => (live ? (state.data && state.data.trials.length > MANY ? 5 * LIVE_MS : LIVE_MS) : false),
  });
}

export function bestQuery(entity: string, project: string, sweep: string, robust: boolean, live: boolean) {
  return queryOptions({
    queryKey: ["sweep-best", entity, project, sweep, robust],
    queryFn: ({ signal }) =>
      ask<Schemas["Best"]>("GET", `${sweepPath(entity, project, sweep)}/best`, { query: { robust, limit: 1 }, signal }),
    refetchInterval: live ? LIVE_MS : false,
  });
}

export function paretoQuery(entity: string, project: string, sweep: string, live: boolean) {
  return queryOptions({
    queryKey: ["sweep-pareto", entity, project, sweep],
    queryFn: ({ signal }) => ask<Schemas["Pareto"]>("GET", `${sweepPath(entity, project, sweep)}/pareto`, { signal }),
    refetchInterval: live ? LIVE_MS : false,
  });
}

/** What each parameter has to do with the first objective; costly, so asked for rarely. */
export function importanceQuery(entity: string, project: string, sweep: string, live: boolean) {
  return queryOptions({
    queryKey: ["sweep-importance", entity, project, sweep],
    queryFn: ({ signal }) => ask<Schemas["Importance"]>("GET", `${sweepPath(entity, project, sweep)}/importance`, { signal }),
    refetchInterval: live ? 20 * LIVE_MS : false,
    staleTime: 10 * LIVE_MS,
  });
}

export function agentsQuery(entity: string, project: string, sweep: string, live: boolean) {
  return queryOptions({
    queryKey: ["sweep-agents", entity, project, sweep],
    queryFn: ({ signal }) => ask<Schemas["Agents"]>("GET", `${sweepPath(entity, project, sweep)}/agents`, { signal }),
    refetchInterval: live ? LIVE_MS : false,
  });
}

export function setSweepState(
  entity: string,
  project: string,
  sweep: string,
  state: "running" | "paused" | "finished" | "cancelled",
): Promise<Sweep> {
  return ask("PATCH", sweepPath(entity, project, sweep), { body: { state } });
}

export function retryTrials(entity: string, project: string, sweep: string): Promise<{ count: number }> {
  return ask("POST", `${sweepPath(entity, project, sweep)}/retry`, { body: {} });
}

export function stopTrial(entity: string, project: string, sweep: string, number: number): Promise<void> {
  return ask("POST", `${sweepPath(entity, project, sweep)}/trials/${number}/stop`, { body: { why: "stopped by hand" } });
}

function sweepPath(entity: string, project: string, sweep: string): string {
  return `/projects${path(entity, project)}/sweeps${path(sweep)}`;
}
