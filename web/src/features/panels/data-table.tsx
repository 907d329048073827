/** The numbers behind a chart, for reading aloud, copying, and checking. */

import { useState } from "react";

import { formatNumber } from "@/base/numbers";
import type { ChartLine } from "@/charts/geometry";
import { Button } from "@/widgets/controls";
import { copyText } from "@/widgets/feedback";
import { Dialog } from "@/widgets/overlays";

import styles from "./panel.module.css";

const PAGE = 500;

export function DataTable({
  title,
  lines,
  xName,
  open,
  onOpenChange,
}: {
  title: string;
  lines: readonly ChartLine[];
  xName: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const [page, setPage] = useState(0);
  const total = lines.reduce((sum, line) => sum + line.x.length, 0);
  const start = Math.min(page * PAGE, Math.max(0, total - 1));
  const rows = open ? rowsFrom(lines, start, PAGE) : [];
  const copy = async () => {
    const { toCsv } = await import("@/charts/export");
    await copyText(toCsv(lines, xName), `${total.toLocaleString("en-US")} rows copied as CSV`);
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} description="Values as drawn; where a bucket holds several points, their mean, lowest and highest.">
      <div className={styles["table"]} tabIndex={0} role="region" aria-label={`Data of ${title}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">{xName}</th>
              <th scope="col">Value</th>
              <th scope="col">Min</th>
              <th scope="col">Max</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ line, i }) => (
              <tr key={`${line.id} ${i}`}>
                <td>{line.label}</td>
                <td>{formatNumber(line.x[i] ?? Number.NaN, 10)}</td>
                <td title={String((line.raw ?? line.y)[i])}>{formatNumber((line.raw ?? line.y)[i] ?? Number.NaN, 6)}</td>
                <td>{line.low ? formatNumber(line.low[i] ?? Number.NaN, 6) : ""}</td>
                <td>{line.high ? formatNumber(line.high[i] ?? Number.NaN, 6) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles["pager"]}>
        <Button small disabled={page === 0} onClick={() => setPage(page - 1)}>
          Before
        </Button>
        <Button small disabled={start + PAGE >= total} onClick={() => setPage(page + 1)}>
          Next
        </Button>
        <span>
          {total === 0 ? "No rows" : `Rows ${(start + 1).toLocaleString("en-US")}–${Math.min(total, start + PAGE).toLocaleString("en-US")} of ${total.toLocaleString("en-US")}`}
        </span>
        <span style={{ flex: 1 }} />
        <Button small onClick={() => void copy()}>
          Copy as CSV
        </Button>
      </div>
    </Dialog>
  );
}

function rowsFrom(lines: readonly ChartLine[], start: number, count: number): { line: ChartLine; i: number }[] {
  const rows: { line: ChartLine; i: number }[] = [];
  let skip = start;
  for (const line of lines) {
    if (skip >= line.x.length) {
      skip -= line.x.length;
      continue;
    }
    for (let i = skip; i < line.x.length && rows.length < count; i += 1) rows.push({ line, i });
    skip = 0;
    if (rows.length >= count) break;
  }
  return rows;
}
