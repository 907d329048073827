/**
 * The filter as people build it, row by row, and as the server takes it: Mongo-like JSON. What cannot
 * be shown as rows (or, not, nested) is kept and edited as JSON.
 */

import type { RunFilter } from "@/api/types";
import { asRecord } from "@/base/parse";

export const OPERATORS = [
  { value: "eq", label: "is" },
  { value: "ne", label: "is not" },
  { value: "gt", label: ">" },
  { value: "gte", label: "≥" },
  { value: "lt", label: "<" },
  { value: "lte", label: "≤" },
  { value: "in", label: "is one of" },
  { value: "nin", label: "is none of" },
  { value: "contains", label: "contains" },
  { value: "regex", label: "matches" },
  { value: "exists", label: "is there" },
  { value: "missing", label: "is not there" },
] as const;

export type Operator = (typeof OPERATORS)[number]["value"];

export interface Condition {
  column: string;
  operator: Operator;
  /** as typed: `0.1`, `adam`, `true`, `"1"`; lists with commas */
  value: string;
}

const KNOWN = new Set<string>(OPERATORS.map((one) => one.value));

export function toFilter(conditions: readonly Condition[]): RunFilter {
  const parts = conditions.filter((one) => one.column !== "").map(partOf);
  if (parts.length === 0) return {};
  return parts.length === 1 ? (parts[0] ?? {}) : { $and: parts };
}

function partOf({ column, operator, value }: Condition): RunFilter {
  if (operator === "exists") return { [column]: { $exists: true } };
  if (operator === "missing") return { [column]: { $exists: false } };
  if (operator === "in" || operator === "nin") return { [column]: { [`$${operator}`]: splitList(value).map(readValue) } };
  if (operator === "regex") return { [column]: { $regex: value } };
  if (operator === "contains") return { [column]: { $contains: column === "tags" ? value : readValue(value) } };
  if (operator === "eq") return { [column]: readValue(value) };
  return { [column]: { [`$${operator}`]: readValue(value) } };
}

/** The rows of a filter; null where it says more than rows can. */
export function toConditions(filter: RunFilter): Condition[] | null {
  const keys = Object.keys(filter);
  if (keys.length === 0) return [];
  if (keys.length === 1 && keys[0] === "$and") {
    const parts = filter["$and"];
    if (!Array.isArray(parts)) return null;
    const found: Condition[] = [];
    for (const part of parts) {
      const record = asRecord(part);
      const inner = record ? toConditions(record) : null;
      if (!inner) return null;
      found.push(...inner);
    }
    return found;
  }
  const found: Condition[] = [];
  for (const [column, value] of Object.entries(filter)) {
    if (column.startsWith("$")) return null;
    const inner = conditionsOf(column, value);
    if (!inner) return null;
    found.push(...inner);
  }
  return found;
}

function conditionsOf(column: string, value: unknown): Condition[] | null {
  const record = asRecord(value);
  if (!record || !Object.keys(record).some((key) => key.startsWith("$"))) {
    return record || Array.isArray(value) ? null : [{ column, operator: "eq", value: writeValue(value) }];
  }
  const found: Condition[] = [];
  for (const [key, operand] of Object.entries(record)) {
    const operator = key.slice(1);
    if (operator === "exists") found.push({ column, operator: operand ? "exists" : "missing", value: "" });
    else if (operator === "regex" && typeof operand === "string" && !("$options" in record)) {
      found.push({ column, operator, value: operand });
    } else if ((operator === "in" || operator === "nin") && Array.isArray(operand)) {
      if (operand.some((one) => typeof one === "object" && one !== null)) return null;
      found.push({ column, operator, value: operand.map(writeItem).join(", ") });
    } else if (KNOWN.has(operator) && operator !== "missing" && (typeof operand !== "object" || operand === null)) {
      found.push({ column, operator: operator as Operator, value: writeValue(operand) });
    } else return null;
  }
  return found;
}

/** `0.1` is a number, `true` a truth, `null` nothing, `"1"` a text, anything else a text. */
export function readValue(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "true") return true;
  if (trimmed === "false") return false;
  if (trimmed === "null") return null;
  if (trimmed !== "" && Number.isFinite(Number(trimmed))) return Number(trimmed);
  if (/^".*"$/s.test(trimmed)) {
    try {
      return JSON.parse(trimmed) as unknown;
    } catch {
      return text;
    }
  }
  return trimmed;
}

function writeValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return readValue(value) === value ? value : JSON.stringify(value);
}

function writeItem(value: unknown): string {
  const text = writeValue(value);
  return text.includes(",") && !text.startsWith('"') ? JSON.stringify(text) : text;
}

/** At commas, those within quotes left alone. */
export function splitList(text: string): string[] {
  const items = text.match(/\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)/g) ?? [];
  return items.map((item) => item.replace(/,\s*$/, "").trim()).filter((item) => item !== "");
}

/** One line for a button's title. */
export function describeFilter(filter: RunFilter): string {
  const rows = toConditions(filter);
  if (!rows) return JSON.stringify(filter);
  return rows
    .map(({ column, operator, value }) => {
      const label = OPERATORS.find((one) => one.value === operator)?.label ?? operator;
      return `${column} ${label} ${value}`.trim();
    })
    .join(" and ");
}
