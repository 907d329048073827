import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Limiter } from "./limiter";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a burst becomes one act at once and one at the end of the interval", () => {
  let acts = 0;
  const limiter = new Limiter(() => (acts += 1), 1000);
  limiter.trigger();
  vi.advanceTimersByTime(0);
  expect(acts).toBe(1);
  for (let i = 0; i < 50; i += 1) limiter.trigger();
  vi.advanceTimersByTime(999);
  expect(acts).toBe(1);
  vi.advanceTimersByTime(1);
  expect(acts).toBe(2);
});

test("a closed limiter does not act", () => {
  let acts = 0;
  const limiter = new Limiter(() => (acts += 1), 1000);
  limiter.trigger();
  limiter.close();
  vi.advanceTimersByTime(5000);
  expect(acts).toBe(0);
});
