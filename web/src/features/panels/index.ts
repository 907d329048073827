/** What other features use of panels: a metric's lines over runs, and panels in sections. */

export { SmoothingPicker, XAxisPicker } from "./look";
export { FullPanel } from "./full";
export { LinePanel, type Look, type PanelProps } from "./panel";
export { PanelSections, type Section } from "./sections";
export { useSeries } from "./use-series";
