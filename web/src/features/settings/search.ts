/** The address of the settings. */

import { asString } from "@/base/parse";

export interface SettingsSearch {
  /** whose defaults are shown; the default entity where none is said */
  entity?: string | undefined;
}

export function parseSettingsSearch(raw: Record<string, unknown>): SettingsSearch {
  const entity = asString(raw["entity"]);
  return entity ? { entity } : {};
}
