import { expect, test } from "vitest";

import { chartOfValue, chartOfWire, specOf, type ChartTheme } from "./custom-chart";

const THEME: ChartTheme = { fg: "#000", fg2: "#555", line: "#ddd", accent: "#00f", colours: ["#00f", "#f00"] };
const WIRE = {
  wandb: {
    visualize: {
      "my/roc": {
        panel_type: "Vega2",
        panel_config: {
          panelDefId: "wandb/area-under-curve/v0",
          fieldSettings: { x: "fpr", y: "tpr", class: "class" },
          stringSettings: { title: "ROC", "x-axis-title": "False positive rate" },
        },
      },
    },
  },
};

test("the client's part of a run says how the table under a key is drawn", () => {
  expect(chartOfWire("my/roc_table", WIRE)).toMatchObject({ name: "my/roc", kind: "area", title: "ROC" });
  expect(chartOfWire("Custom Chart Tables/my/roc_table", WIRE)?.fields["y"]).toBe("tpr");
  expect(chartOfWire("other_table", WIRE)).toBeNull();
  expect(chartOfWire("my/roc_table", { wandb: { visualize: { "my/roc": 3 } } })).toBeNull();
});

test("a table with a chart of its own is drawn by kind, and an unknown kind has no specification", () => {
  const chart = chartOfValue("conf", { chart: { kind: "confusion_matrix", title: "", fields: { actual: "a", predicted: "p", count: "n" } } });
  expect(JSON.stringify(specOf(chart!, ["one"], THEME))).toContain('"rect"');
  expect(specOf(chartOfValue("x", { chart: { kind: "team/special/v1", fields: {} } })!, [], THEME)).toBeNull();
});

test("lines are coloured by series in one run and by run in several, and dotted names stay names", () => {
  const chart = chartOfValue("c", { chart: { kind: "line", fields: { x: "a.b", y: "y", stroke: "s" } } })!;
  const one = specOf(chart, ["r1"], THEME) as { encoding: Record<string, { field?: string }> };
  expect(one.encoding["x"]!.field).toBe("a\\.b");
  expect(one.encoding["color"]!.field).toBe("s");
  const two = specOf(chart, ["r1", "r2"], THEME) as { encoding: Record<string, { field?: string }> };
  expect([two.encoding["color"]!.field, two.encoding["strokeDash"]!.field]).toEqual(["run", "s"]);
});
