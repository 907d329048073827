/** Connects the feed to the caches: run records are patched in place, charts hear that rows arrived. */

import { useQueryClient, type InfiniteData, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { openFeed } from "@/api/feed/feed";
import { meQuery } from "@/api/me";
import { ApiError } from "@/api/request";
import type { FeedEvent, JsonObject, Me, Run, RunPage, RunState } from "@/api/types";
import { useConnection } from "@/model/connection";
import { tell, tellAll, useFeedState } from "@/model/live";

export function useLiveData(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const feed = openFeed({
      state: (state) => useFeedState.setState({ state }),
      events: (events) => {
        for (const event of events) if (event.kind === "run" && event.run !== "") patchRun(queryClient, event);
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

/** Changed cells only: the run's object is replaced where it is cached, all others stay the same. */
function patchRun(queryClient: QueryClient, event: FeedEvent): void {
  const { entity, project, run, detail } = event;
  const patch = (old: Run): Run => {
    const state = typeof detail["state"] === "string" ? (detail["state"] as RunState) : old.state;
    const summary = detail["summary"];
    return {
      ...old,
      state,
      summary: isObject(summary) ? { ...old.summary, ...summary } : old.summary,
    };
  };
  queryClient.setQueriesData<InfiniteData<RunPage>>({ queryKey: ["runs", entity, project] }, (data) => {
    if (!data?.pages.some((page) => page.runs.some((one) => one.id === run))) return data;
    return {
      ...data,
      pages: data.pages.map((page) =>
        page.runs.some((one) => one.id === run)
          ? { ...page, runs: page.runs.map((one) => (one.id === run ? patch(one) : one)) }
          : page,
      ),
    };
  });
  queryClient.setQueryData<Run>(["run", entity, project, run], (old) => (old ? patch(old) : old));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
