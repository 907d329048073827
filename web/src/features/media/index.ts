/** What other features use of media: a key's panel, the shared step, and which media there are. */

export { MediaPanel, type MediaPanelProps, type MediaRun } from "./panel";
export { StepBar } from "./step-bar";
export { useMedia, type MediaOfRuns } from "./use-media";
