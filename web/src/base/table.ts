/** A logged table: typed columns, and the rows of it that a person looks for, in the order they want. */

import { fullValue, toNumber } from "./numbers";
import { asRecord } from "./parse";

export type ColumnType = "number" | "boolean" | "text" | "media" | "json";

export interface TableColumn {
  name: string;
  type: ColumnType;
}

export interface TableData {
  columns: readonly TableColumn[];
  rows: readonly (readonly unknown[])[];
}

const TYPED_BY = 1000;

/** Of a `table.json` file's content. Raises an Error that says what is wrong with it. */
export function tableOf(value: unknown): TableData {
  const raw = asRecord(value);
  const names = raw?.["columns"];
  const data = raw?.["data"];
  if (!Array.isArray(names) || !Array.isArray(data)) throw new Error("The file is no table: it has no columns and data.");
  const rows = data.filter((row): row is unknown[] => Array.isArray(row));
  const columns = names.map((name, at) => ({ name: String(name), type: typeOf(rows, at) }));
  return { columns, rows };
}

function typeOf(rows: readonly (readonly unknown[])[], at: number): ColumnType {
  let type: ColumnType | null = null;
  for (const row of rows.slice(0, TYPED_BY)) {
    const value = row[at];
    if (value === null || value === undefined) continue;
    const own = typeOfValue(value);
    if (type === null) type = own;
    else if (type !== own) return type === "media" || own === "media" ? "media" : "text";
  }
  return type ?? "text";
}

function typeOfValue(value: unknown): ColumnType {
  if (isMedia(value)) return "media";
  if (typeof value === "boolean") return "boolean";
  if (toNumber(value) !== null) return "number";
  return typeof value === "object" ? "json" : "text";
}

export function isMedia(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && isMedia(value[0]);
  return typeof asRecord(value)?.["_type"] === "string";
}

export const OPERATORS = ["contains", "=", "≠", "<", "≤", ">", "≥"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface TableFilter {
  /** place of the column; −1: any */
  column: number;
  operator: Operator;
  value: string;
}

export interface TableSort {
  column: number;
  descending: boolean;
}

/** Places in `table.rows` that pass the filter, sorted. Equal rows keep their order; what is missing
 * or not a number comes last either way. */
export function arrange(table: TableData, filter: TableFilter, sort: TableSort | null): number[] {
  const wanted = filter.value.trim().toLowerCase();
  let places = table.rows.map((_, at) => at);
  if (wanted !== "") places = places.filter((at) => passes(table.rows[at] ?? [], filter, wanted));
  if (!sort) return places;
  const sign = sort.descending ? -1 : 1;
  const numeric = table.columns[sort.column]?.type === "number";
  const keys = table.rows.map((row) => {
    const value = row[sort.column];
    if (numeric) return toNumber(value) ?? Number.NaN;
    return value === null || value === undefined ? null : fullValue(value);
  });
  return places.sort((a, b) => {
    const [x, y] = [keys[a], keys[b]];
    const [noX, noY] = [x === null || x === undefined || x !== x, y === null || y === undefined || y !== y];
    if (noX || noY) return Number(noX) - Number(noY) || a - b;
    if (typeof x === "number" && typeof y === "number") return sign * (x - y) || a - b;
    return sign * COLLATOR.compare(String(x), String(y)) || a - b;
  });
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

function passes(row: readonly unknown[], { column, operator }: TableFilter, wanted: string): boolean {
  const cells = column < 0 ? row : [row[column]];
  return cells.some((cell) => {
    if (cell === null || cell === undefined) return false;
    const text = fullValue(cell).toLowerCase();
    if (operator === "contains") return text.includes(wanted);
    const [a, b] = [toNumber(cell), Number(wanted)];
    const order = a !== null && !Number.isNaN(b) ? a - b : COLLATOR.compare(text, wanted);
    if (operator === "=") return order === 0;
    if (operator === "≠") return order !== 0;
    if (operator === "<") return order < 0;
    if (operator === "≤") return order <= 0;
    if (operator === ">") return order > 0;
    return order >= 0;
  });
}
