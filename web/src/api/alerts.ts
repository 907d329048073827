import { queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

export type Alert = components["schemas"]["Alert"];

/** Of one run, newest first. */
export function runAlertsQuery(entity: string, project: string, run: string) {
  return queryOptions({
    queryKey: ["alerts", entity, project, run],
    queryFn: ({ signal }) =>
      ask<{ alerts: Alert[] }>("GET", `/projects${path(entity, project)}/runs${path(run)}/alerts`, {
        query: { limit: 100 },
        signal,
      }),
  });
}

/** Of all runs that one may read, newest first. */
export const alertsQuery = queryOptions({
  queryKey: ["alerts"],
  queryFn: ({ signal }) => ask<{ alerts: Alert[] }>("GET", "/alerts", { query: { limit: 20 }, signal }),
  refetchInterval: 30_000,
});
