import { expect, test } from "vitest";

import { columnKey, keyLabel, parseConstraint, parseParetos } from "./pareto";

test("a panel of an address is read, and what is not understood left out", () => {
  const found = parseParetos([
    {
      id: "p1",
      objectives: [{ key: "summary.loss" }, { key: "summary.acc", goal: "maximize" }, { goal: "minimize" }, 7],
      constraints: ["latency < 80", { no: 1 }],
      reference: [1, 0],
    },
    { objectives: [] },
    { id: "p1", objectives: [] },
    { id: "p2", objectives: [{ key: "a", goal: "sideways" }], reference: [1, 2] },
  ]);
  expect(found).toEqual([
    {
      id: "p1",
      objectives: [
        { key: "summary.loss", goal: "minimize" },
        { key: "summary.acc", goal: "maximize" },
      ],
      constraints: ["latency < 80"],
      reference: [1, 0],
    },
    { id: "p2", objectives: [{ key: "a", goal: "minimize" }], constraints: [] },
  ]);
  expect(parseParetos("nothing")).toBeUndefined();
});

test("a constraint bounds one key from above or below", () => {
  expect(parseConstraint("latency_p95 < 80")).toEqual({ key: "summary.latency_p95", max: 80 });
  expect(parseConstraint(" config.layers >= 1e1 ")).toEqual({ key: "config.layers", min: 10 });
  expect(parseConstraint("`val/acc` > .5")).toEqual({ key: "summary.val/acc", min: 0.5 });
  for (const wrong of ["latency", "a < b", "< 3", "a == 3", ""]) expect(parseConstraint(wrong)).toBeNull();
});

test("a bare name is the summary's, and is shown bare", () => {
  expect(columnKey("loss")).toBe("summary.loss");
  expect(columnKey("config.lr")).toBe("config.lr");
  expect(columnKey("duration")).toBe("duration");
  expect(keyLabel("summary.loss")).toBe("loss");
  expect(keyLabel("config.lr")).toBe("config.lr");
});
