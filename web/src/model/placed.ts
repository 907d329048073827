/**
 * A list that is read by place: the pages in sight, whichever they are, out of any number of rows. Rows
 * that are known to be there and were not read yet are undefined.
 */

import { useQueries, type QueryKey } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { Limiter } from "@/base/limiter";

export const PAGE_ROWS = 100;
/** Browsers draw elements up to about 17 million pixels high: rows of 28 pixels fit. */
export const PLACED_ROWS_MAX = 500_000;
const PAGES_KEPT = 6;
const SETTLE_MS = 80;
const AHEAD_ROWS = 30;

export interface PlacedPage<Row> {
  rows: readonly Row[];
  /** how many there are; only where it was asked for */
  total: number | null;
}

export interface PlaceAsked {
  skip: number;
  limit: number;
  count: boolean;
}

export interface Placed<Row> {
  /** as many as there are, up to PLACED_ROWS_MAX */
  rows: readonly (Row | undefined)[];
  total: number;
  /** nothing was ever read */
  isPending: boolean;
  isFetching: boolean;
  error: Error | null;
  refetch: () => void;
  onRange: (first: number, last: number) => void;
}

interface Known<Row> {
  rows: (Row | undefined)[];
  total: number;
}

/** key: of the list, filter and order included. Page 0 says how many there are. */
export function usePlaced<Row>(
  key: QueryKey,
  read: (asked: PlaceAsked, signal: AbortSignal) => Promise<PlacedPage<Row>>,
): Placed<Row> {
  const id = JSON.stringify(key);
  const [seen, setSeen] = useState<{ id: string; pages: readonly number[] }>({ id, pages: [] });
  const pages = useMemo(() => [0, ...(seen.id === id ? seen.pages : [])], [seen, id]);
  const combine = useCallback(
    (found: { data: PlacedPage<Row> | undefined; isFetching: boolean; error: Error | null; refetch: () => unknown }[]) => ({
      pages: pages.map((page, at) => ({ page, found: found[at]?.data })),
      isFetching: found.some((one) => one.isFetching),
      error: found.find((one) => one.error !== null)?.error ?? null,
      refetch: () => found.forEach((one) => void one.refetch()),
    }),
    [pages],
  );
  const state = useQueries({
    queries: pages.map((page) => ({
      queryKey: [...key, page],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        read({ skip: page * PAGE_ROWS, limit: PAGE_ROWS, count: page === 0 }, signal),
    })),
    combine,
  });
  const now = useMemo(() => known(state.pages), [state.pages]);
  // What was found before stays in sight while something else is asked for.
  const before = useRef<Known<Row>>(undefined);
  useEffect(() => {
    if (now) before.current = now;
  }, [now]);
  const shown = now ?? before.current;

  const latest = useRef(id);
  const wanted = useRef<readonly number[]>([]);
  useEffect(() => {
    latest.current = id;
  }, [id]);
  const limiter = useRef<Limiter>(undefined);
  useEffect(() => {
    const made = new Limiter(() => {
      setSeen((old) => {
        const held = old.id === latest.current ? old.pages : [];
        const next = [...wanted.current, ...held.filter((page) => !wanted.current.includes(page))].slice(0, PAGES_KEPT);
        return old.id === latest.current && next.join() === held.join() ? old : { id: latest.current, pages: next };
      });
    }, SETTLE_MS);
    limiter.current = made;
    return () => made.close();
  }, []);
  const onRange = useCallback((first: number, last: number) => {
    const from = Math.floor(Math.max(0, first - AHEAD_ROWS) / PAGE_ROWS);
    const to = Math.floor((last + AHEAD_ROWS) / PAGE_ROWS);
    wanted.current = Array.from({ length: to - from + 1 }, (_, at) => from + at).filter((page) => page > 0);
    limiter.current?.trigger();
  }, []);
  return {
    rows: shown?.rows ?? NONE,
    total: shown?.total ?? 0,
    isPending: shown === undefined,
    isFetching: state.isFetching,
    error: state.error,
    refetch: state.refetch,
    onRange,
  };
}

const NONE: readonly undefined[] = [];

export function known<Row>(pages: readonly { page: number; found: PlacedPage<Row> | undefined }[]): Known<Row> | undefined {
  const total = pages.find((one) => one.page === 0)?.found?.total;
  if (total === undefined || total === null) return undefined;
  const count = Math.min(total, PLACED_ROWS_MAX);
  const rows = new Array<Row | undefined>(count).fill(undefined);
  for (const { page, found } of pages) {
    found?.rows.forEach((row, at) => {
      const place = page * PAGE_ROWS + at;
      if (place < count) rows[place] = row;
    });
  }
  return { rows, total };
}
