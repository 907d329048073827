/** Addresses of a registry and of its collections. */

import { COLLECTION_SORTS, type CollectionSort } from "@/base/order";
import { asBoolean, asOneOf, asString } from "@/base/parse";

export interface RegistrySearch {
  find?: string | undefined;
  sort?: CollectionSort | undefined;
  /** collections that were deleted */
  trash?: boolean | undefined;
}

export function parseRegistrySearch(raw: Record<string, unknown>): RegistrySearch {
  const search: RegistrySearch = {};
  const find = asString(raw["find"]);
  if (find) search.find = find;
  const sort = asOneOf(raw["sort"], COLLECTION_SORTS);
  if (sort !== undefined && sort !== "-updated_at") search.sort = sort;
  if (asBoolean(raw["trash"])) search.trash = true;
  return search;
}

export interface RegistryCollectionSearch {
  /** the version compared with what stands at the baseline */
  candidate?: string | undefined;
  /** whose moves are told: "*" those of all aliases; all but `latest` where none is said */
  alias?: string | undefined;
  /** versions that are listed: a number, or text of an alias or a description */
  find?: string | undefined;
}

export function parseRegistryCollectionSearch(raw: Record<string, unknown>): RegistryCollectionSearch {
  const search: RegistryCollectionSearch = {};
  for (const name of ["candidate", "alias", "find"] as const) {
    const text = asString(raw[name]);
    if (text) search[name] = text;
  }
  return search;
}
