/** The runs of a project that no other beats, found on the server over all that match. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type RunPareto = Schemas["RunPareto"];
export type RunParetoPoint = Schemas["RunParetoPoint"];
export type ParetoQuery = Partial<Schemas["ParetoWanted"]> & Pick<Schemas["ParetoWanted"], "objectives">;

export function runParetoQuery(entity: string, project: string, query: ParetoQuery) {
  return queryOptions({
    queryKey: ["pareto", entity, project, query],
    queryFn: ({ signal }) => ask<RunPareto>("POST", `/projects${path(entity, project)}/runs/pareto`, { body: query, signal }),
    placeholderData: keepPreviousData,
  });
}
