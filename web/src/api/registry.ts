/** Registries: what is in production, how it came there, and the way back. */

import { queryOptions } from "@tanstack/react-query";

import type { ArtifactVersion, PlaceAsked } from "./artifacts";
import { ask, path } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Registry = Schemas["Registry"];
export type AliasMove = Schemas["AliasMove"];
export type Approval = Schemas["Approval"];
export type VersionComparison = Schemas["VersionComparison"];

export function registriesQuery(organization: string) {
  return queryOptions({
    queryKey: ["registries", organization],
    queryFn: ({ signal }) =>
      ask<Schemas["RegistryList"]>("GET", `/organizations${path(organization)}/registries`, { signal }),
  });
}

export function registryQuery(organization: string, registry: string) {
  return queryOptions({
    queryKey: ["registry", organization, registry],
    queryFn: ({ signal }) => ask<Registry>("GET", `/organizations${path(organization)}/registries${path(registry)}`, { signal }),
  });
}

export function createRegistry(
  organization: string,
  wanted: { name: string; description?: string; artifact_types?: string[] },
): Promise<Registry> {
  return ask("POST", `/organizations${path(organization)}/registries`, { body: wanted });
}

export interface AliasMovesAsked {
  alias?: string;
  /** all but this one */
  without?: string;
}

export function aliasMovesKey(entity: string, project: string, collection: string, asked: AliasMovesAsked) {
  return ["alias-moves", entity, project, collection, "placed", asked] as const;
}

/** Those at a place of the list, the newest first. */
export async function readAliasMoves(
  entity: string,
  project: string,
  collection: string,
  asked: AliasMovesAsked,
  place: PlaceAsked,
  signal: AbortSignal,
) {
  const { skip, limit, count } = place;
  const found = await ask<Schemas["AliasMoves"]>("GET", `${collectionPath(entity, project, collection)}/log`, {
    query: { ...asked, skip, limit, ...(count && { count }) },
    signal,
  });
  return { rows: found.moves, total: found.total ?? null };
}

export function approvalsQuery(entity: string, project: string, collection: string) {
  return queryOptions({
    queryKey: ["approvals", entity, project, collection],
    queryFn: ({ signal }) =>
      ask<Schemas["Approvals"]>("GET", `${collectionPath(entity, project, collection)}/approvals`, {
        query: { state: "open" },
        signal,
      }),
  });
}

export function comparisonQuery(entity: string, project: string, candidate: string, baseline: string) {
  return queryOptions({
    queryKey: ["version-comparison", entity, project, candidate, baseline],
    queryFn: ({ signal }) =>
      ask<VersionComparison>("GET", `/projects${path(entity, project)}/artifacts${path(candidate)}/compare`, {
        query: { baseline },
        signal,
      }),
  });
}

export function promote(
  entity: string,
  project: string,
  collection: string,
  wanted: { version: string; alias: string; reason: string },
): Promise<ArtifactVersion> {
  return ask("POST", `${collectionPath(entity, project, collection)}/promote`, { body: wanted });
}

export function rollBack(
  entity: string,
  project: string,
  collection: string,
  wanted: { alias: string; reason: string },
): Promise<ArtifactVersion> {
  return ask("POST", `${collectionPath(entity, project, collection)}/rollback`, { body: wanted });
}

export function askApproval(
  entity: string,
  project: string,
  collection: string,
  wanted: { version: string; alias: string; reason: string },
): Promise<Approval> {
  return ask("POST", `${collectionPath(entity, project, collection)}/approvals`, { body: wanted });
}

export function decideApproval(
  entity: string,
  project: string,
  collection: string,
  approval: Approval,
  approves: boolean,
  comment: string,
): Promise<Approval> {
  return ask("POST", `${collectionPath(entity, project, collection)}/approvals/${approval.id}`, {
    body: { approves, comment, sha256: approval.sha256 },
  });
}

function collectionPath(entity: string, project: string, collection: string): string {
  return `/projects${path(entity, project)}/collections${path(collection)}`;
}
