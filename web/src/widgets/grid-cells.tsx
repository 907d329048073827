/** How a grid draws: the head of a column, and a row of cells. */

import { ArrowDown, ArrowUp } from "lucide-react";
import { memo } from "react";

import { useHover } from "@/model/hover";

import type { GridColumn, GridProps } from "./grid-props";
import styles from "./grid.module.css";

/** A column that is in sight: its place among all, and how far from the left it is pinned, or −1. */
export interface Shown<Row> {
  column: GridColumn<Row>;
  at: number;
  left: number;
}

export function HeadCell<Row>({
  column,
  at,
  left,
  spacer,
  lastPinned,
  focusable,
  onSort,
  onResize,
}: {
  column: GridColumn<Row>;
  at: number;
  left: number;
  spacer: number;
  lastPinned: boolean;
  focusable: boolean;
  onSort: ((column: string) => void) | undefined;
  onResize: ((column: string, width: number) => void) | undefined;
}) {
  const sorted = column.sort === "asc" ? "ascending" : column.sort === "desc" ? "descending" : undefined;
  return (
    <div
      role="columnheader"
      aria-colindex={at + 1}
      aria-sort={sorted}
      data-cell={`-1:${at}`}
      data-align={column.align}
      data-pinned={left >= 0}
      data-sortable={column.sort !== undefined && onSort !== undefined}
      tabIndex={focusable ? 0 : -1}
      title={column.label}
      className={`${styles["headCell"]} ${lastPinned ? styles["lastPinned"] : ""}`}
      style={{ width: column.width, marginLeft: spacer, position: left >= 0 ? "sticky" : "relative", ...(left >= 0 && { left }) }}
      onClick={() => column.sort && onSort?.(column.id)}
    >
      {column.header ?? <span>{column.label}</span>}
      {sorted === "ascending" && <ArrowUp size={12} aria-hidden />}
      {sorted === "descending" && <ArrowDown size={12} aria-hidden />}
      {onResize && (
        <span
          aria-hidden
          className={styles["edge"]}
          onClick={(event) => event.stopPropagation()}
          onPointerDown={(event) => {
            event.stopPropagation();
            const edge = event.currentTarget;
            const start = event.clientX;
            edge.setPointerCapture(event.pointerId);
            edge.onpointermove = (move) => onResize(column.id, Math.max(48, column.width + move.clientX - start));
            edge.onpointerup = () => (edge.onpointermove = null);
          }}
        />
      )}
    </div>
  );
}

export const GridRow = memo(function GridRow({
  grid,
  row,
  at,
  top,
  height,
  width,
  shown,
  spacer,
  pinnedCount,
  activeColumn,
}: {
  grid: GridProps<unknown>;
  row: unknown;
  at: number;
  top: number;
  height: number;
  width: number;
  shown: readonly Shown<unknown>[];
  spacer: number;
  pinnedCount: number;
  activeColumn: number;
}) {
  const { keyOf, tree, selected, faded, hovers, onClick, onOpen } = grid;
  const known = row !== undefined;
  const key = known ? keyOf(row) : "";
  const lit = useHover((state) => hovers === true && state.run === key);
  const node = known ? tree?.(row) : undefined;
  return (
    <div
      role="row"
      aria-rowindex={at + 2}
      aria-selected={selected ? known && selected(row) : undefined}
      aria-busy={known ? undefined : true}
      aria-level={node?.level}
      aria-expanded={node?.expanded}
      data-lit={lit}
      data-faded={(known && faded?.(row)) ?? false}
      className={styles["row"]}
      style={{ transform: `translateY(${top}px)`, height, width }}
      onClick={(event) => known && onClick?.(row, at, event)}
      onDoubleClick={() => known && onOpen?.(row, at)}
      {...(hovers && {
        onPointerEnter: () => useHover.getState().set(key),
        onPointerLeave: () => useHover.getState().set(null),
      })}
    >
      {shown.map(({ column, at: index, left }, position) => (
        <div
          key={column.id}
          role="gridcell"
          aria-colindex={index + 1}
          data-cell={`${at}:${index}`}
          data-align={column.align}
          data-pinned={left >= 0}
          tabIndex={activeColumn === index ? 0 : -1}
          className={`${styles["cell"]} ${index === pinnedCount - 1 ? styles["lastPinned"] : ""}`}
          style={{ width: column.width, marginLeft: position === pinnedCount ? spacer : 0, ...(left >= 0 && { left }) }}
        >
          {known ? column.cell(row, at) : <span aria-hidden className={styles["coming"]} />}
        </div>
      ))}
    </div>
  );
});
