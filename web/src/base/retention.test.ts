import { expect, test } from "vitest";

import { EMPTY_FORM, formOf, ruleOf, ruleWords } from "./retention";

test("a form says its rule, and comes back from it", () => {
  const form = { ...EMPTY_FORM, last: "1", best: "3", metric: "acc", days: "14" };
  const made = ruleOf(form);
  expect(made).toEqual({
    rule: { last: 1, best: 3, metric: "acc", of: "run", goal: "max", ttl_seconds: 1_209_600, keep_used: false },
  });
  expect("rule" in made && formOf(made.rule)).toEqual(form);
});

test("a form that keeps nothing, or names no metric, says what is missing", () => {
  expect(ruleOf(EMPTY_FORM)).toEqual({ problem: expect.stringContaining("Say what is kept") as string });
  expect(ruleOf({ ...EMPTY_FORM, best: "2" })).toEqual({ problem: expect.stringContaining("metric") as string });
  expect(ruleOf({ ...EMPTY_FORM, last: "1.5" })).toEqual({ problem: expect.stringContaining("whole") as string });
  expect(ruleOf({ ...EMPTY_FORM, days: "soon" })).toEqual({ problem: expect.stringContaining("Days") as string });
});

test("rules in words", () => {
  expect(ruleWords({ all: true })).toBe("all of them");
  expect(ruleWords({ last: 1, best: 3, metric: "acc", goal: "max", ttl_seconds: 86_400 })).toBe(
    "the last, the best 3 by the highest acc, the others for a day",
  );
  expect(ruleWords({ ttl_seconds: 7200, keep_used: true })).toBe("what a run used, each for 2 h");
  expect(ruleWords({})).toBe("");
});
