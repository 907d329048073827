/** The address of the runs table: what is asked for, which columns, in which order. */

import type { RunFilter } from "@/api/types";
import { asRecord, asString, asStrings } from "@/base/parse";

export interface RunsSearch {
  /** text in names and ids */
  q?: string | undefined;
  filter?: RunFilter | undefined;
  /** column key with a sign: `-created_at` */
  sort?: string | undefined;
  columns?: string[] | undefined;
  /** only columns whose values differ among the loaded runs */
  diff?: boolean | undefined;
  trash?: boolean | undefined;
}

export function parseRunsSearch(raw: Record<string, unknown>): RunsSearch {
  const search: RunsSearch = {};
  const q = asString(raw["q"]);
  if (q !== undefined && q !== "") search.q = q;
  const filter = asRecord(raw["filter"]);
  if (filter && Object.keys(filter).length > 0) search.filter = filter;
  const sort = asString(raw["sort"]);
  if (sort !== undefined && /^[+-]./.test(sort)) search.sort = sort;
  const columns = asStrings(raw["columns"]);
  if (columns) search.columns = columns;
  if (raw["diff"] === true) search.diff = true;
  if (raw["trash"] === true) search.trash = true;
  return search;
}
