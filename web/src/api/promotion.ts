/** From a sweep to a registry, with the sweep as evidence. */

import { queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Promotable = Schemas["Promotable"];
export type SweepPromoted = Schemas["SweepPromoted"];
export type PromotionWanted = Partial<Schemas["SweepPromotion"]> & Pick<Schemas["SweepPromotion"], "organization" | "registry" | "collection">;

/** trial: this one rather than the best. */
export function promotableQuery(entity: string, project: string, sweep: string, asked: { robust: boolean; trial?: number; artifact?: string }) {
  return queryOptions({
    queryKey: ["sweep-promotable", entity, project, sweep, asked],
    queryFn: ({ signal }) => ask<Promotable>("GET", `/projects${path(entity, project)}/sweeps${path(sweep)}/promotable`, { query: asked, signal }),
    retry: false,
  });
}

export function promoteFromSweep(entity: string, project: string, sweep: string, wanted: PromotionWanted): Promise<SweepPromoted> {
  return ask("POST", `/projects${path(entity, project)}/sweeps${path(sweep)}/promote`, { body: wanted });
}

/** For a protected alias: the artifact is linked, and those who approve there are asked. */
export function askApprovalFromSweep(entity: string, project: string, sweep: string, wanted: PromotionWanted): Promise<Schemas["Approval"]> {
  return ask("POST", `/projects${path(entity, project)}/sweeps${path(sweep)}/approvals`, { body: wanted });
}
