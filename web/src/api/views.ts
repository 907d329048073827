import { queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { JsonObject, View } from "./types";

export function viewsQuery(entity: string, project: string, kind: string) {
  return queryOptions({
    queryKey: ["views", entity, project, kind],
    queryFn: ({ signal }) =>
      ask<{ views: View[] }>("GET", `/projects${path(entity, project)}/views`, { query: { kind }, signal }),
    staleTime: 30_000,
  });
}

export interface ViewDraft {
  kind: string;
  name: string;
  spec: JsonObject;
  shared: boolean;
}

export function createView(entity: string, project: string, draft: ViewDraft): Promise<View> {
  return ask("POST", `/projects${path(entity, project)}/views`, { body: draft });
}

/** 409 where someone saved since: `version` is the one the change was made on. */
export function updateView(
  id: string,
  change: { name: string; spec: JsonObject; shared: boolean; version: number },
): Promise<View> {
  return ask("PUT", `/views${path(id)}`, { body: change });
}

export function deleteView(id: string): Promise<void> {
  return ask("DELETE", `/views${path(id)}`);
}

export function viewQuery(id: string) {
  return queryOptions({
    queryKey: ["view", id],
    queryFn: ({ signal }) => ask<View>("GET", `/views${path(id)}`, { signal }),
  });
}
