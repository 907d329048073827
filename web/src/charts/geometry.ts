/** What a line chart computes before it draws: ranges, nearest points, buckets that hide a spike. */

export type Column = Float64Array | Float32Array;

/** One line of a chart as columns; all of one length, x rising, NaN a gap. */
export interface ChartLine {
  /** run id, or a group's name */
  id: string;
  label: string;
  colour: string;
  /** canvas dash; [] is a full line */
  dash: readonly number[];
  x: Float64Array;
  /** what is drawn at full strength: smoothed where smoothing is on */
  y: Column;
  /** the values before smoothing, drawn at 25 %; null where y is them */
  raw: Column | null;
  /** lowest and highest of each bucket; null where every point is drawn */
  low: Column | null;
  high: Column | null;
  exact: boolean;
  /** points in the range before thinning */
  total: number;
  /** runs or ranks in the aggregate, 1 for a run */
  members: number;
  /** drawn with its band whatever the count of lines */
  pinned: boolean;
}

export type Range = readonly [number, number];

/** First index whose value is ≥ `at`; the length where there is none. Cost O(log n). */
export function lowerBound(x: Column, at: number): number {
  let lo = 0;
  let hi = x.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((x[mid] ?? Number.NaN) < at) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Index of the point nearest to `at` that holds a value; -1 where the line holds none. */
export function nearestIndex(x: Column, y: Column, at: number): number {
  const n = x.length;
  const start = lowerBound(x, at);
  let right = start;
  while (right < n && !Number.isFinite(y[right] ?? Number.NaN)) right += 1;
  let left = Math.min(start, n) - 1;
  while (left >= 0 && !Number.isFinite(y[left] ?? Number.NaN)) left -= 1;
  if (right >= n) return left;
  if (left < 0) return right;
  return at - (x[left] ?? 0) <= (x[right] ?? 0) - at ? left : right;
}

/** Indices that a range of x shows: one more on either side, so that lines reach the edge. */
export function visible(x: Column, [lo, hi]: Range): readonly [number, number] {
  const from = Math.max(0, lowerBound(x, lo) - 1);
  let to = lowerBound(x, hi);
  while (to < x.length && (x[to] ?? Number.NaN) <= hi) to += 1;
  return [from, Math.min(x.length - 1, to)];
}

/** The x all lines span; null without a point. */
export function xRange(lines: readonly ChartLine[]): Range | null {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const { x } of lines) {
    if (x.length === 0) continue;
    lo = Math.min(lo, x[0] ?? lo);
    hi = Math.max(hi, x[x.length - 1] ?? hi);
  }
  return lo <= hi ? [lo, hi] : null;
}

/** A range a scale can show: one value gets room on both sides. */
export function widen([lo, hi]: Range): Range {
  if (lo < hi) return [lo, hi];
  const by = lo === 0 ? 1 : Math.abs(lo) * 0.1;
  return [lo - by, hi + by];
}

export interface YRange {
  range: Range | null;
  /** values ≤ 0 that a log scale cannot show */
  notPositive: number;
  /** whether values lie outside the range since outliers are left out */
  cut: boolean;
}

const OUTLIER_SHARE = 0.02;

/**
 * The y of all that is drawn within a range of x. With `outliers` ignored: without the 2 % of the
 * drawn values that lie farthest out at either end.
 */
export function yRange(
  lines: readonly ChartLine[],
  window: Range,
  { log, ignoreOutliers }: { log: boolean; ignoreOutliers: boolean },
): YRange {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  let notPositive = 0;
  const middle: number[] = [];
  for (const line of lines) {
    const [from, to] = visible(line.x, window);
    const columns = [line.y, line.raw, line.raw ? null : line.low, line.raw ? null : line.high];
    for (let i = from; i <= to; i += 1) {
      const own = line.y[i] ?? Number.NaN;
      if (log && own <= 0) notPositive += 1;
      if (ignoreOutliers && Number.isFinite(own) && !(log && own <= 0)) middle.push(own);
      for (const column of columns) {
        const value = column?.[i] ?? Number.NaN;
        if (!Number.isFinite(value) || (log && value <= 0)) continue;
        if (value < lo) lo = value;
        if (value > hi) hi = value;
      }
    }
  }
  if (lo > hi) return { range: null, notPositive, cut: false };
  let cut = false;
  if (ignoreOutliers && middle.length > 20) {
    middle.sort((a, b) => a - b);
    const at = Math.floor(middle.length * OUTLIER_SHARE);
    const [low, high] = [middle[at] ?? lo, middle[middle.length - 1 - at] ?? hi];
    const room = (high - low) * 0.1;
    if (high > low) {
      cut = low - room > lo || high + room < hi;
      [lo, hi] = [Math.max(lo, low - room), Math.min(hi, high + room)];
    }
  }
  return { range: pad(widen([lo, hi]), log), notPositive, cut };
}

function pad([lo, hi]: Range, log: boolean): Range {
  if (log) {
    const positive = lo > 0 ? lo : hi / 10;
    const ratio = Math.pow(hi / positive, 0.04) || 1.1;
    return [positive / Math.max(ratio, 1.02), hi * Math.max(ratio, 1.02)];
  }
  const by = (hi - lo) * 0.05;
  return [lo - by, hi + by];
}

const SPIKE_FACTOR = 6;

/**
 * Buckets whose lowest or highest point the mean line would hide: their distance from the mean is
 * far above what is usual on this line. They are drawn as an upright stroke, whatever else is drawn,
 * so that a single outlier shows at every zoom. Returns indices. Cost O(n log n) over the buckets.
 */
export function spikes(line: Pick<ChartLine, "low" | "high">, mean: Column): number[] {
  const { low, high } = line;
  if (!low || !high) return [];
  const reach: number[] = [];
  for (let i = 0; i < mean.length; i += 1) {
    const m = mean[i] ?? Number.NaN;
    const distance = Math.max((high[i] ?? Number.NaN) - m, m - (low[i] ?? Number.NaN));
    if (Number.isFinite(distance)) reach.push(distance);
  }
  if (reach.length === 0) return [];
  reach.sort((a, b) => a - b);
  const usual = reach[reach.length >> 1] ?? 0;
  const found: number[] = [];
  for (let i = 0; i < mean.length; i += 1) {
    const m = mean[i] ?? Number.NaN;
    const distance = Math.max((high[i] ?? Number.NaN) - m, m - (low[i] ?? Number.NaN));
    if (distance > usual * SPIKE_FACTOR && distance > 0) found.push(i);
  }
  return found;
}

/** One sentence for those who do not see the chart. */
export function summarise(title: string, lines: readonly ChartLine[], xName: string): string {
  if (lines.length === 0) return `${title}: no data.`;
  const ends = lines
    .map((line) => ({ label: line.label, last: lastValue(line.y) }))
    .filter((one) => one.last !== null)
    .slice(0, 3)
    .map((one) => `${one.label} ends at ${Number((one.last ?? 0).toPrecision(4))}`);
  const more = lines.length > ends.length && ends.length > 0 ? `, and ${lines.length - ends.length} more` : "";
  return `${title} over ${xName}, ${lines.length} ${lines.length === 1 ? "line" : "lines"}. ${ends.join(", ")}${more}.`;
}

export function lastValue(y: Column): number | null {
  for (let i = y.length - 1; i >= 0; i -= 1) {
    const value = y[i] ?? Number.NaN;
    if (Number.isFinite(value)) return value;
  }
  return null;
}
