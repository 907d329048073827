/** The address of a run page: which tab, and what is looked for in it. */

export const RUN_TABS = [
  { value: "overview", label: "Overview" },
  { value: "charts", label: "Charts" },
  { value: "system", label: "System" },
  { value: "logs", label: "Logs" },
  { value: "files", label: "Files" },
  { value: "environment", label: "Environment" },
] as const;

export type RunTab = (typeof RUN_TABS)[number]["value"];

export interface RunSearch {
  tab?: RunTab | undefined;
  /** text that lines, files or panels are searched by */
  find?: string | undefined;
  /** console line that the page jumps to */
  line?: number | undefined;
  /** which process's console */
  writer?: string | undefined;
  /** folder of the files tab */
  folder?: string | undefined;
}

export function parseRunSearch(raw: Record<string, unknown>): RunSearch {
  const search: RunSearch = {};
  const tab = RUN_TABS.find((one) => one.value === raw["tab"]);
  if (tab && tab.value !== "overview") search.tab = tab.value;
  for (const name of ["find", "writer", "folder"] as const) {
    const text = raw[name];
    if (typeof text === "string" && text !== "") search[name] = text;
  }
  const line = Number(raw["line"]);
  if (Number.isInteger(line) && line > 0) search.line = line;
  return search;
}
