/** What artifacts take up, and what a collection of garbage would give back. */

import { queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

export type StorageUse = components["schemas"]["StorageUse"];
export type CollectionUse = components["schemas"]["CollectionUse"];
export type EntityUse = components["schemas"]["EntityUse"];
export type Collected = components["schemas"]["Collected"];

export function storageQuery(entity: string, project: string) {
  return queryOptions({
    queryKey: ["storage", entity, project],
    queryFn: ({ signal }) => ask<StorageUse>("GET", `/projects${path(entity, project)}/storage`, { signal }),
  });
}

/** Of all projects of an entity. */
export function entityStorageQuery(entity: string) {
  return queryOptions({
    queryKey: ["storage", entity],
    queryFn: ({ signal }) => ask<EntityUse>("GET", `/entities${path(entity)}/storage`, { signal }),
  });
}

/** Of the whole server; for its admins. Nothing is changed. */
export function previewCollection(): Promise<Collected> {
  return ask("POST", "/admin/gc", { body: { dry_run: true } });
}
