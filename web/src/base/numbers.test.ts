import { expect, test } from "vitest";

import { formatBytes, formatNumber, formatTick, formatValue, toNumber } from "./numbers";
import { formatDuration, relativeTime } from "./time";

test("numbers keep four significant digits and no noise", () => {
  expect(formatNumber(0.1 + 0.2)).toBe("0.3");
  expect(formatNumber(0.00012345)).toBe("0.0001235");
  expect(formatNumber(0.0000123456)).toBe("1.235e−5");
  expect(formatNumber(1234567)).toBe("1,234,567");
  expect(formatNumber(-12.3456)).toBe("−12.35");
  expect(formatNumber(1e12)).toBe("1e12");
  expect(formatNumber(Number.NaN)).toBe("NaN");
  expect(formatNumber(Number.NEGATIVE_INFINITY)).toBe("−∞");
});

test("words for values that JSON cannot hold become numbers", () => {
  expect(toNumber("NaN")).toBeNaN();
  expect(toNumber("-Infinity")).toBe(Number.NEGATIVE_INFINITY);
  expect(toNumber("12")).toBeNull();
  expect(formatValue("NaN")).toBe("NaN");
  expect(formatValue({ a: [1, 2] })).toBe('{"a":[1,2]}');
});

test("ticks and sizes are short", () => {
  expect(formatTick(12000)).toBe("12k");
  expect(formatTick(2500000)).toBe("2.5M");
  expect(formatTick(0.1 + 0.2)).toBe("0.3");
  expect(formatBytes(1536)).toBe("1.5 KiB");
});

test("times are relative and durations short", () => {
  expect(relativeTime(1000, 1185)).toBe("3 min ago");
  expect(relativeTime(2000, 1000)).toBe("just now");
  expect(formatDuration(3725)).toBe("1 h 02 min");
  expect(formatDuration(0.351)).toBe("0.351 s");
});
