import { expect, test } from "vitest";

import { automaticX, isHidden, type MetricDefinition } from "./definitions";

function define(name: string, over: Partial<MetricDefinition> = {}): MetricDefinition {
  return { name, summary: [], hidden: false, ...over };
}

const definitions = [
  define("epoch"),
  define("*", { step_metric: "global_step" }),
  define("val/*", { step_metric: "epoch" }),
  define("val/loss", { step_metric: "tokens" }),
  define("debug.*", { hidden: true }),
];

test("a metric's own definition comes before globs, and the longest glob before shorter ones", () => {
  expect(automaticX(definitions, "val/loss")).toBe("tokens");
  expect(automaticX(definitions, "val/acc")).toBe("epoch");
  expect(automaticX(definitions, "train/loss")).toBe("global_step");
  expect(automaticX(definitions, "epoch")).toBe("_step");
  expect(automaticX([], "loss")).toBe("_step");
});

test("a metric is not drawn over itself", () => {
  expect(automaticX([define("*", { step_metric: "epoch" })], "epoch")).toBe("_step");
});

test("signs in a glob other than the star are themselves", () => {
  expect(isHidden(definitions, "debug.x")).toBe(true);
  expect(isHidden(definitions, "debugging")).toBe(false);
});
