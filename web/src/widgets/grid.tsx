/**
 * Rows and columns of any count: only what is on screen exists. The caller sorts and pages on the
 * server; the grid draws, moves the focus and says where things are to those who do not see it.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  memo,
  useCallback,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type Ref,
} from "react";

import { useHover } from "@/model/hover";

import styles from "./grid.module.css";

export interface GridColumn<Row> {
  id: string;
  /** read aloud, and shown unless `header` is given */
  label: string;
  header?: ReactNode;
  width: number;
  pinned?: boolean;
  align?: "left" | "right";
  /** shown order; undefined: the server cannot sort by it */
  sort?: "asc" | "desc" | "none";
  cell: (row: Row, at: number) => ReactNode;
}

export interface GridHandle {
  /** the row the keys act on, -1 for none */
  active: () => number;
  move: (by: number) => void;
  /** Focus on a row, which comes into sight. */
  go: (row: number) => void;
  /** Focus on the active row's first cell, or on the first row. */
  focus: () => void;
}

export interface GridProps<Row> {
  label: string;
  columns: readonly GridColumn<Row>[];
  /** undefined: known to be there, and still to be read (see onRange) */
  rows: readonly (Row | undefined)[];
  /** all rows there are, loaded or not */
  total: number;
  keyOf: (row: Row) => string;
  rowHeight?: number;
  /** depth and, where it can be opened, whether it is: makes a treegrid */
  tree?: (row: Row) => { level: number; expanded?: boolean };
  selected?: (row: Row) => boolean;
  faded?: (row: Row) => boolean;
  /** rows light up with the run of their key, and light it up elsewhere */
  hovers?: boolean;
  onSort?: (column: string) => void;
  onResize?: (column: string, width: number) => void;
  onOpen?: (row: Row, at: number) => void;
  onClick?: (row: Row, at: number, event: MouseEvent) => void;
  /** True: the key was used. */
  onKey?: (key: string, row: Row, at: number) => boolean;
  onEnd?: () => void;
  /** Which rows are in sight, for a list that is read by place. */
  onRange?: (first: number, last: number) => void;
  ref?: Ref<GridHandle>;
}

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

interface Shown<Row> {
  column: GridColumn<Row>;
  at: number;
  left: number;
}

function HeadCell<Row>({
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

const GridRow = memo(function GridRow({
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
