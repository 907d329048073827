import { expect, test } from "vitest";

import { chartOfWire, type CustomChart } from "./custom-chart";
import { filledSpec, storedPlace } from "./stored-chart";

const CHART: CustomChart = {
  name: "c",
  title: "",
  kind: "other",
  definition: "team/special",
  fields: { x: "a.b", y: "it's" },
  strings: { title: "Mine" },
};
const ROWS = [{ "a.b": 1, "it's": 2 }];

test("a definition is an entity and a name, with or without a version", () => {
  expect(storedPlace("team/special")).toEqual({ entity: "team", name: "special" });
  expect(storedPlace("team/special/v3")).toEqual({ entity: "team", name: "special" });
  for (const none of ["special", "", "a/b/c", "/b", "a/"]) expect(storedPlace(none)).toBeNull();
});

test("columns and texts take their places in a specification of Vega-Lite, and the rows are its data", () => {
  const text = JSON.stringify({
    $schema: "https://vega.github.io/schema/vega-lite/v4.json",
    data: { name: "wandb" },
    title: "${string:title}: ${field:x} ${string:absent}",
    transform: [{ calculate: "datum['${field:y}'] * 2", as: "double" }],
    mark: "point",
    encoding: { x: { field: "${field:x}", type: "quantitative" }, y: { field: "${field:nothing}" } },
  });
  const { mode, spec } = filledSpec(text, CHART, ROWS);
  expect(mode).toBe("vega-lite");
  expect(spec).toMatchObject({
    title: "Mine: a.b ",
    data: { name: "wandb" },
    datasets: { wandb: ROWS },
    transform: [{ calculate: "datum['it\\'s'] * 2", as: "double" }],
    encoding: { x: { field: "a\\.b" }, y: { field: "" } },
    width: "container",
  });
});

test("a specification of Vega gets the rows under their name, and keeps its other data", () => {
  const schema = "https://vega.github.io/schema/vega/v5.json";
  const text = JSON.stringify({ $schema: schema, data: [{ name: "other", source: "wandb" }, { name: "wandb", url: "http://else" }] });
  const { mode, spec } = filledSpec(text, CHART, ROWS);
  expect(mode).toBe("vega");
  expect(spec["data"]).toEqual([{ name: "other", source: "wandb" }, { name: "wandb", url: "http://else", values: ROWS }]);
  expect(filledSpec('{"marks": []}', CHART, ROWS).spec["data"]).toEqual([{ name: "wandb", values: ROWS }]);
});

test("what is no specification says so", () => {
  expect(() => filledSpec("[]", CHART, ROWS)).toThrow("team/special");
  expect(() => filledSpec("{", CHART, ROWS)).toThrow();
});

test("a table of the wire that names a saved chart is one of no kind we know", () => {
  const wire = { wandb: { visualize: { c: { panel_config: { panelDefId: "team/special", fieldSettings: { x: "a" } } } } } };
  expect(chartOfWire("c_table", wire)).toMatchObject({ kind: "other", definition: "team/special", fields: { x: "a" } });
});
