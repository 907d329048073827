import { expect, test } from "vitest";

import { frontOf, nearestPoint, staircase, type Goal, type ScatterPoint } from "./scatter-geometry";

function point(x: number, y: number, feasible = true): ScatterPoint {
  return { id: `${x},${y}`, label: "", x, y, colour: null, feasible };
}

/** By the definition: no other feasible point is at least as good in both and better in one. */
function byDefinition(points: readonly ScatterPoint[], goals: readonly [Goal, Goal]): number[] {
  const sign = goals.map((goal) => (goal === "minimize" ? 1 : -1));
  const [sx, sy] = [sign[0] ?? 1, sign[1] ?? 1];
  return points
    .map((_, index) => index)
    .filter((i) => {
      const a = points[i];
      if (!a?.feasible) return false;
      return !points.some(
        (b) =>
          b.feasible && b.x * sx <= a.x * sx && b.y * sy <= a.y * sy && (b.x * sx < a.x * sx || b.y * sy < a.y * sy),
      );
    });
}

test("the front is what its definition says, for every pair of goals", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) % 12;
  for (let round = 0; round < 200; round += 1) {
    const points = Array.from({ length: round % 25 }, () => point(random(), random(), random() > 2));
    for (const gx of ["minimize", "maximize"] as const) {
      for (const gy of ["minimize", "maximize"] as const) {
        const found = frontOf(points, [gx, gy]);
        expect([...found].sort((a, b) => a - b)).toEqual(byDefinition(points, [gx, gy]));
      }
    }
  }
});

test("points that are no numbers are never on the front", () => {
  expect(frontOf([point(Number.NaN, 0), point(1, 1)], ["minimize", "minimize"])).toEqual([1]);
});

test("the nearest point within reach", () => {
  const points = [point(0, 0), point(10, 10)];
  const same = (one: ScatterPoint): readonly [number, number] => [one.x, one.y];
  expect(nearestPoint(points, same, [9, 9], 5)).toBe(1);
  expect(nearestPoint(points, same, [5, 5], 5)).toBe(-1);
});

test("the edge of a front turns where the better point in x still holds", () => {
  const front = [
    [1, 3],
    [2, 2],
  ] as const;
  expect(staircase(front, "minimize")).toEqual([
    [1, 3],
    [2, 3],
    [2, 2],
  ]);
  expect(staircase(front, "maximize")).toEqual([
    [1, 3],
    [1, 2],
    [2, 2],
  ]);
});
