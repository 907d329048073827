/** Connects the feed to the caches: run records are patched in place, charts hear that rows arrived. */

import { useQueryClient, type InfiniteData, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { openFeed } from "@/api/feed/feed";
import { meQuery } from "@/api/me";
import { ApiError } from "@/api/request";
import type { FeedEvent, JsonObject, Me, Run, RunPage, RunQuery, RunState } from "@/api/types";
import { useConnection } from "@/model/connection";
import { toast } from "@/model/toasts";
import { tell, tellAll, useFeedState } from "@/model/live";

export function useLiveData(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const feed = openFeed({
      state: (state) => useFeedState.setState({ state }),
      events: (events) => {
        for (const event of events) {
          if (event.kind === "run" && event.run !== "") patchRun(queryClient, event);
          if (event.kind === "alert") sayAlert(queryClient, event);
        }
        tell(events);
      },
      resync: () => {
        tellAll();
        void checkServer(queryClient);
      },
    });
    const unwatch = watchConnection(queryClient);
    return () => {
      feed.close();
      unwatch();
    };
  }, [queryClient]);
}

function sayAlert(queryClient: QueryClient, { project, run, detail }: FeedEvent): void {
  const title = typeof detail["title"] === "string" ? detail["title"] : "an alert";
  toast(`${project} / ${run}: ${title}`, { tone: detail["level"] === "INFO" ? "plain" : "bad" });
  void queryClient.invalidateQueries({ queryKey: ["alerts"] });
}

/** Offline when the last answer was none at all; known to every page, whichever query met it. */
function watchConnection(queryClient: QueryClient): () => void {
  return queryClient.getQueryCache().subscribe((event) => {
    if (event.type !== "updated") return;
    const { action } = event;
    if (action.type === "success") useConnection.setState({ offline: false });
    else if ((action.type === "error" || action.type === "failed") && action.error instanceof ApiError) {
      useConnection.setState({ offline: action.error.offline });
    }
  });
}

async function checkServer(queryClient: QueryClient): Promise<void> {
  const before = queryClient.getQueryData<Me>(meQuery.queryKey)?.server;
  try {
    const { server } = await queryClient.query({ ...meQuery, staleTime: 0 });
    if (before && server.ui_build !== before.ui_build) useConnection.setState({ upgraded: true });
  } catch {
    // Still out of reach, or signed out: the query's own error shows it.
  }
}

/**
 * Changed cells only: the run's object is replaced where it is cached, all others stay the same; and
 * not even that where a list does not hold what changed (it asked for some summary keys, or none).
 */
function patchRun(queryClient: QueryClient, event: FeedEvent): void {
  const { entity, project, run } = event;
  for (const query of queryClient.getQueryCache().findAll({ queryKey: ["runs", entity, project] })) {
    const wanted = (query.queryKey[3] as RunQuery | undefined)?.select;
    queryClient.setQueryData<InfiniteData<RunPage>>(query.queryKey, (data) => {
      const page = data?.pages.find((one) => one.runs.some((other) => other.id === run));
      const old = page?.runs.find((other) => other.id === run);
      if (!data || !page || !old) return data;
      const next = patched(old, event, wanted);
      if (next === old) return data;
      const runs = page.runs.map((other) => (other === old ? next : other));
      return { ...data, pages: data.pages.map((one) => (one === page ? { ...page, runs } : one)) };
    });
  }
  queryClient.setQueryData<Run>(["run", entity, project, run], (old) => (old ? patched(old, event, null) : old));
}

/** `wanted`: keys of config and summary that were asked for, null for all. The same object if nothing changes. */
function patched(old: Run, { detail }: FeedEvent, wanted: readonly string[] | null | undefined): Run {
  const state = typeof detail["state"] === "string" ? (detail["state"] as RunState) : old.state;
  const said = isObject(detail["summary"]) ? detail["summary"] : {};
  const changes = Object.entries(said).filter(
    ([key, value]) => (!wanted || wanted.includes(`summary.${key}`)) && old.summary[key] !== value,
  );
  if (state === old.state && changes.length === 0) return old;
  return { ...old, state, summary: { ...old.summary, ...Object.fromEntries(changes) } };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
