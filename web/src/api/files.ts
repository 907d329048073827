import { infiniteQueryOptions } from "@tanstack/react-query";

import { apiUrl, ask, path } from "./request";

export interface RunFile {
  name: string;
  size: number;
  sha256: string;
  md5: string;
  mimetype: string;
  updated_at: number;
}

export function filesQuery(entity: string, project: string, run: string, prefix: string) {
  return infiniteQueryOptions({
    queryKey: ["files", entity, project, run, prefix],
    queryFn: ({ signal, pageParam }) =>
      ask<{ files: RunFile[]; next: string }>("GET", `/projects${path(entity, project)}/runs${path(run)}/files`, {
        query: { prefix, after: pageParam, limit: 1000 },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    staleTime: 0,
  });
}

/** Slashes in the name make folders, and stay slashes in the address. */
export function fileUrl(entity: string, project: string, run: string, name: string, inline = false): string {
  const parts = path(...name.split("/"));
  return apiUrl(`/projects${path(entity, project)}/runs${path(run)}/files${parts}`, inline ? { inline: 1 } : {});
}
