/**
 * Rows and columns of any count: only what is on screen exists. The caller sorts and pages on the
 * server; the grid draws, moves the focus and says where things are to those who do not see it.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState, type KeyboardEvent } from "react";

import { GridRow, HeadCell, type Shown } from "./grid-cells";
import type { GridProps } from "./grid-props";
import styles from "./grid.module.css";

export type { GridColumn, GridHandle } from "./grid-props";

/** Rows may be as tall as pictures; the names of columns need no more than a line. */
const HEAD_MAX = 28;

interface Place {
  row: number; // −1 is the header
  column: number;
}

export function Grid<Row>(props: GridProps<Row>) {
  const { label, columns, rows, total, keyOf, rowHeight = 28, tree, onSort, onResize, onOpen, onKey, onEnd, onRange, ref } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place>({ row: -1, column: 0 });
  // Where the focus is to go once that cell is drawn: scrolling may draw the old place once more before.
  const wantsFocus = useRef<Place | null>(null);

  const pinned = useMemo(() => columns.filter((column) => column.pinned), [columns]);
  const free = useMemo(() => columns.filter((column) => !column.pinned), [columns]);
  const ordered = useMemo(() => [...pinned, ...free], [pinned, free]);
  const pinnedWidth = pinned.reduce((sum, column) => sum + column.width, 0);
  const width = pinnedWidth + free.reduce((sum, column) => sum + column.width, 0);

  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollPaddingStart: Math.min(rowHeight, HEAD_MAX) + 4,
  });
  const horizontal = useVirtualizer({
    horizontal: true,
    count: free.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => free[at]?.width ?? 100,
    overscan: 2,
    scrollPaddingStart: pinnedWidth,
  });
  const widths = free.map((column) => column.width).join();
  useEffect(() => horizontal.measure(), [horizontal, widths]);

  const shownRows = vertical.getVirtualItems();
  const lastShown = shownRows.at(-1)?.index ?? -1;
  const nearEnd = rows.length > 0 && lastShown >= rows.length - 20;
  useEffect(() => {
    if (nearEnd) onEnd?.();
  }, [nearEnd, onEnd, rows.length]);

  const firstShown = shownRows[0]?.index ?? -1;
  useEffect(() => {
    if (firstShown >= 0) onRange?.(firstShown, lastShown);
  }, [firstShown, lastShown, onRange]);

  const columnItems = horizontal.getVirtualItems();
  const firstColumn = columnItems[0];
  const spacer = firstColumn?.start ?? 0;
  const shownFree = columnItems.map((item) => item.index);
  const shownKey = shownFree.join();
  const shown = useMemo(() => {
    const cells = pinned.map((column, at) => ({
      column,
      at,
      left: pinned.slice(0, at).reduce((sum, one) => sum + one.width, 0),
    }));
    for (const index of shownKey === "" ? [] : shownKey.split(",").map(Number)) {
      const column = free[index];
      if (column) cells.push({ column, at: pinned.length + index, left: -1 });
    }
    return cells;
  }, [pinned, free, shownKey]);

  const go = useCallback(
    (next: Place) => {
      const row = Math.max(-1, Math.min(rows.length - 1, next.row));
      const column = Math.max(0, Math.min(ordered.length - 1, next.column));
      wantsFocus.current = { row, column };
      if (row >= 0) vertical.scrollToIndex(row);
      if (column >= pinned.length) horizontal.scrollToIndex(column - pinned.length);
      setPlace({ row, column });
    },
    [rows.length, ordered.length, pinned.length, vertical, horizontal],
  );

  useEffect(() => {
    const wanted = wantsFocus.current;
    if (!wanted) return;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-cell="${wanted.row}:${wanted.column}"]`);
    if (!cell) {
      // Keys pressed before it is drawn are for this grid already.
      if (!scroller.current?.contains(document.activeElement)) {
        scroller.current?.querySelector<HTMLElement>('[data-cell="-1:0"]')?.focus({ preventScroll: true });
      }
      return;
    }
    wantsFocus.current = null;
    cell.focus({ preventScroll: true });
  });

  useImperativeHandle(
    ref,
    () => ({
      active: () => place.row,
      move: (by) => go({ row: Math.max(0, place.row + by), column: place.column }),
      go: (row) => go({ row, column: Math.max(0, place.column) }),
      focus: () => go({ row: Math.max(0, place.row), column: place.column }),
    }),
    [go, place],
  );

  const pageRows = () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
  const hear = (event: KeyboardEvent<HTMLDivElement>) => {
    const target = event.target as HTMLElement;
    if (target.dataset["cell"] === undefined) return;
    const { row, column } = place;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (event.altKey || (event.key !== "Home" && event.key !== "End")) return;
      event.preventDefault();
      go({ row: event.key === "Home" ? 0 : rows.length - 1, column });
      return;
    }
    const moves: Record<string, Place> = {
      ArrowDown: { row: row + 1, column },
      ArrowUp: { row: row - 1, column },
      ArrowRight: { row, column: column + 1 },
      ArrowLeft: { row, column: column - 1 },
      PageDown: { row: row + pageRows(), column },
      PageUp: { row: Math.max(0, row - pageRows()), column },
      Home: { row, column: 0 },
      End: { row, column: ordered.length - 1 },
    };
    const current = rows[row];
    if (current && tree && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const { expanded } = tree(current);
      if (expanded !== undefined && expanded !== (event.key === "ArrowRight") && column === 0) {
        event.preventDefault();
        onOpen?.(current, row);
        return;
      }
    }
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      go(move);
    } else if (event.key === "Enter") {
      const head = ordered[column];
      event.preventDefault();
      if (row < 0 && head?.sort) onSort?.(head.id);
      else if (current) onOpen?.(current, row);
    } else if (current && onKey?.(event.key, current, row)) {
      event.preventDefault();
    }
  };

  const role = tree ? "treegrid" : "grid";
  return (
    <div
      ref={scroller}
      className={styles["grid"]}
      role={role}
      aria-label={label}
      aria-rowcount={total + 1}
      aria-colcount={ordered.length}
      onKeyDown={hear}
      onFocus={(event) => {
        const cell = (event.target as HTMLElement).dataset["cell"];
        if (cell === undefined || wantsFocus.current) return;
        const [row = -1, column = 0] = cell.split(":").map(Number);
        if (row !== place.row || column !== place.column) setPlace({ row, column });
      }}
    >
      <div role="rowgroup" className={styles["head"]} style={{ width, height: Math.min(rowHeight, HEAD_MAX) }}>
        <div role="row" aria-rowindex={1} style={{ display: "flex", height: "100%" }}>
          {shown.map(({ column, at, left }, index) => (
            <HeadCell
              key={column.id}
              column={column}
              at={at}
              left={left}
              spacer={index === pinned.length ? spacer : 0}
              lastPinned={at === pinned.length - 1}
              focusable={(place.row < 0 || place.row >= rows.length) && place.column === at}
              onSort={onSort}
              onResize={onResize}
            />
          ))}
        </div>
      </div>
      <div role="rowgroup" className={styles["rows"]} style={{ width, height: vertical.getTotalSize() }}>
        {shownRows.map((item) => {
          const row = rows[item.index];
          return (
            <GridRow
              // By place where rows come in later: the cell under the focus stays the same element.
              key={onRange || row === undefined ? item.index : keyOf(row)}
              grid={props as GridProps<unknown>}
              row={row}
              at={item.index}
              top={item.start}
              height={rowHeight}
              width={width}
              shown={shown as Shown<unknown>[]}
              spacer={spacer}
              pinnedCount={pinned.length}
              activeColumn={place.row === item.index ? place.column : -1}
            />
          );
        })}
      </div>
    </div>
  );
}
