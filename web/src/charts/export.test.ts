import { expect, test } from "vitest";

import { toCsv } from "./export";
import type { ChartLine } from "./geometry";

test("CSV keeps full precision and quotes names", () => {
  const line: ChartLine = {
    id: "a1",
    label: 'lr=0.1, "big"',
    colour: "#000",
    dash: [],
    x: Float64Array.of(0, 1),
    y: Float64Array.of(0.1 + 0.2, Number.NaN),
    raw: null,
    low: Float64Array.of(0.25, 1),
    high: null,
    exact: false,
    total: 2,
    members: 1,
    pinned: false,
  };
  expect(toCsv([line], "step").split("\n")).toEqual([
    "id,name,step,value,smoothed,min,max",
    'a1,"lr=0.1, ""big""",0,0.30000000000000004,,0.25,',
    'a1,"lr=0.1, ""big""",1,NaN,,1,',
    "",
  ]);
});
