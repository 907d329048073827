/** Tables out of text: logged tables (`.table.json`), CSV and TSV. */

import { asRecord } from "@/base/parse";

export interface TextTable {
  columns: string[];
  rows: unknown[][];
}

/** null where the text is no table after all. */
export function readTable(path: string, text: string): TextTable | null {
  if (/\.json$/i.test(path)) return readLogged(text);
  const rows = readSeparated(text, /\.tsv$/i.test(path) ? "\t" : ",");
  const [head, ...rest] = rows;
  return head ? { columns: head, rows: rest } : null;
}

function readLogged(text: string): TextTable | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null; // bare NaN, or cut off: shown as text
  }
  const table = asRecord(parsed);
  const [columns, data] = [table?.["columns"], table?.["data"]];
  if (!Array.isArray(columns) || !Array.isArray(data)) return null;
  return { columns: columns.map(String), rows: data.map((row: unknown): unknown[] => (Array.isArray(row) ? (row as unknown[]) : [row])) };
}

/** RFC 4180: quoted fields may hold separators, line ends and doubled quotes. */
export function readSeparated(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endField = () => {
    row.push(field);
    field = "";
  };
  const endRow = () => {
    endField();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    if (quoted) {
      if (sign !== '"') field += sign;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && field === "") quoted = true;
    else if (sign === separator) endField();
    else if (sign === "\n") endRow();
    else if (sign !== "\r") field += sign;
  }
  if (field !== "" || row.length > 0) endRow();
  return rows;
}
