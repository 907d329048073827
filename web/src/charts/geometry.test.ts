import { expect, test } from "vitest";

import { nearestIndex, spikes, summarise, visible, widen, xRange, yRange, type ChartLine } from "./geometry";

function line(y: number[], over: Partial<ChartLine> = {}): ChartLine {
  return {
    id: "r",
    label: "run",
    colour: "#000",
    dash: [],
    x: Float64Array.from(y, (_, i) => i * 10),
    y: Float64Array.from(y),
    raw: null,
    low: null,
    high: null,
    exact: true,
    total: y.length,
    members: 1,
    pinned: false,
    ...over,
  };
}

test("the nearest point is one that was logged, never a gap", () => {
  const { x, y } = line([1, Number.NaN, Number.NaN, 4]);
  expect(nearestIndex(x, y, 12)).toBe(0);
  expect(nearestIndex(x, y, 16)).toBe(3);
  expect(nearestIndex(x, y, -5)).toBe(0);
  expect(nearestIndex(x, y, 1e9)).toBe(3);
  expect(nearestIndex(x, Float64Array.of(NaN, NaN, NaN, NaN), 5)).toBe(-1);
});

test("a zoomed range takes one point more on either side", () => {
  const { x } = line([0, 1, 2, 3, 4, 5]);
  expect(visible(x, [15, 35])).toEqual([1, 4]);
  expect(visible(x, [10, 30])).toEqual([0, 4]);
  expect(visible(x, [-100, 100])).toEqual([0, 5]);
});

test("the range of x spans all lines, and one point gets room", () => {
  expect(xRange([line([1, 2]), line([1, 2, 3])])).toEqual([0, 20]);
  expect(xRange([line([])])).toBeNull();
  expect(widen([5, 5])).toEqual([4.5, 5.5]);
  expect(widen([0, 0])).toEqual([-1, 1]);
});

test("the range of y holds a bucket's extremes, and follows the zoom", () => {
  const thinned = line([1, 1, 1, 1], {
    low: Float64Array.of(1, 1, -50, 1),
    high: Float64Array.of(1, 1, 90, 1),
    exact: false,
  });
  const all = yRange([thinned], [0, 30], { log: false, ignoreOutliers: false }).range!;
  expect(all[0]).toBeLessThanOrEqual(-50);
  expect(all[1]).toBeGreaterThanOrEqual(90);
  const zoomed = yRange([line([1, 2, 3, 400])], [0, 5], { log: false, ignoreOutliers: false }).range!;
  expect(zoomed[1]).toBeLessThan(3);
});

test("a log scale counts what it cannot show", () => {
  const { range, notPositive } = yRange([line([-1, 0, 1, 100])], [0, 30], { log: true, ignoreOutliers: false });
  expect(notPositive).toBe(2);
  expect(range![0]).toBeGreaterThan(0);
});

test("ignored outliers leave the range and are said to", () => {
  const y = Array.from({ length: 200 }, (_, i) => Math.sin(i));
  y[100] = 1e6;
  const { range, cut } = yRange([line(y)], [0, 2000], { log: false, ignoreOutliers: true });
  expect(cut).toBe(true);
  expect(range![1]).toBeLessThan(2);
});

test("a lone spike is found among noisy buckets, and noise alone is not one", () => {
  const mean = new Float64Array(500).fill(1);
  const low = Float64Array.from(mean, (value, i) => value - 0.1 - 0.05 * Math.sin(i));
  const high = Float64Array.from(mean, (value, i) => value + 0.1 + 0.05 * Math.cos(i));
  expect(spikes({ low, high }, mean)).toEqual([]);
  high[321] = 40;
  expect(spikes({ low, high }, mean)).toEqual([321]);
});

test("a spike on a line that is flat otherwise is found", () => {
  const mean = new Float64Array(10);
  const high = new Float64Array(10);
  high[4] = 1e-6;
  expect(spikes({ low: new Float64Array(10), high }, mean)).toEqual([4]);
});

test("the summary names the ends of the first lines", () => {
  expect(summarise("loss", [line([3, 0.25])], "step")).toBe("loss over step, 1 line. run ends at 0.25.");
  expect(summarise("loss", [], "step")).toBe("loss: no data.");
});
