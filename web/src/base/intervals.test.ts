import { expect, test } from "vitest";

import { intervalOf } from "./intervals";

test("the interval of a mean is as wide as Student's t says", () => {
  const found = intervalOf([1, 2, 3, 4]);
  // s = 1.2910, s/√4 = 0.6455, t(3) = 2.353
  expect(found?.mean).toBe(2.5);
  expect(found?.low).toBeCloseTo(2.5 - 1.5188, 3);
  expect(found?.high).toBeCloseTo(2.5 + 1.5188, 3);
});

test("of one value the mean is known and nothing of its noise; of none, nothing", () => {
  expect(intervalOf([7])).toEqual({ count: 1, mean: 7, low: null, high: null });
  expect(intervalOf([])).toBeNull();
});
