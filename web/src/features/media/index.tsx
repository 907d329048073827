/** What other features use of media: a key's panel, the shared step, and which media there are. */

import { lazy, Suspense } from "react";

import { Skeleton } from "@/widgets/feedback";

import type { MediaPanelProps } from "./panel";

export type { MediaPanelProps, MediaRun } from "./panel";
export { StepBar } from "./step-bar";
export { useMedia, type MediaOfRuns } from "./use-media";

const Panel = lazy(() => import("./panel").then((module) => ({ default: module.MediaPanel })));

/** Most workspaces have no media: how they are drawn is loaded with the first. */
export function MediaPanel(props: MediaPanelProps) {
  return (
    <Suspense fallback={<Skeleton height="100%" />}>
      <Panel {...props} />
    </Suspense>
  );
}
