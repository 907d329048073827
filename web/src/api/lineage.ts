/** What things were made from, and what was made of them. */

import { queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

export type LineageGraph = components["schemas"]["LineageGraph"];
export type LineageNode = components["schemas"]["LineageNode"];
export type LineageEdge = components["schemas"]["LineageEdge"];

/** Where a walk begins: a version by `NAME:vN`, a run or a sweep by its id. */
export interface LineageStart {
  kind: "artifact" | "run" | "sweep";
  entity: string;
  project: string;
  name: string;
}

export const LINEAGE_NODES_MAX = 200;

export function lineageQuery(start: LineageStart, depth: number) {
  const place = `${start.kind}s`;
  return queryOptions({
    queryKey: ["lineage", start.kind, start.entity, start.project, start.name, depth],
    queryFn: ({ signal }) =>
      ask<LineageGraph>("GET", `/projects${path(start.entity, start.project)}/${place}${path(start.name)}/lineage`, {
        query: { depth, limit: LINEAGE_NODES_MAX },
        signal,
      }),
    placeholderData: (before) => before,
  });
}
