import { expect, test } from "vitest";

import { rangeOf, resampled } from "./histograms";

test("a histogram over a common range keeps its whole mass, wherever its own edges lie", () => {
  const parts = resampled({ counts: [2, 6], edges: [0.25, 0.5, 1] }, [0, 2], 8);
  expect(parts.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12);
  expect(parts.map((one) => Math.round(one * 1000) / 1000)).toEqual([0, 0.25, 0.375, 0.375, 0, 0, 0, 0]);
});

test("the range holds every step's edges, and one value alone gets room around it", () => {
  const at = (step: number, edges: number[]) => ({ step, histogram: { counts: [1], edges } });
  expect(rangeOf([at(0, [-1, 1]), at(1, [0, 5])])).toEqual([-1, 5]);
  expect(rangeOf([at(0, [3, 3])])).toEqual([2.5, 3.5]);
  expect(rangeOf([])).toEqual([0, 1]);
});
