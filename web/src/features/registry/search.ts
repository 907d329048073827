/** The address of a registry's collection. */

import { asString } from "@/base/parse";

export interface RegistryCollectionSearch {
  /** the version compared with what stands at the baseline */
  candidate?: string | undefined;
}

export function parseRegistryCollectionSearch(raw: Record<string, unknown>): RegistryCollectionSearch {
  const candidate = asString(raw["candidate"]);
  return candidate ? { candidate } : {};
}
