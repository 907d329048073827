/** A logged table: typed columns, sorted and filtered here; only the rows on screen exist. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { csv } from "@/base/csv";
import { parseLooseJson } from "@/base/json";
import { mediaItems, type MediaItem } from "@/base/media";
import { formatCount, fullValue, plural } from "@/base/numbers";
import { arrange, isMedia, OPERATORS, tableOf, type TableData, type TableFilter, type TableSort } from "@/base/table";
import { Button, SearchInput, Select } from "@/widgets/controls";
import { copyText, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn } from "@/widgets/grid";
import { Value } from "@/widgets/values";

import { MediaView } from "./item";
import media from "./media.module.css";
import { downloadOf, readBytes, textOf, type Place } from "./place";
import styles from "./table.module.css";

const COLUMN_WIDTH = 150;
const MEDIA_WIDTH = 140;
const MEDIA_ROW = 96;

/** The table of a file, parsed once however often its panel comes and goes. */
export function tableQuery(place: Place, path: string) {
  return queryOptions({
    queryKey: ["media-table", place.entity, place.project, place.run, path],
    queryFn: async ({ signal }) => tableOf(parseLooseJson(textOf(await readBytes(place, path, signal)))),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false,
  });
}

export function TableView({ item, place, label }: { item: MediaItem; place: Place; label: string }) {
  const table = useQuery(tableQuery(place, item.path));
  if (table.error) {
    return (
      <div>
        <ErrorPanel what={`The table ${label} could not be read`} error={table.error} onRetry={() => void table.refetch()} />
        <a className={media["download"]} href={downloadOf(place, item.path)} download>
          Download the file
        </a>
      </div>
    );
  }
  if (!table.data) return <Skeleton height="100%" />;
  return <TableGrid table={table.data} place={place} label={label} />;
}

export function TableGrid({ table, place, label }: { table: TableData; place: Place; label: string }) {
  const [sort, setSort] = useState<TableSort | null>(null);
  const [filter, setFilter] = useState<TableFilter>({ column: -1, operator: "contains", value: "" });
  const [widths, setWidths] = useState<Readonly<Record<string, number>>>({});
  const places = useMemo(() => arrange(table, filter, sort), [table, filter, sort]);
  const columns = useMemo<GridColumn<number>[]>(
    () => [
      { id: "#", label: "Row", width: 56, pinned: true, align: "right", cell: (at) => <span>{formatCount(at)}</span> },
      ...table.columns.map((column, at): GridColumn<number> => ({
        id: String(at),
        label: column.name,
        width: widths[at] ?? (column.type === "media" ? MEDIA_WIDTH : COLUMN_WIDTH),
        align: column.type === "number" ? "right" : "left",
        ...(column.type !== "media" && {
          sort: sort?.column === at ? (sort.descending ? "desc" : "asc") : ("none" as const),
        }),
        cell: (row) => <Cell value={table.rows[row]?.[at]} place={place} label={`${column.name}, row ${row}`} />,
      })),
    ],
    [table, place, sort, widths],
  );
  const tall = table.columns.some((column) => column.type === "media");
  const options = [
    { value: "-1", label: "Any column" },
    ...table.columns.map((column, at) => ({ value: String(at), label: column.name })),
  ];
  return (
    <div className={styles["tableView"]}>
      <div className={styles["tableBar"]} role="toolbar" aria-label={`Rows of ${label}`}>
        <Select
          label="Column to filter by"
          options={options}
          value={String(filter.column)}
          onChoose={(value) => setFilter({ ...filter, column: Number(value) })}
        />
        <Select
          label="How to compare"
          options={OPERATORS.map((one) => ({ value: one, label: one }))}
          value={filter.operator}
          onChoose={(operator) => setFilter({ ...filter, operator })}
        />
        <SearchInput
          label="Filter rows"
          value={filter.value}
          onChange={(event) => setFilter({ ...filter, value: event.target.value })}
        />
        <span className={media["count"]}>
          {places.length < table.rows.length
            ? `${formatCount(places.length)} of ${plural(table.rows.length, "row")}`
            : plural(table.rows.length, "row")}
        </span>
        <Button small onClick={() => void copyText(csvOf(table, places), "Rows copied as CSV")}>
          Copy as CSV
        </Button>
      </div>
      <div className={styles["tableBody"]}>
        {places.length === 0 ? (
          <div className={media["missing"]}>
            {table.rows.length === 0 ? "The table has no rows." : "No row matches."}
            {table.rows.length > 0 && (
              <Button small onClick={() => setFilter({ column: -1, operator: "contains", value: "" })}>
                Clear the filter
              </Button>
            )}
          </div>
        ) : (
          <Grid
            label={`Table ${label}`}
            columns={columns}
            rows={places}
            total={places.length}
            keyOf={String}
            rowHeight={tall ? MEDIA_ROW : 28}
            onSort={(id) => {
              const column = Number(id);
              setSort((old) =>
                old?.column !== column ? { column, descending: false } : old.descending ? null : { column, descending: true },
              );
            }}
            onResize={(id, width) => setWidths((old) => ({ ...old, [id]: width }))}
          />
        )}
      </div>
    </div>
  );
}

function Cell({ value, place, label }: { value: unknown; place: Place; label: string }) {
  if (value === null || value === undefined) return null;
  if (isMedia(value)) {
    const [first] = mediaItems(value);
    if (first) {
      return (
        <span className={media["cellMedia"]}>
          <MediaView item={first} place={place} panel={label} label={label} small />
        </span>
      );
    }
  }
  return <Value value={value} />;
}

function csvOf(table: TableData, places: readonly number[]): string {
  const rows = places.map((at) => (table.rows[at] ?? []).map((cell) => (cell === null ? "" : fullValue(cell))));
  return csv([table.columns.map((column) => column.name), ...rows]);
}
