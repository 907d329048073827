import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { ProjectPage, ProjectSeen } from "./types";

export function projectsQuery(search = "", entity = "") {
  return infiniteQueryOptions({
    queryKey: ["projects", { search, entity }],
    queryFn: ({ signal, pageParam }) =>
      ask<ProjectPage>("GET", "/projects", { query: { search, entity, after: pageParam, limit: 50 }, signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

export function projectQuery(entity: string, project: string) {
  return queryOptions({
    queryKey: ["project", entity, project],
    queryFn: ({ signal }) => ask<ProjectSeen>("GET", `/projects${path(entity, project)}`, { signal }),
  });
}
