/** The address of a run page: which tab, what is looked for in it, and how its charts are drawn. */

import { parseFields, type WorkspaceSpec } from "@/model/workspace/spec";

export const RUN_TABS = [
  { value: "overview", label: "Overview" },
  { value: "charts", label: "Charts" },
  { value: "media", label: "Media" },
  { value: "system", label: "System" },
  { value: "logs", label: "Logs" },
  { value: "files", label: "Files" },
  { value: "artifacts", label: "Artifacts" },
  { value: "environment", label: "Environment" },
] as const;

export type RunTab = (typeof RUN_TABS)[number]["value"];

const LOOK_FIELDS = ["x", "smoothing", "log", "outliers", "zoom", "closed", "panels"] as const;

export interface RunSearch extends Partial<Pick<WorkspaceSpec, (typeof LOOK_FIELDS)[number]>> {
  tab?: RunTab | undefined;
  /** text that lines or panels are searched by */
  find?: string | undefined;
  /** console line that the page jumps to, from 1 */
  line?: number | undefined;
  /** which process's console */
  writer?: string | undefined;
  /** folder of the files tab */
  folder?: string | undefined;
  /** panel shown over the full page */
  panel?: string | undefined;
  /** of all media; none: the latest */
  step?: number | undefined;
}

export function parseRunSearch(raw: Record<string, unknown>): RunSearch {
  const fields = parseFields(raw);
  const search: RunSearch = {};
  for (const name of LOOK_FIELDS) if (fields[name] !== undefined) Object.assign(search, { [name]: fields[name] });
  const tab = RUN_TABS.find((one) => one.value === raw["tab"]);
  if (tab && tab.value !== "overview") search.tab = tab.value;
  for (const name of ["find", "writer", "folder", "panel"] as const) {
    const text = raw[name];
    if (typeof text === "string" && text !== "") search[name] = text;
  }
  const line = Number(raw["line"]);
  if (Number.isInteger(line) && line > 0) search.line = line;
  const step = raw["step"];
  if (typeof step === "number" && Number.isFinite(step)) search.step = Math.trunc(step);
  return search;
}
