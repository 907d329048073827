/** Pareto panels of a workspace: loaded with the first that is shown. */

import { lazy, Suspense } from "react";

import { Skeleton } from "@/widgets/feedback";

import type { ParetoPanelProps } from "./panel";

const Panel = lazy(() => import("./panel").then((module) => ({ default: module.ParetoPanel })));

export type { ParetoPanelProps } from "./panel";

export const PARETO = "\npareto ";
export const PARETO_PANEL = { height: 400, widthMin: 560 };

export function ParetoPanel(props: ParetoPanelProps) {
  return (
    <Suspense fallback={<Skeleton height="100%" />}>
      <Panel {...props} />
    </Suspense>
  );
}
