/** The addresses of a registry and of its collections. */

import { asBoolean, asString } from "@/base/parse";

export interface RegistrySearch {
  /** collections that were deleted */
  trash?: boolean | undefined;
}

export function parseRegistrySearch(raw: Record<string, unknown>): RegistrySearch {
  return asBoolean(raw["trash"]) ? { trash: true } : {};
}

export interface RegistryCollectionSearch {
  /** the version compared with what stands at the baseline */
  candidate?: string | undefined;
  /** whose moves are told: "*" those of all aliases; all but `latest` where none is said */
  alias?: string | undefined;
}

export function parseRegistryCollectionSearch(raw: Record<string, unknown>): RegistryCollectionSearch {
  const search: RegistryCollectionSearch = {};
  for (const name of ["candidate", "alias"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  return search;
}
