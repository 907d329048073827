/** What is kept of artifact versions, and deletions of many at once. */

import { queryOptions } from "@tanstack/react-query";

import type { Rule } from "@/base/retention";

import { ask, path } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type RetentionPolicies = Schemas["RetentionPolicies"];
export type RetentionPolicy = Schemas["RetentionPolicy"];
export type RetentionPreview = Schemas["RetentionPreview"];
export type Deletion = Schemas["Deletion"];

const WATCHED_MS = 1000;

export function retentionQuery(entity: string, project: string) {
  return queryOptions({
    queryKey: ["retention", entity, project],
    queryFn: ({ signal }) => ask<RetentionPolicies>("GET", `/projects${path(entity, project)}/retention`, { signal }),
  });
}

/** `rule` {}: the policy goes. `type` "": every type. */
export function setRetention(entity: string, project: string, type: string, rule: Rule | Record<string, never>): Promise<RetentionPolicies> {
  return ask("PUT", `/projects${path(entity, project)}/retention`, { body: { type, rule } });
}

export function entityRetentionQuery(entity: string) {
  return queryOptions({
    queryKey: ["entity-retention", entity],
    queryFn: ({ signal }) => ask<Schemas["EntityRetention"]>("GET", `/entities${path(entity)}/retention`, { signal }),
  });
}

export function setEntityRetention(entity: string, type: string, rule: Rule | Record<string, never>): Promise<Schemas["EntityRetention"]> {
  return ask("PUT", `/entities${path(entity)}/retention`, { body: { type, rule } });
}

/** As if `rule` were the policy of the type; without one, by the policies as they are. */
export function previewRetention(entity: string, project: string, wanted: { type?: string; rule?: Rule }): Promise<RetentionPreview> {
  return ask("POST", `/projects${path(entity, project)}/retention/preview`, { body: { ...wanted, shown: 20 } });
}

export function applyRetention(entity: string, project: string): Promise<Deletion> {
  return ask("POST", `/projects${path(entity, project)}/retention/apply`);
}

export type DeletionWanted = Schemas["DeletionWanted"];
/** What is not said does not matter. */
export type DeletionAsked = Partial<DeletionWanted>;

export function previewDeletion(entity: string, project: string, asked: DeletionAsked): Promise<RetentionPreview> {
  return ask("POST", `/projects${path(entity, project)}/deletions/preview`, { body: asked });
}

/** Versions that match, to the trash, by a job. */
export function beginDeletion(entity: string, project: string, asked: DeletionAsked): Promise<Deletion> {
  return ask("POST", `/projects${path(entity, project)}/deletions`, { body: asked });
}

/** Asked again while one of them runs. */
export function deletionsQuery(entity: string, project: string) {
  return queryOptions({
    queryKey: ["deletions", entity, project],
    queryFn: ({ signal }) =>
      ask<Schemas["Deletions"]>("GET", `/projects${path(entity, project)}/deletions`, { query: { limit: 10 }, signal }),
    refetchInterval: (query) => (query.state.data?.deletions.some(goesOn) ? WATCHED_MS : false),
  });
}

/** Of a deletion, or of its undo. */
export function goesOn(one: Deletion): boolean {
  return one.state === "running" || one.state === "undoing";
}

/** What it took and is still in the trash comes back, by a job; one that still runs stops first. */
export function undoDeletion(entity: string, project: string, id: number): Promise<Deletion> {
  return ask("POST", `/projects${path(entity, project)}/deletions/${id}/undo`);
}

export function cancelDeletion(entity: string, project: string, id: number): Promise<Deletion> {
  return ask("POST", `/projects${path(entity, project)}/deletions/${id}/cancel`);
}
