/** The address of a comparison: which runs, and whether equal rows are shown. */

export interface CompareSearch {
  runs?: string[] | undefined;
  /** rows that are equal in all runs are shown too */
  all?: boolean | undefined;
  find?: string | undefined;
}

export const COMPARE_RUNS_MAX = 50;

export function parseCompareSearch(raw: Record<string, unknown>): CompareSearch {
  const search: CompareSearch = {};
  const runs = raw["runs"];
  const names = Array.isArray(runs) ? runs : typeof runs === "string" ? runs.split(",") : [];
  const ids = names.filter((name): name is string => typeof name === "string" && name !== "");
  if (ids.length > 0) search.runs = [...new Set(ids)].slice(0, COMPARE_RUNS_MAX);
  if (raw["all"] === true || raw["all"] === "true") search.all = true;
  if (typeof raw["find"] === "string" && raw["find"] !== "") search.find = raw["find"];
  return search;
}
