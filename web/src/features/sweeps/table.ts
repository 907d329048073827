/** A sweep's trials as rows of values: what the charts and the table are made of. */

import type { Sweep, Trial } from "@/api/sweeps";
import { toNumber } from "@/base/numbers";
import type { Cell } from "@/charts/axis-scale";
import type { ParallelAxis, ParallelLine } from "@/charts/parallel-geometry";
import type { Goal, ScatterPoint } from "@/charts/scatter-geometry";

/** Objectives stand beside parameters in one space of names. */
export const OBJECTIVE = "objective:";
export const PARAMETER = "param:";
export const NUMBER = "number";

export function cell(value: unknown): Cell {
  const number = toNumber(value);
  if (number !== null) return number;
  if (value === null || value === undefined) return null;
  return typeof value === "string" || typeof value === "boolean" ? value : JSON.stringify(value);
}

export function objectiveOf(trial: Trial, at: number): number | null {
  return toNumber(trial.objective[at] ?? null);
}

/** Parameters that more than one value was proposed for, in order of name; then the objectives. */
export function axesOf(sweep: Sweep, trials: readonly Trial[]): ParallelAxis[] {
  const seen = new Map<string, Set<string>>();
  for (const trial of trials) {
    for (const [name, value] of Object.entries(trial.params)) {
      const values = seen.get(name) ?? new Set<string>();
      if (values.size < 2) values.add(JSON.stringify(value));
      seen.set(name, values);
    }
  }
  const parameters = [...seen].filter(([, values]) => values.size > 1).map(([name]) => name);
  return [
    ...parameters.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).map((name) => ({ id: PARAMETER + name, label: name })),
    ...sweep.objectives.map((one, at) => ({ id: `${OBJECTIVE}${at}`, label: one.name })),
  ];
}

export function linesOf(sweep: Sweep, trials: readonly Trial[]): ParallelLine[] {
  return trials
    .filter((trial) => trial.objective.some((value) => value !== null) || trial.state === "running")
    .map((trial) => {
      const values: Record<string, Cell> = {};
      for (const [name, value] of Object.entries(trial.params)) values[PARAMETER + name] = cell(value);
      sweep.objectives.forEach((_, at) => (values[`${OBJECTIVE}${at}`] = objectiveOf(trial, at)));
      return { id: trialKey(trial), label: trialName(trial), values };
    });
}

export function trialKey(trial: Trial): string {
  return trial.run !== "" ? trial.run : `trial ${trial.number}`;
}

export function trialName(trial: Trial): string {
  const earlier = trial.number < 0 ? "earlier result" : `trial ${trial.number}`;
  return trial.run === "" ? earlier : `${earlier}, ${trial.run}`;
}

/** A number of a trial by its name in the address: `number`, `param:lr`, `objective:0`. */
export function numberAt(trial: Trial, name: string): number | null {
  if (name === NUMBER) return trial.number;
  if (name.startsWith(OBJECTIVE)) return objectiveOf(trial, Number(name.slice(OBJECTIVE.length)));
  return toNumber(trial.params[name.slice(PARAMETER.length)]);
}

export function pointsOf(trials: readonly Trial[], x: string, y: string, colour: string): ScatterPoint[] {
  return trials.flatMap((trial) => {
    const [px, py] = [numberAt(trial, x), numberAt(trial, y)];
    if (px === null || py === null || !Number.isFinite(px) || !Number.isFinite(py)) return [];
    return [{ id: trialKey(trial), label: trialName(trial), x: px, y: py, colour: numberAt(trial, colour), feasible: trial.feasible }];
  });
}

/** Indices of the points that were better than all before them, in order of x. */
export function recordsOf(points: readonly ScatterPoint[], goal: Goal): number[] {
  const order = points.map((_, at) => at).sort((a, b) => (points[a]?.x ?? 0) - (points[b]?.x ?? 0));
  let best: number | null = null;
  return order.filter((at) => {
    const point = points[at];
    if (!point?.feasible) return false;
    const better = best === null || (goal === "minimize" ? point.y < best : point.y > best);
    if (better) best = point.y;
    return better;
  });
}

/** Finished combinations as points: means over repeats where there are some, as fronts are ranked. */
export function combinationPoints(sweep: Sweep, trials: readonly Trial[]): (ScatterPoint & { number: number })[] {
  const groups = new Map<number, Trial[]>();
  for (const trial of trials) {
    if (trial.state !== "finished" || sweep.objectives.some((_, at) => !Number.isFinite(objectiveOf(trial, at) ?? Number.NaN))) continue;
    const own = trial.number >= 0 ? Math.floor(trial.number / sweep.repeats) : trial.number;
    groups.set(own, [...(groups.get(own) ?? []), trial]);
  }
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (!first) return [];
    const mean = (at: number) => own.reduce((sum, trial) => sum + (objectiveOf(trial, at) ?? 0), 0) / own.length;
    const number = Math.min(...own.map((trial) => trial.number));
    return [
      {
        id: trialKey(first),
        label: own.length > 1 ? `${trialName(first)}, mean of ${own.length}` : trialName(first),
        number,
        x: mean(0),
        y: mean(1),
        colour: sweep.objectives.length > 2 ? mean(2) : number,
        feasible: own.every((trial) => trial.feasible),
      },
    ];
  });
}
