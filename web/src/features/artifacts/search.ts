/** Addresses of the artifact pages. */

import { asBoolean, asString } from "@/base/parse";

export interface ArtifactsSearch {
  type?: string | undefined;
  find?: string | undefined;
}

export function parseArtifactsSearch(raw: Record<string, unknown>): ArtifactsSearch {
  const search: ArtifactsSearch = {};
  const [type, find] = [asString(raw["type"]), asString(raw["find"])];
  if (type) search.type = type;
  if (find) search.find = find;
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
  /** lineage as a list in place of the graph */
  list?: boolean | undefined;
}

export function parseVersionSearch(raw: Record<string, unknown>): VersionSearch {
  const search: VersionSearch = {};
  const tab = VERSION_TABS.find((one) => one.value === raw["tab"]);
  if (tab && tab.value !== "overview") search.tab = tab.value;
  for (const name of ["folder", "file", "find", "to"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  if (asBoolean(raw["list"])) search.list = true;
  return search;
}
