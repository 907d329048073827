import { infiniteQueryOptions } from "@tanstack/react-query";

import { formatBytes } from "@/base/numbers";

import { apiUrl, ask, path, send } from "./request";

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
function filePath(entity: string, project: string, run: string, name: string): string {
  return `/projects${path(entity, project)}/runs${path(run)}/files${path(...name.split("/"))}`;
}

export function fileUrl(entity: string, project: string, run: string, name: string, inline = false): string {
  return apiUrl(filePath(entity, project, run, name), inline ? { inline: 1 } : {});
}

/** The bytes of a file; throws FileTooLarge before they are read where they are more than `bytesMax`. */
export async function readFileBytes(
  entity: string,
  project: string,
  run: string,
  name: string,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<ArrayBuffer> {
  const response = await send("GET", filePath(entity, project, run, name), { accept: "*/*", signal });
  const size = Number(response.headers.get("Content-Length") ?? 0);
  if (size > bytesMax) {
    await response.body?.cancel();
    throw new FileTooLarge(name, size, bytesMax);
  }
  return response.arrayBuffer();
}

/** A file that is too large to be shown in the page; it can still be downloaded. */
export class FileTooLarge extends Error {
  constructor(
    readonly file: string,
    readonly bytes: number,
    bytesMax: number,
  ) {
    super(`The file has ${formatBytes(bytes)}; up to ${formatBytes(bytesMax)} is shown here. Download it instead.`);
    this.name = "FileTooLarge";
  }
}

export async function readFileText(
  entity: string,
  project: string,
  run: string,
  name: string,
  signal?: AbortSignal,
): Promise<string> {
  const response = await send("GET", filePath(entity, project, run, name), { accept: "*/*", signal });
  return response.text();
}
