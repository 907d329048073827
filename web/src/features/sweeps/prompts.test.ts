import { expect, test } from "vitest";

import type { Sweep, Trial } from "@/api/sweeps";

import { promptsOf, rankPrompts, words } from "./prompts";

const sweep = {
  objectives: [{ name: "accuracy", goal: "maximize", target: null }],
  config: { prompts: { templates: { a: "A {q}", b: "B {q}" }, few_shot: ["none", "two"] } },
} as unknown as Sweep;

function trial(number: number, template: string, fewShot: string, value: number | null, state = "finished"): Trial {
  return { number, state, objective: [value], params: { template, few_shot: fewShot, "decoding.temperature": number } } as unknown as Trial;
}

test("prompts are ranked by the bad end of the interval, not by the luckiest trial", () => {
  const trials = [
    // The luckiest of all, and the least steady.
    trial(0, "a", "1", 0.99),
    trial(1, "a", "1", 0.3),
    trial(2, "b", "1", 0.7),
    trial(3, "b", "1", 0.72),
    // One trial only: nothing is known of its noise.
    trial(4, "b", "2", 0.95),
    trial(5, "a", "2", null, "failed"),
    trial(6, "a", "2", 0.9, "pruned"),
  ];
  const rows = rankPrompts(sweep, trials, "both");
  expect(rows.map((row) => [row.template, row.fewShot, row.count])).toEqual([
    ["b", "1", 2],
    ["a", "1", 2],
    ["b", "2", 1],
  ]);
  expect(rows[1]?.best).toBe(0.99);
  expect(rows[1]?.decoding).toEqual({ "decoding.temperature": 0 });
  expect(rankPrompts(sweep, trials, "template").map((row) => row.template)).toEqual(["b", "a"]);
});

test("texts stand beside their names, an example a line", () => {
  expect(promptsOf(sweep)).toEqual({ templates: { a: "A {q}", b: "B {q}" }, fewShot: { "1": "none", "2": "two" } });
  expect(words([["2+2?", "4"], { question: "q", answer: "a" }, "plain"])).toBe("2+2? → 4\nq → a\nplain");
  expect(words("text")).toBe("text");
  expect(words([[1, 2]])).toBe("[1,2]");
});
