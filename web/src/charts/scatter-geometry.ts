/** What a scatter computes before it draws: places of points, the nearest one, the Pareto front. */

import { axisScale, type AxisScale, type ScaleKind } from "./axis-scale";

export interface ScatterPoint {
  id: string;
  label: string;
  x: number;
  y: number;
  /** of the colouring value; null: without one */
  colour: number | null;
  /** meets every constraint */
  feasible: boolean;
  /** its own colour; none: by the colouring value */
  fill?: string;
  /** what it belongs to: lit with it */
  group?: string;
}

export type Goal = "minimize" | "maximize";

/**
 * The points no other is better than in both: those with equal values are all on it. Points that are
 * not feasible or not finite never are. Returns indices by rising x. Cost O(n log n).
 */
export function frontOf(points: readonly ScatterPoint[], goals: readonly [Goal, Goal]): number[] {
  const [gx, gy] = [goals[0] === "minimize" ? 1 : -1, goals[1] === "minimize" ? 1 : -1];
  const order = points
    .map((point, index) => ({ index, x: point.x * gx, y: point.y * gy }))
    .filter(({ index, x, y }) => points[index]?.feasible === true && Number.isFinite(x) && Number.isFinite(y))
    .sort((a, b) => a.x - b.x || a.y - b.y);
  const found: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  let bestX = Number.NaN;
  for (const one of order) {
    if (one.y < best || (one.y === best && one.x === bestX)) {
      found.push(one.index);
      best = one.y;
      bestX = one.x;
    }
  }
  return found.sort((a, b) => (points[a]?.x ?? 0) - (points[b]?.x ?? 0));
}

export interface ScatterScales {
  x: AxisScale;
  y: AxisScale;
}

/** `also`: a place that is to be in sight, too. */
export function scatterScales(
  points: readonly ScatterPoint[],
  kinds: { x?: ScaleKind; y?: ScaleKind },
  also?: { x: number; y: number },
): ScatterScales {
  const all = also ? [...points, also] : points;
  return { x: axisScale(all.map((point) => point.x), kinds.x), y: axisScale(all.map((point) => point.y), kinds.y) };
}

/**
 * The edge of what a front has won, through its points by rising x: between two of them what the better
 * one in x reaches. `goal` is that of x.
 */
export function staircase(points: readonly (readonly [number, number])[], goal: Goal): (readonly [number, number])[] {
  return points.flatMap((point, at) => {
    const before = points[at - 1];
    if (!before) return [point];
    return [goal === "minimize" ? ([point[0], before[1]] as const) : ([before[0], point[1]] as const), point];
  });
}

/** Index of the point nearest to a place in pixels, within `reach` pixels; -1 for none. */
export function nearestPoint(
  points: readonly ScatterPoint[],
  toPixels: (point: ScatterPoint) => readonly [number, number] | null,
  at: readonly [number, number],
  reach: number,
): number {
  let best = -1;
  let distance = reach;
  points.forEach((point, index) => {
    const place = toPixels(point);
    if (!place) return;
    const away = Math.hypot(place[0] - at[0], place[1] - at[1]);
    if (away < distance) {
      distance = away;
      best = index;
    }
  });
  return best;
}

export function summariseScatter(title: string, xName: string, yName: string, points: number, front: number): string {
  const on = front > 0 ? `, ${front} on the Pareto front` : "";
  return `${title}: ${points} points, ${yName} over ${xName}${on}.`;
}
