/** How sure a mean is: the 90 % confidence interval by Student's t, as the server ranks repeats. */

export interface Interval {
  count: number;
  mean: number;
  /** ends of the interval; null of fewer than two */
  low: number | null;
  high: number | null;
}

// Quantiles at 0.95 for 1 to 30 degrees of freedom; beyond, the normal one.
const STUDENT = [
  6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.74, 1.734, 1.729, 1.725, 1.721, 1.717,
  1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
];

export function intervalOf(values: readonly number[]): Interval | null {
  const count = values.length;
  if (count === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { count, mean, low: null, high: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = (STUDENT[count - 2] ?? 1.645) * Math.sqrt(variance / count);
  return { count, mean, low: mean - half, high: mean + half };
}
