import { expect, test } from "vitest";

import type { Line, Series } from "@/api/series";
import { NO_SMOOTHING } from "@/base/smoothing";

import { chartLines, thinningWords } from "./lines";
import { bucketsFor } from "./use-series";

function line(over: Partial<Line>): Line {
  return {
    run: "a",
    key: "loss",
    members: 1,
    exact: true,
    total: 2,
    x: Float64Array.of(0, 1),
    mean: Float32Array.of(1, 3),
    min: null,
    max: null,
    std: null,
    ...over,
  };
}

const series = (lines: Line[]): Series => ({ x: "_step", range: null, version: "", exact: false, lines, noDataX: [] });
const runs = [
  { id: "a", label: "first", slot: 0, pinned: false },
  { id: "b", label: "second", slot: 12, pinned: true },
];

test("lines carry the run's name, colour and dash; runs hidden meanwhile are left out", () => {
  const made = chartLines(series([line({}), line({ run: "b" }), line({ run: "gone" })]), { runs, groups: [] }, NO_SMOOTHING, "light");
  expect(made.map((one) => [one.label, one.colour, one.dash, one.pinned])).toEqual([
    ["first", "#0F69D2", [], false],
    ["second", "#D22DA5", [6, 3], true],
  ]);
  expect(made[0]!.raw).toBeNull();
});

test("smoothing keeps the raw values beside the smoothed", () => {
  const [made] = chartLines(series([line({})]), { runs, groups: [] }, { kind: "ema", amount: 0.5 }, "dark");
  expect([...made!.raw!]).toEqual([1, 3]);
  expect(made!.y[1]).toBeCloseTo(7 / 3, 6);
});

test("a group's band is the mean plus and minus the deviation, and its label says of how many", () => {
  const groups = [{ name: "g", label: "adam", slot: 3, runs: ["a", "b"] }];
  const [made] = chartLines(
    series([line({ run: "g", members: 2, exact: false, std: Float32Array.of(0.5, Number.NaN) })]),
    { runs: [], groups },
    NO_SMOOTHING,
    "light",
  );
  expect(made!.label).toBe("adam (mean of 2)");
  expect([...made!.low!]).toEqual([0.5, 3]);
  expect([...made!.high!]).toEqual([1.5, 3]);
});

test("thinning is said, exact answers say nothing", () => {
  expect(thinningWords(series([line({})]))).toBe("");
  expect(thinningWords(series([line({ exact: false, total: 1_000_000 })]))).toBe(
    "1,000,000 points in 2 buckets, zoom in for each",
  );
});

test("the count of buckets follows the width in steps and stays in bounds", () => {
  expect([10, 333, 348, 5000].map(bucketsFor)).toEqual([100, 350, 350, 1000]);
});
