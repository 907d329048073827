/** Artifacts: types, collections, versions, what lies in them. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { apiUrl, ask, path, send } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type ArtifactType = Schemas["ArtifactType"];
export type Collection = Schemas["Collection"];
export type ArtifactVersion = Schemas["ArtifactVersion"];
export type ArtifactFile = Schemas["FileEntry"];
export type ArtifactFiles = Schemas["ArtifactFiles"];
export type FolderEntry = Schemas["FolderEntry"];
export type FolderChange = Schemas["FolderChange"];
export type ArtifactDiff = Schemas["ArtifactDiff"];
export type FileChange = Schemas["FileChange"];
export type RunArtifact = Schemas["RunArtifact"];

const PAGE = 100;
const FILES_PAGE = 1000;

export function artifactTypesQuery(entity: string, project: string) {
  return queryOptions({
    queryKey: ["artifact-types", entity, project],
    queryFn: ({ signal }) =>
      ask<Schemas["ArtifactTypes"]>("GET", `/projects${path(entity, project)}/artifact-types`, { signal }),
  });
}

export function collectionsQuery(entity: string, project: string, asked: { type?: string; search?: string }) {
  return infiniteQueryOptions({
    queryKey: ["collections", entity, project, asked],
    queryFn: ({ signal, pageParam }) =>
      ask<Schemas["Collections"]>("GET", `/projects${path(entity, project)}/collections`, {
        query: { ...asked, after: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

export interface CollectionsAsked {
  type?: string | undefined;
  search?: string | undefined;
  tag?: string | undefined;
  alias?: string | undefined;
  /** name, created_at, updated_at or version_count, in the trash also deleted_at; `-` in front for descending */
  sort?: string | undefined;
  /** those that were deleted */
  trash?: boolean | undefined;
}

export interface PlaceAsked {
  skip: number;
  limit: number;
  count: boolean;
}

export function collectionsKey(entity: string, project: string, asked: CollectionsAsked) {
  return ["collections", entity, project, "placed", asked] as const;
}

/** Those at a place of the list. */
export async function readCollections(entity: string, project: string, asked: CollectionsAsked, place: PlaceAsked, signal: AbortSignal) {
  const { skip, limit, count } = place;
  const found = await ask<Schemas["Collections"]>("GET", `/projects${path(entity, project)}/collections`, {
    query: { ...asked, skip, limit, ...(count && { count }) },
    signal,
  });
  return { rows: found.collections, total: found.total ?? null };
}

export function collectionQuery(entity: string, project: string, collection: string) {
  return queryOptions({
    queryKey: ["collection", entity, project, collection],
    queryFn: ({ signal }) => ask<Collection>("GET", `/projects${path(entity, project)}/collections${path(collection)}`, { signal }),
  });
}

export function versionsQuery(entity: string, project: string, collection: string, search = "") {
  return infiniteQueryOptions({
    queryKey: ["versions", entity, project, collection, search],
    queryFn: ({ signal, pageParam }) =>
      ask<Schemas["ArtifactVersions"]>("GET", `/projects${path(entity, project)}/collections${path(collection)}/versions`, {
        query: { search, after: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

/** The newest of a collection, to choose from; any other is named. */
export function newestVersionsQuery(entity: string, project: string, collection: string) {
  return queryOptions({
    queryKey: ["versions", entity, project, collection, "newest"],
    queryFn: async ({ signal }) => {
      const found = await ask<Schemas["ArtifactVersions"]>("GET", versionsPath(entity, project, collection), { query: { limit: PAGE }, signal });
      return found.versions;
    },
  });
}

/** What stands under each alias of a collection. */
export function standingQuery(entity: string, project: string, collection: string) {
  return queryOptions({
    queryKey: ["standing", entity, project, collection],
    queryFn: ({ signal }) =>
      ask<Schemas["StandingAliases"]>("GET", `/projects${path(entity, project)}/collections${path(collection)}/aliases`, { signal }),
  });
}

export interface VersionsAsked {
  search?: string | undefined;
  tag?: string | undefined;
  /** version_index, created_at or size; `-` in front for descending */
  sort?: string | undefined;
  trash?: boolean | undefined;
}

export function versionsKey(entity: string, project: string, collection: string, asked: VersionsAsked) {
  return ["versions", entity, project, collection, "placed", asked] as const;
}

/** Those at a place of the list. */
export async function readVersions(
  entity: string,
  project: string,
  collection: string,
  asked: VersionsAsked,
  place: PlaceAsked,
  signal: AbortSignal,
) {
  const { skip, limit, count } = place;
  const found = await ask<Schemas["ArtifactVersions"]>("GET", versionsPath(entity, project, collection), {
    query: { ...asked, skip, limit, ...(count && { count }) },
    signal,
  });
  return { rows: found.versions, total: found.total ?? null };
}

/** The version whose number comes before, or null. */
export function versionBeforeQuery(entity: string, project: string, collection: string, version: string) {
  return queryOptions({
    queryKey: ["versions", entity, project, collection, "before", version],
    queryFn: async ({ signal }) => {
      const found = await ask<Schemas["ArtifactVersions"]>("GET", versionsPath(entity, project, collection), {
        query: { at: version, limit: 2 },
        signal,
      });
      return found.versions.find((one) => one.version !== version) ?? null;
    },
  });
}

/** How many come before a version in the list. at: `v3` or an alias; 404 where it is not in the list. */
export async function placeOfVersion(entity: string, project: string, collection: string, asked: VersionsAsked, at: string): Promise<number> {
  const found = await ask<Schemas["ArtifactVersions"]>("GET", versionsPath(entity, project, collection), { query: { ...asked, at, limit: 1 } });
  return found.skip;
}

export const RESTORED_AT_ONCE = 1000;

export async function restoreVersions(entity: string, project: string, collection: string, ids: readonly number[]): Promise<number> {
  const done = await ask<Schemas["VersionsRestored"]>("POST", `${versionsPath(entity, project, collection)}/restore`, { body: { versions: ids } });
  return done.count;
}

/** All that are in the trash, some at a time. */
export async function restoreAllVersions(entity: string, project: string, collection: string): Promise<number> {
  let count = 0;
  for (;;) {
    const found = await ask<Schemas["ArtifactVersions"]>("GET", versionsPath(entity, project, collection), {
      query: { trash: true, limit: RESTORED_AT_ONCE },
    });
    if (found.versions.length === 0) return count;
    const back = await restoreVersions(entity, project, collection, found.versions.map((one) => one.id));
    if (back === 0) return count;
    count += back;
  }
}

/** artifact: `NAME:v3`, `NAME:alias`, or `@ID`. */
export function versionQuery(entity: string, project: string, artifact: string) {
  return queryOptions({
    queryKey: ["version", entity, project, artifact],
    queryFn: ({ signal }) => ask<ArtifactVersion>("GET", versionPath(entity, project, artifact), { signal }),
  });
}

export function membersQuery(entity: string, project: string, artifact: string) {
  return queryOptions({
    queryKey: ["version-members", entity, project, artifact],
    queryFn: ({ signal }) =>
      ask<Schemas["ArtifactVersions"]>("GET", `${versionPath(entity, project, artifact)}/members`, { signal }),
  });
}

/** One folder: its folders, then its files. prefix: "" or ending in a slash. */
export function artifactFolderQuery(entity: string, project: string, artifact: string, prefix: string) {
  return infiniteQueryOptions({
    queryKey: ["artifact-folder", entity, project, artifact, prefix],
    queryFn: ({ signal, pageParam }) =>
      ask<ArtifactFiles>("GET", `${versionPath(entity, project, artifact)}/files`, {
        query: { prefix, delimiter: "/", after: pageParam, limit: FILES_PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

/** Files at any depth below `prefix` whose path holds the text. A page may find none while there is more. */
export function artifactSearchQuery(entity: string, project: string, artifact: string, prefix: string, search: string) {
  return infiniteQueryOptions({
    queryKey: ["artifact-search", entity, project, artifact, prefix, search],
    queryFn: ({ signal, pageParam }) =>
      ask<ArtifactFiles>("GET", `${versionPath(entity, project, artifact)}/files`, {
        query: { prefix, search, after: pageParam, limit: FILES_PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

/** The one file of that path, or null. */
export function artifactFileQuery(entity: string, project: string, artifact: string, name: string) {
  return queryOptions({
    queryKey: ["artifact-file", entity, project, artifact, name],
    queryFn: async ({ signal }) => {
      const found = await ask<ArtifactFiles>("GET", `${versionPath(entity, project, artifact)}/files`, {
        query: { prefix: name, limit: 1 },
        signal,
      });
      return found.files.find((file) => file.path === name) ?? null;
    },
  });
}

/** What differs in one folder. prefix: "" or ending in a slash. */
export function artifactDiffQuery(entity: string, project: string, from: string, to: string, prefix: string) {
  return infiniteQueryOptions({
    queryKey: ["artifact-diff", entity, project, from, to, prefix],
    queryFn: ({ signal, pageParam }) =>
      ask<ArtifactDiff>("GET", `${versionPath(entity, project, from)}/diff`, {
        query: { to, prefix, delimiter: "/", after: pageParam, limit: FILES_PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

export function runArtifactsQuery(entity: string, project: string, run: string, role: RunArtifact["role"]) {
  return infiniteQueryOptions({
    queryKey: ["run-artifacts", entity, project, run, role],
    queryFn: ({ signal, pageParam }) =>
      ask<Schemas["RunArtifacts"]>("GET", `/projects${path(entity, project)}/runs${path(run)}/artifacts`, {
        query: { role, after: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

export function moveAliases(
  entity: string,
  project: string,
  artifact: string,
  change: { add?: string[]; remove?: string[]; reason?: string },
): Promise<ArtifactVersion> {
  return ask("POST", `${versionPath(entity, project, artifact)}/aliases`, { body: change });
}

export function patchVersion(
  entity: string,
  project: string,
  artifact: string,
  change: { description?: string; tags?: string[] },
): Promise<ArtifactVersion> {
  return ask("PATCH", versionPath(entity, project, artifact), { body: change });
}

export function patchCollection(
  entity: string,
  project: string,
  collection: string,
  change: { description?: string; tags?: string[] },
): Promise<Collection> {
  return ask("PATCH", `/projects${path(entity, project)}/collections${path(collection)}`, { body: change });
}

export function deleteCollection(entity: string, project: string, collection: string): Promise<void> {
  return ask("DELETE", `/projects${path(entity, project)}/collections${path(collection)}`);
}

/** Out of the trash, whole. 409 where its name (or `newName`) is taken. */
export function restoreCollection(entity: string, project: string, id: number, newName = ""): Promise<Collection> {
  return ask("POST", `/projects${path(entity, project)}/collections/restore`, { body: { id, new_name: newName } });
}

export function artifactFileUrl(entity: string, project: string, artifact: string, name: string, inline = false): string {
  return apiUrl(filePath(entity, project, artifact, name), inline ? { inline: 1 } : {});
}

export async function readArtifactText(
  entity: string,
  project: string,
  artifact: string,
  name: string,
  signal?: AbortSignal,
): Promise<string> {
  const response = await send("GET", filePath(entity, project, artifact, name), { accept: "*/*", signal });
  return response.text();
}

function versionsPath(entity: string, project: string, collection: string): string {
  return `/projects${path(entity, project)}/collections${path(collection)}/versions`;
}

function versionPath(entity: string, project: string, artifact: string): string {
  return `/projects${path(entity, project)}/artifacts${path(artifact)}`;
}

/** Slashes in the name make folders, and stay slashes in the address. */
function filePath(entity: string, project: string, artifact: string, name: string): string {
  return `${versionPath(entity, project, artifact)}/files${path(...name.split("/"))}`;
}
