/** Conditions and orders of run sets as wandb-workspaces writes them, in our own filter language. */

import { asRecord, asString } from "./parse";

type Filter = Record<string, unknown>;

export interface ReadFilter {
  filter: Filter;
  /** conditions that are not understood, in words: whoever reads must know that they are left out */
  unread: string[];
}

/** Of the flat form (`filterV2`, AND before OR, groups) or of the older tree of `op` and `filters`. */
export function filterOfForeign(value: unknown): ReadFilter {
  const unread: string[] = [];
  const raw = asRecord(value);
  if (!raw) return { filter: {}, unread };
  const filter = raw["filterFormat"] === "filterV2" ? ofList(raw["filters"], unread) : ofTree(raw, unread);
  return { filter: filter ?? {}, unread };
}

function ofList(value: unknown, unread: string[]): Filter | null {
  const either: Filter[][] = [[]];
  for (const item of Array.isArray(value) ? value : []) {
    const raw = asRecord(item);
    if (!raw) continue;
    const part = Array.isArray(raw["filters"]) ? ofList(raw["filters"], unread) : ofLeaf(raw, unread);
    if (!part) continue;
    if (asString(raw["connector"])?.toUpperCase() === "OR" && either.at(-1)?.length) either.push([]);
    either.at(-1)?.push(part);
  }
  return joined("$or", either.filter((parts) => parts.length > 0).map((parts) => joined("$and", parts)));
}

function ofTree(raw: Record<string, unknown>, unread: string[]): Filter | null {
  if (!Array.isArray(raw["filters"])) return ofLeaf(raw, unread);
  const parts = raw["filters"].map((one) => ofTree(asRecord(one) ?? {}, unread));
  return joined(asString(raw["op"])?.toUpperCase() === "OR" ? "$or" : "$and", parts);
}

function joined(word: "$and" | "$or", parts: readonly (Filter | null)[]): Filter | null {
  const found = parts.filter((part) => part !== null);
  return found.length === 0 ? null : found.length === 1 ? (found[0] ?? null) : { [word]: found };
}

const OPERATORS: Readonly<Record<string, string>> = {
  "=": "$eq", "==": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte",
  IN: "$in", NIN: "$nin", REGEX: "$regex", CONTAINS: "$contains",
};

function ofLeaf(raw: Record<string, unknown>, unread: string[]): Filter | null {
  const key = columnOfForeign(raw["key"]);
  if (raw["disabled"] === true || key === null) return null;
  const word = asString(raw["op"]) ?? "=";
  const operator = OPERATORS[word.toUpperCase()];
  if (operator === undefined) {
    unread.push(`${key} ${word} ${JSON.stringify(raw["value"])}`);
    return null;
  }
  let value = raw["value"];
  if (key.endsWith("_at") && typeof value === "string") {
    const at = Date.parse(value);
    if (Number.isNaN(at)) {
      unread.push(`${key} ${word} ${value}`);
      return null;
    }
    value = at / 1000;
  }
  if ((operator === "$in" || operator === "$nin") && !Array.isArray(value)) value = [value];
  return { [key]: { [operator]: value } };
}

const FIELDS: Readonly<Record<string, string>> = {
  displayName: "name", name: "id", id: "id", createdAt: "created_at", updatedAt: "updated_at",
  heartbeatAt: "heartbeat_at", jobType: "job_type", username: "username", user: "username",
  "user.username": "username", sweep: "sweep", sweepName: "sweep",
};

/** `{section, name}` as a column of ours; null for none. */
export function columnOfForeign(value: unknown): string | null {
  const raw = asRecord(value);
  const name = asString(raw?.["name"]) ?? "";
  const section = asString(raw?.["section"]) ?? "run";
  if (name === "") return null;
  // There a config value is wrapped: `lr.value`, and `opt.value.lr` for one within.
  if (section === "config") return `config.${name.replace(/^([^.]+)\.value(?=\.|$)/, "$1")}`;
  if (section === "summary" || section === "keys_info") return `summary.${name}`;
  if (section === "tags") return "tags";
  return FIELDS[name] ?? name;
}

/** `{keys: [{key, ascending}]}` as our order. */
export function orderOfForeign(value: unknown): string[] {
  const keys = asRecord(value)?.["keys"];
  return (Array.isArray(keys) ? keys : []).slice(0, 8).flatMap((one) => {
    const raw = asRecord(one);
    const column = columnOfForeign(raw?.["key"]);
    return column === null ? [] : [`${raw?.["ascending"] === true ? "+" : "-"}${column}`];
  });
}
