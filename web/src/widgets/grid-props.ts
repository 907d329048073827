/** What a grid is told, and what it can be asked. */

import type { MouseEvent, ReactNode, Ref } from "react";

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
