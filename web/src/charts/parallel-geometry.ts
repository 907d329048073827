/** What parallel coordinates compute before they draw: places, brushes, the line nearest to a point. */

import { axisScale, type AxisScale, type Cell, type ScaleKind } from "./axis-scale";

export interface ParallelAxis {
  id: string;
  label: string;
  /** chosen by the values where it is absent */
  kind?: ScaleKind;
}

/** One trial or run: a value per axis, by the axis' id. */
export interface ParallelLine {
  id: string;
  label: string;
  values: Readonly<Record<string, Cell>>;
}

/** What a brush keeps of an axis, as places from 0 to 1 of its scale. */
export type Brush = readonly [number, number];
/** By axis id, in values of the axis (words: the first and the last kept). They outlive a change of scale. */
export type Brushes = Readonly<Record<string, readonly [Cell, Cell]>>;

export interface Placed {
  scales: readonly AxisScale[];
  /** shape (lines × axes), NaN where a line has no value */
  places: Float64Array;
}

export function placed(axes: readonly ParallelAxis[], lines: readonly ParallelLine[]): Placed {
  const scales = axes.map((axis) => axisScale(lines.map((line) => line.values[axis.id] ?? null), axis.kind));
  const places = new Float64Array(lines.length * axes.length);
  lines.forEach((line, row) => {
    axes.forEach((axis, column) => {
      places[row * axes.length + column] = scales[column]?.place(line.values[axis.id] ?? null) ?? Number.NaN;
    });
  });
  return { scales, places };
}

/**
 * Where each line's place on an axis stands among the others', 0 to 1: a few far values would leave all
 * others of one colour. Equal places share a rank; NaN where there is no value. Cost O(n log n).
 */
export function ranks(places: Float64Array, columns: number, column: number): Float64Array {
  const own = Float64Array.from({ length: columns === 0 ? 0 : places.length / columns }, (_, row) => places[row * columns + column] ?? Number.NaN);
  const known = [...new Set(own.filter((place) => !Number.isNaN(place)))].sort((a, b) => a - b);
  const rank = new Map(known.map((place, at) => [place, known.length < 2 ? 0.5 : at / (known.length - 1)]));
  return own.map((place) => rank.get(place) ?? Number.NaN);
}

/** Brushes as places; one that lies outside its axis altogether keeps nothing of it. */
export function brushPlaces(axes: readonly ParallelAxis[], scales: readonly AxisScale[], brushes: Brushes): (Brush | null)[] {
  return axes.map((axis, column) => {
    const brush = brushes[axis.id];
    const scale = scales[column];
    if (!brush || !scale) return null;
    const [a, b] = [scale.place(brush[0]), scale.place(brush[1])];
    if (a === null || b === null) return null;
    return a <= b ? [a, b] : [b, a];
  });
}

const ROOM = 1e-9; // a value on the edge of its brush is kept, whatever the scale rounded

/** Which lines pass all brushes. A line without a value does not pass a brush on that axis. */
export function kept(places: Float64Array, columns: number, brushes: readonly (Brush | null)[]): boolean[] {
  const rows = columns === 0 ? 0 : places.length / columns;
  const out = new Array<boolean>(rows).fill(true);
  brushes.forEach((brush, column) => {
    if (!brush) return;
    for (let row = 0; row < rows; row += 1) {
      const place = places[row * columns + column] ?? Number.NaN;
      if (!(place >= brush[0] - ROOM && place <= brush[1] + ROOM)) out[row] = false;
    }
  });
  return out;
}

/**
 * The line nearest to a point, both in units of the plot: x in axes (0 the first, 1 the second …), y in
 * places. Of lines within `reach` of y; -1 for none. Only lines with `shown` count.
 */
export function nearestLine(
  places: Float64Array,
  columns: number,
  shown: readonly boolean[],
  at: { x: number; y: number },
  reach: number,
): number {
  if (columns < 1) return -1;
  const left = Math.max(0, Math.min(columns - 2, Math.floor(at.x)));
  const share = columns === 1 ? 0 : Math.max(0, Math.min(1, at.x - left));
  let best = -1;
  let distance = reach;
  shown.forEach((one, row) => {
    if (!one) return;
    const from = places[row * columns + left] ?? Number.NaN;
    const to = columns === 1 ? from : (places[row * columns + left + 1] ?? Number.NaN);
    const y = share === 0 ? from : share === 1 ? to : from + (to - from) * share;
    const away = Math.abs(y - at.y);
    if (away < distance) {
      distance = away;
      best = row;
    }
  });
  return best;
}

/** One sentence for those who do not see the chart. */
export function summariseParallel(title: string, axes: readonly ParallelAxis[], count: number, shown: number): string {
  const names = axes.map((axis) => axis.label).join(", ");
  const part = shown === count ? `${count} lines` : `${shown} of ${count} lines within the chosen ranges`;
  return `${title}: ${part} over ${names}.`;
}
