/** The first rows of a table file. */

import { useMemo } from "react";

import { formatCount } from "@/base/numbers";
import { readTable } from "@/model/table-text";
import { Value } from "@/widgets/values";
import look from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";

const ROWS_MAX = 200;
const COLUMNS_MAX = 50;

export function TablePreview({ path, text }: { path: string; text: string }) {
  const table = useMemo(() => readTable(path, text), [path, text]);
  if (!table) {
    return (
      <pre tabIndex={0} aria-label={path}>
        {text}
      </pre>
    );
  }
  const columns = table.columns.slice(0, COLUMNS_MAX);
  return (
    <div className={styles["scroll"]} style={{ maxHeight: 480 }} tabIndex={0} role="region" aria-label={path}>
      <table className={look["table"]}>
        <thead>
          <tr>
            {columns.map((name, at) => (
              <th key={at} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, ROWS_MAX).map((row, at) => (
            <tr key={at}>
              {columns.map((_, column) => (
                <td key={column}>
                  <Value value={row[column]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {(table.rows.length > ROWS_MAX || table.columns.length > COLUMNS_MAX) && (
        <p className={styles["quiet"]}>
          {formatCount(Math.min(ROWS_MAX, table.rows.length))} of {formatCount(table.rows.length)} rows and {columns.length} of{" "}
          {formatCount(table.columns.length)} columns shown.
        </p>
      )}
    </div>
  );
}
