/** Addresses of the artifact pages. */

import { COLLECTION_SORTS, type CollectionSort } from "@/base/order";
import { asBoolean, asNumber, asOneOf, asString } from "@/base/parse";

export interface ArtifactsSearch {
  type?: string | undefined;
  find?: string | undefined;
  tag?: string | undefined;
  /** one of its versions goes by it */
  alias?: string | undefined;
  sort?: CollectionSort | undefined;
  /** those that were deleted */
  trash?: boolean | undefined;
}

export function parseArtifactsSearch(raw: Record<string, unknown>): ArtifactsSearch {
  const search: ArtifactsSearch = {};
  for (const name of ["type", "find", "tag", "alias"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  const sort = asOneOf(raw["sort"], COLLECTION_SORTS);
  if (sort !== undefined && sort !== "-updated_at") search.sort = sort;
  if (asBoolean(raw["trash"])) search.trash = true;
  return search;
}

export interface VersionsSearch {
  /** a number, or text of an alias or a description */
  find?: string | undefined;
  tag?: string | undefined;
  sort?: VersionSort | undefined;
  trash?: boolean | undefined;
  /** the version to go to: `v3` or an alias */
  at?: string | undefined;
}

const VERSION_SORTS = ["version_index", "-version_index", "created_at", "-created_at", "size", "-size"] as const;
export type VersionSort = (typeof VERSION_SORTS)[number];

export function parseVersionsSearch(raw: Record<string, unknown>): VersionsSearch {
  const search: VersionsSearch = {};
  for (const name of ["find", "tag", "at"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  const sort = asOneOf(raw["sort"], VERSION_SORTS);
  if (sort !== undefined && sort !== "-version_index") search.sort = sort;
  if (asBoolean(raw["trash"])) search.trash = true;
  return search;
}

export const VERSION_TABS = [
  { value: "overview", label: "Overview" },
  { value: "files", label: "Files" },
  { value: "metadata", label: "Metadata" },
  { value: "compare", label: "Compare" },
  { value: "lineage", label: "Lineage" },
] as const;

export type VersionTab = (typeof VERSION_TABS)[number]["value"];

export interface VersionSearch {
  tab?: VersionTab | undefined;
  /** folder of the files and compare tabs */
  folder?: string | undefined;
  /** file looked into */
  file?: string | undefined;
  /** text that paths of the files tab hold */
  find?: string | undefined;
  /** the version this one is compared with */
  to?: string | undefined;
  /** lineage as a list or as a graph; what fits the screen where it is not said */
  list?: boolean | undefined;
  /** steps of lineage */
  depth?: number | undefined;
}

export function parseVersionSearch(raw: Record<string, unknown>): VersionSearch {
  const search: VersionSearch = {};
  const tab = VERSION_TABS.find((one) => one.value === raw["tab"]);
  if (tab && tab.value !== "overview") search.tab = tab.value;
  for (const name of ["folder", "file", "find", "to"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  const [list, depth] = [asBoolean(raw["list"]), asNumber(raw["depth"])];
  if (list !== undefined) search.list = list;
  if (depth !== undefined) search.depth = depth;
  return search;
}
