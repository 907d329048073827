import { expect, test } from "vitest";

import { changedFields, parseWorkspaceSearch, specOf, withChange } from "./search";
import { DEFAULT_SPEC, moved, ordered, parseSpec, specToJson } from "./spec";

test("what is not understood is left out and the rest still opens", () => {
  const search = parseWorkspaceSearch({
    q: 12,
    sort: "-summary.loss",
    zoom: [5, 1],
    drawn: 5000,
    smoothing: { kind: "ema", amount: 7 },
    columns: ["config.lr", { bad: 1 }],
    nonsense: true,
    view: "v1",
  });
  expect(search).toEqual({
    q: "12",
    sort: "-summary.loss",
    drawn: 200,
    smoothing: { kind: "ema", amount: 0.999 },
    columns: ["config.lr"],
    view: "v1",
  });
});

test("a change that leads back to the view leaves the address", () => {
  const base = { ...DEFAULT_SPEC, log: true };
  const away = withChange(base, { view: "v" }, { log: false, x: "_runtime" });
  expect(away).toEqual({ view: "v", log: false, x: "_runtime" });
  expect(changedFields(away)).toEqual(["log", "x"]);
  expect(specOf(base, away).log).toBe(false);
  expect(withChange(base, away, { log: true, x: "auto" })).toEqual({ view: "v" });
});

test("zoom, panel search and full screen are looks, not changes of the view", () => {
  const search = parseWorkspaceSearch({ zoom: [1, 2], find: "loss", panel: "a/b" });
  expect(changedFields(search)).toEqual([]);
  expect(specOf(DEFAULT_SPEC, search).zoom).toEqual([1, 2]);
});

test("a spec survives a round trip through a saved view, and rubbish gives the default", () => {
  const spec = { ...DEFAULT_SPEC, columns: ["summary.a.b"], panels: { loss: { log: true } }, only: ["r1"] };
  expect(parseSpec(JSON.parse(JSON.stringify(specToJson(spec))))).toEqual(spec);
  expect(parseSpec("rubbish")).toEqual(DEFAULT_SPEC);
  expect(parseSpec({ version: 99, columns: 3, panels: { a: 5 } })).toEqual({ ...DEFAULT_SPEC, panels: { a: {} } });
});

test("a colour and an order that someone chose are parsed, and what is no colour is left out", () => {
  const search = parseWorkspaceSearch({ colours: { r1: 25, r2: "red", r3: -1 }, order: { train: ["b", 3], bad: 1 } });
  expect(search).toEqual({ colours: { r1: 5 }, order: { train: ["b", "3"] } });
  expect(changedFields(search)).toEqual(["order", "colours"]);
});

test("a moved panel stands where it was put, and new ones come after in their own order", () => {
  const keys = ["a", "b", "c", "d", "e"];
  const order = moved(keys, "c", 0);
  expect(order).toEqual(["c", "a", "b"]);
  expect(ordered(keys, order)).toEqual(["c", "a", "b", "d", "e"]);
  expect(ordered(["a", "a2", "b", "c"], order)).toEqual(["c", "a", "b", "a2"]);
  expect(moved(keys, "b", 9)).toEqual(["a", "c", "d", "e", "b"]);
  expect(ordered(keys, moved(keys, "nope", 1))).toEqual(keys);
});
