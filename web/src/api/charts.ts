/** Custom charts that an entity keeps. */

import { queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

export type StoredChart = components["schemas"]["Chart"];

export function chartQuery(entity: string, name: string) {
  return queryOptions({
    queryKey: ["chart", entity, name],
    queryFn: ({ signal }) => ask<StoredChart>("GET", `/charts${path(entity, name)}`, { signal }),
    staleTime: 60_000,
    retry: false,
  });
}
