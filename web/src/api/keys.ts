import { infiniteQueryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { KeyName } from "./types";

export interface KeyPage {
  keys: KeyName[];
  next: string;
}

export const KEY_PAGE = 1000;

/** Metric keys of a project by name, a page at a time, searched on the server. */
export function keysQuery(entity: string, project: string, search: string, limit = KEY_PAGE) {
  return infiniteQueryOptions({
    queryKey: ["keys", entity, project, search, limit],
    queryFn: ({ signal, pageParam }) =>
      ask<KeyPage>("GET", `/projects${path(entity, project)}/keys`, {
        query: { search, after: pageParam, limit },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}
