/** The rows of a custom chart, of one run or of several together. */

import { useQueries, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";

import { chartQuery } from "@/api/charts";
import { CHART_ROWS_MAX, type CustomChart } from "@/base/custom-chart";
import type { MediaItem } from "@/base/media";
import { toNumber, formatCount } from "@/base/numbers";
import { storedPlace } from "@/base/stored-chart";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";

import styles from "./chart.module.css";
import media from "./media.module.css";
import type { Place } from "./place";
import { tableQuery } from "./table";

const VegaChart = lazy(() => import("./vega").then((module) => ({ default: module.VegaChart })));

export interface ChartPart {
  name: string;
  slot: number;
  item: MediaItem;
  place: Place;
}

export function ChartView({ chart, parts, label }: { chart: CustomChart; parts: readonly ChartPart[]; label: string }) {
  const tables = useQueries({ queries: parts.map((part) => tableQuery(part.place, part.item.path)) });
  const place = chart.kind === "other" ? storedPlace(chart.definition) : null;
  const stored = useQuery({ ...chartQuery(place?.entity ?? "", place?.name ?? ""), enabled: place !== null });
  const ready = !stored.isLoading && tables.every((one) => one.data !== undefined || one.error !== null);
  const loaded = tables.map((one) => one.dataUpdatedAt).join();
  const failed = tables.find((one) => one.error !== null)?.error;
  const names = useMemo(() => distinct(parts.map((part) => part.name)), [parts]);
  const runs = useMemo(() => parts.map((part, at) => ({ name: names[at] ?? part.name, slot: part.slot })), [parts, names]);
  const { rows, total } = useMemo(() => {
    const whole: Record<string, unknown>[] = [];
    let count = 0;
    tables.forEach((table, at) => {
      const data = table.data;
      if (!data) return;
      count += data.rows.length;
      // Of each its share, evenly spread: none crowds the others out.
      const every = Math.max(1, Math.ceil((data.rows.length * tables.length) / CHART_ROWS_MAX));
      for (let row = 0; row < data.rows.length; row += every) {
        const cells = data.columns.map((column, i) => [column.name, cellOf(data.rows[row]?.[i])] as const);
        whole.push({ ...Object.fromEntries(cells), run: names[at] });
      }
    });
    return { rows: whole, total: count };
    // The tables are told apart by when they were read.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [loaded, names]);
  if (!ready) return <Skeleton height="100%" />;
  if (failed && rows.length === 0) return <ErrorPanel what={`The table of ${label} could not be read`} error={failed} />;
  return (
    <div className={styles["chartView"]}>
      {chart.title !== "" && <h4>{chart.title}</h4>}
      <Suspense fallback={<Skeleton height="100%" />}>
        <VegaChart chart={chart} stored={stored.data?.spec ?? null} rows={rows} runs={runs} label={label} />
      </Suspense>
      {rows.length < total && (
        <p className={media["note"]}>
          {formatCount(rows.length)} of {formatCount(total)} rows drawn, evenly spread
        </p>
      )}
    </div>
  );
}

/** Numbers that are not finite are gaps. */
function cellOf(value: unknown): unknown {
  const number = toNumber(value);
  if (number === null) return value;
  return Number.isFinite(number) ? number : null;
}

function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}
