/** Where a medium's bytes lie: files of a run. */

import { queryOptions } from "@tanstack/react-query";

import { fileUrl, readFileBytes } from "@/api/files";

export interface Place {
  entity: string;
  project: string;
  run: string;
}

export function urlOf(place: Place, path: string): string {
  return fileUrl(place.entity, place.project, place.run, path, true);
}

export function downloadOf(place: Place, path: string): string {
  return fileUrl(place.entity, place.project, place.run, path);
}

const TEXT_BYTES_MAX = 64 * 1024 * 1024;

export function readBytes(place: Place, path: string, signal?: AbortSignal, bytesMax = TEXT_BYTES_MAX): Promise<ArrayBuffer> {
  return readFileBytes(place.entity, place.project, place.run, path, bytesMax, signal);
}

/** A file's bytes; names carry the digest of what they hold, so they are read once. */
export function bytesQuery(place: Place, path: string, bytesMax = TEXT_BYTES_MAX) {
  return queryOptions({
    queryKey: ["media-bytes", place.entity, place.project, place.run, path],
    queryFn: ({ signal }) => readBytes(place, path, signal, bytesMax),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false,
  });
}

export function textOf(bytes: ArrayBuffer): string {
  return new TextDecoder().decode(bytes);
}

export function suffixOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return name.endsWith(".pts.json") ? "pts.json" : name.slice(name.lastIndexOf(".") + 1);
}
