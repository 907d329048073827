import { queryOptions } from "@tanstack/react-query";

import { apiUrl, ask, path } from "./request";

/** number, stream (0 output, 1 error), Unix seconds, text */
export type ConsoleLine = readonly [number, number, number, string];

export interface ConsoleWriter {
  writer: string;
  label: string;
  lines: number;
}

export interface ConsolePage {
  lines: ConsoleLine[];
  writer: string;
  total: number;
  writers: ConsoleWriter[];
}

export const CONSOLE_PAGE = 1000;

export function readConsole(
  entity: string,
  project: string,
  run: string,
  asked: { writer?: string; start: number; limit?: number; search?: string },
  signal?: AbortSignal,
): Promise<ConsolePage> {
  return ask("GET", `/projects${path(entity, project)}/runs${path(run)}/console`, {
    query: { limit: CONSOLE_PAGE, ...asked },
    signal,
  });
}

/** One page of lines by number; the key begins with ["console", entity, project, run]. */
export function consoleQuery(
  entity: string,
  project: string,
  run: string,
  asked: { writer: string; start: number; search?: string },
) {
  return queryOptions({
    queryKey: ["console", entity, project, run, asked],
    queryFn: ({ signal }) => readConsole(entity, project, run, asked, signal),
    staleTime: 0,
  });
}

export function consoleDownload(entity: string, project: string, run: string, writer: string): string {
  return apiUrl(`/projects${path(entity, project)}/runs${path(run)}/console/download`, { writer });
}
