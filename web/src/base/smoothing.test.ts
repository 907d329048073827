import { expect, test } from "vitest";

import { SMOOTHINGS, smooth } from "./smoothing";

const x = Float64Array.from({ length: 50 }, (_, i) => i);

test.each(SMOOTHINGS)("%s keeps a constant line constant", (kind) => {
  const y = new Float64Array(50).fill(3.25);
  for (const value of smooth(x, y, { kind, amount: kind === "mean" ? 7 : 0.9 })) expect(value).toBeCloseTo(3.25, 12);
});

test.each(SMOOTHINGS)("%s leaves gaps where they are and goes on after them", (kind) => {
  const y = Float64Array.from(x, (at) => (at === 10 ? Number.NaN : at));
  const out = smooth(x, y, { kind, amount: kind === "mean" ? 5 : 0.5 });
  expect(out[10]).toBeNaN();
  expect([...out].filter(Number.isNaN)).toHaveLength(1);
  expect(out.at(-1)).toBeGreaterThan(40);
});

test("EMA is debiased: the first value is the first value, not a part of it", () => {
  const out = smooth([0, 1, 2], [10, 10, 20], { kind: "ema", amount: 0.9 });
  expect(out[0]).toBeCloseTo(10, 12);
  expect(out[1]).toBeCloseTo(10, 12);
  expect(out[2]).toBeCloseTo((0.81 * 10 * 0.1 + 0.9 * 0.1 * 10 + 0.1 * 20) / (1 - 0.9 ** 3), 12);
});

test("over even steps the time-weighted EMA is the EMA", () => {
  const y = Float64Array.from(x, (at) => Math.sin(at));
  const a = smooth(x, y, { kind: "ema", amount: 0.8 });
  const b = smooth(x, y, { kind: "time", amount: 0.8 });
  for (let i = 0; i < 50; i += 1) expect(b[i]).toBeCloseTo(a[i]!, 12);
});

test("over a long pause the time-weighted EMA forgets more than the EMA", () => {
  const at = [0, 1, 2, 3, 100];
  const y = [0, 0, 0, 0, 1];
  const b = smooth(at, y, { kind: "time", amount: 0.9 });
  const a = smooth(at, y, { kind: "ema", amount: 0.9 });
  expect(b[4]).toBeGreaterThan(a[4]!);
});

test("the running mean is the mean of its window and shrinks at the ends", () => {
  const out = smooth([0, 1, 2, 3, 4], [0, 1, 5, 3, 4], { kind: "mean", amount: 3 });
  expect([...out]).toEqual([0, 2, 3, 4, 4]);
});

test("points at one x do not break the time-weighted EMA", () => {
  const out = smooth([1, 1, 1], [1, 2, 3], { kind: "time", amount: 0.9 });
  for (const value of out) expect(Number.isFinite(value)).toBe(true);
});
