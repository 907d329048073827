import { expect, test } from "vitest";

import type { Sweep, Trial } from "@/api/sweeps";

import { axesOf, linesOf, pointsOf, recordsOf } from "./table";

const sweep = { objectives: [{ name: "loss", goal: "minimize" }] } as unknown as Sweep;

function trial(number: number, params: Record<string, unknown>, loss: number | string | null, feasible = true): Trial {
  return { number, params, objective: [loss], feasible, run: "", state: loss === null ? "queued" : "finished" } as unknown as Trial;
}

const TRIALS = [
  trial(0, { lr: 0.1, depth: 2, fixed: 1 }, 3),
  trial(1, { lr: 0.2, fixed: 1 }, 5),
  trial(2, { lr: 0.3, depth: 4, fixed: 1 }, 1, false),
  trial(3, { lr: 0.4, depth: 8, fixed: 1 }, 2),
  trial(4, { lr: 0.5, fixed: 1 }, null),
];

test("axes are the parameters that vary, then the objectives", () => {
  expect(axesOf(sweep, TRIALS).map((axis) => axis.label)).toEqual(["depth", "lr", "loss"]);
});

test("trials without a result yet have no line, and a conditional parameter is a gap", () => {
  const lines = linesOf(sweep, TRIALS);
  expect(lines.map((line) => line.label)).toEqual(["trial 0", "trial 1", "trial 2", "trial 3"]);
  expect(lines[1]?.values["param:depth"]).toBeUndefined();
});

test("the best so far leaves out what breaks a constraint", () => {
  const points = pointsOf(TRIALS, "number", "objective:0", "number");
  expect(recordsOf(points, "minimize").map((at) => points[at]?.y)).toEqual([3, 2]);
  expect(recordsOf(points, "maximize").map((at) => points[at]?.y)).toEqual([3, 5]);
});

test("values that JSON cannot hold are no points", () => {
  expect(pointsOf([trial(0, {}, "NaN")], "number", "objective:0", "number")).toEqual([]);
});
