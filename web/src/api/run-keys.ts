import { infiniteQueryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { RunKeyInfo } from "./types";

/** Keys that one run logged, a page at a time, searched on the server. */
export function infiniteRunKeysQuery(
  entity: string,
  project: string,
  run: string,
  space: "history" | "system",
  search: string,
) {
  return infiniteQueryOptions({
    queryKey: ["run-keys", entity, project, run, space, search],
    queryFn: ({ signal, pageParam }) =>
      ask<{ keys: RunKeyInfo[]; next: string }>("GET", `/projects${path(entity, project)}/runs${path(run)}/keys`, {
        query: { search, after: pageParam, limit: 500, space },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}
