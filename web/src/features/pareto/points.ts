/** From the server's answer to what is drawn: colours of runs or groups, the front, shaded limits. */

import type { RunPareto } from "@/api/pareto";
import { runColour, type Theme } from "@/base/colours";
import type { Limit } from "@/charts/scatter-chart";
import type { ScatterPoint } from "@/charts/scatter-geometry";
import type { Drawn } from "@/model/drawn";
import { parseConstraint } from "@/model/workspace/pareto";

export interface Coloured {
  slot: number;
  /** of a group: what hovering lights */
  group?: string;
}

/** Colour of each run: that of its group where runs are grouped, else its own. */
export function colouring(drawn: Drawn, colours: Readonly<Record<string, number>>): (run: string, slot: number) => Coloured | null {
  if (drawn.groups.length === 0) return (run, slot) => ({ slot: colours[run] ?? slot });
  const groups = new Map<string, Coloured>();
  for (const group of drawn.groups) for (const run of group.runs) groups.set(run, { slot: group.slot, group: group.name });
  return (run) => groups.get(run) ?? null;
}

export function pointsOf(found: RunPareto, colourOf: (run: string, slot: number) => Coloured | null, theme: Theme): ScatterPoint[] {
  const third = found.objectives.length > 2;
  return found.points.map((point) => {
    const own = colourOf(point.run, point.colour);
    const made: ScatterPoint = {
      id: point.run,
      label: point.name,
      x: point.values[0] ?? Number.NaN,
      y: point.values[1] ?? Number.NaN,
      colour: point.values[2] ?? null,
      feasible: point.place !== "infeasible",
    };
    // The third value takes the colour: nothing else of a point could show it.
    if (!third && own) made.fill = runColour(own.slot, theme);
    if (own?.group !== undefined) made.group = own.group;
    return made;
  });
}

/** Indices of the front by rising x. */
export function frontOfAnswer(found: RunPareto): number[] {
  const own = found.points.flatMap((point, at) => (point.place === "front" ? [at] : []));
  const x = (at: number) => found.points[at]?.values[0] ?? 0;
  return own.sort((a, b) => x(a) - x(b));
}

export function limitsOfAnswer(found: RunPareto): Limit[] {
  return found.constraints.flatMap((text) => {
    const bound = parseConstraint(text);
    const axis = bound?.key === found.objectives[0]?.key ? "x" : bound?.key === found.objectives[1]?.key ? "y" : null;
    if (!bound || axis === null) return [];
    return [{ axis, ...(bound.max !== undefined && { max: bound.max }), ...(bound.min !== undefined && { min: bound.min }) }];
  });
}
