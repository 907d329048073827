import { expect, test } from "vitest";

import { known, PAGE_ROWS, PLACED_ROWS_MAX } from "./placed";

const page = (length: number, total: number | null) => ({ rows: Array.from({ length }, (_, at) => at), total });

test("pages lie at their places, and what was not read is not there yet", () => {
  const found = known([
    { page: 0, found: page(PAGE_ROWS, 250) },
    { page: 1, found: undefined },
    { page: 2, found: page(50, null) },
  ]);
  expect(found?.total).toBe(250);
  expect(found?.rows).toHaveLength(250);
  expect(found?.rows[99]).toBe(99);
  expect(found?.rows[100]).toBeUndefined();
  expect(found?.rows[249]).toBe(49);
});

test("nothing is known before the first page has come, and rows are bounded", () => {
  expect(known([{ page: 0, found: undefined }])).toBeUndefined();
  const many = known([{ page: 0, found: page(PAGE_ROWS, PLACED_ROWS_MAX + 5) }]);
  expect(many?.rows).toHaveLength(PLACED_ROWS_MAX);
  expect(many?.total).toBe(PLACED_ROWS_MAX + 5);
});

test("a last page that grew meanwhile adds no row beyond the count", () => {
  const found = known([{ page: 0, found: page(5, 3) }]);
  expect(found?.rows).toEqual([0, 1, 2]);
});
