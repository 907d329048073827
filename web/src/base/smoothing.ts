/** Smoothing of a line for the eye; NaN is a gap, which stays one and does not stop the line. */

export const SMOOTHINGS = ["none", "ema", "time", "mean", "gaussian"] as const;
export type SmoothingKind = (typeof SMOOTHINGS)[number];

/**
 * ema: debiased exponential moving average, amount 0–0.999 the weight kept of what was before.
 * time: the same with the weight by distance in x, so that uneven steps weigh evenly.
 * mean: running mean over `amount` points, centred. gaussian: kernel of `amount` points' deviation.
 */
export interface Smoothing {
  kind: SmoothingKind;
  amount: number;
}

export const NO_SMOOTHING: Smoothing = { kind: "none", amount: 0 };

/** Range and default of `amount` for a kind. */
export const AMOUNTS: Record<SmoothingKind, { min: number; max: number; step: number; start: number }> = {
  none: { min: 0, max: 0, step: 1, start: 0 },
  ema: { min: 0, max: 0.999, step: 0.001, start: 0.6 },
  time: { min: 0, max: 0.999, step: 0.001, start: 0.6 },
  mean: { min: 1, max: 200, step: 1, start: 10 },
  gaussian: { min: 0.5, max: 100, step: 0.5, start: 3 },
};

type Column = ArrayLike<number>;

/** x rising, y of the same length; returns y of the same length. Cost O(n), gaussian O(n·amount). */
export function smooth(x: Column, y: Column, { kind, amount }: Smoothing): Float64Array {
  if (kind === "ema") return ema(y, amount);
  if (kind === "time") return timeEma(x, y, amount);
  if (kind === "mean") return runningMean(y, amount);
  if (kind === "gaussian") return gaussian(y, amount);
  return Float64Array.from(y);
}

function ema(y: Column, weight: number): Float64Array {
  const w = Math.min(Math.max(weight, 0), 0.9999);
  const out = new Float64Array(y.length).fill(Number.NaN);
  let sum = 0;
  let norm = 0;
  for (let i = 0; i < y.length; i += 1) {
    const value = y[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    sum = w * sum + (1 - w) * value;
    norm = w * norm + (1 - w);
    out[i] = sum / norm;
  }
  return out;
}

/** The weight holds per mean distance of points, and falls with the distance in x. */
function timeEma(x: Column, y: Column, weight: number): Float64Array {
  const out = new Float64Array(y.length).fill(Number.NaN);
  const n = y.length;
  const span = n > 1 ? ((x[n - 1] ?? 0) - (x[0] ?? 0)) / (n - 1) : 1;
  const unit = span > 0 ? span : 1;
  const w = Math.min(Math.max(weight, 0), 0.9999);
  let sum = 0;
  let norm = 0;
  let before = Number.NaN;
  for (let i = 0; i < n; i += 1) {
    const value = y[i] ?? Number.NaN;
    const at = x[i] ?? Number.NaN;
    if (!Number.isFinite(value) || !Number.isFinite(at)) continue;
    const kept = Number.isNaN(before) ? w : Math.pow(w, Math.max(0, at - before) / unit);
    sum = kept * sum + (1 - kept) * value;
    norm = kept * norm + (1 - kept);
    before = at;
    // Two points at the same x with w = 1 bring no weight: the value itself is the best word then.
    out[i] = norm > 0 ? sum / norm : value;
  }
  return out;
}

function runningMean(y: Column, window: number): Float64Array {
  const half = Math.max(0, Math.floor((Math.round(window) - 1) / 2));
  const n = y.length;
  const sums = new Float64Array(n + 1);
  const counts = new Int32Array(n + 1);
  for (let i = 0; i < n; i += 1) {
    const value = y[i] ?? Number.NaN;
    const good = Number.isFinite(value);
    sums[i + 1] = (sums[i] ?? 0) + (good ? value : 0);
    counts[i + 1] = (counts[i] ?? 0) + (good ? 1 : 0);
  }
  const out = new Float64Array(n).fill(Number.NaN);
  for (let i = 0; i < n; i += 1) {
    if (!Number.isFinite(y[i] ?? Number.NaN)) continue;
    // At the ends the window shrinks on both sides, so that the line is not pulled to one side.
    const reach = Math.min(half, i, n - 1 - i);
    const count = (counts[i + reach + 1] ?? 0) - (counts[i - reach] ?? 0);
    out[i] = ((sums[i + reach + 1] ?? 0) - (sums[i - reach] ?? 0)) / count;
  }
  return out;
}

function gaussian(y: Column, deviation: number): Float64Array {
  const sigma = Math.max(0.1, deviation);
  const reach = Math.ceil(sigma * 3);
  const kernel = Float64Array.from({ length: reach + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const n = y.length;
  const out = new Float64Array(n).fill(Number.NaN);
  for (let i = 0; i < n; i += 1) {
    if (!Number.isFinite(y[i] ?? Number.NaN)) continue;
    let sum = 0;
    let norm = 0;
    for (let j = Math.max(0, i - reach); j <= Math.min(n - 1, i + reach); j += 1) {
      const value = y[j] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      const weight = kernel[Math.abs(i - j)] ?? 0;
      sum += weight * value;
      norm += weight;
    }
    out[i] = sum / norm;
  }
  return out;
}
