import { describe, expect, it } from "vitest";

import { flatten, valueAt } from "./flatten";

describe("flatten", () => {
  it("gives leaves with dotted names, in natural order", () => {
    const leaves = flatten({ layer10: 1, layer2: { width: 3, act: "relu" } });
    expect(leaves.map((leaf) => [leaf.name, leaf.value])).toEqual([
      ["layer2.act", "relu"],
      ["layer2.width", 3],
      ["layer10", 1],
    ]);
  });

  it("keeps media, lists and empty maps whole", () => {
    const media = { _type: "image-file", path: "a.png" };
    expect(flatten({ a: media, b: [1, 2], c: {} }).map((leaf) => leaf.value)).toEqual([media, [1, 2], {}]);
  });

  it("gives nothing for an empty map", () => {
    expect(flatten({})).toEqual([]);
  });
});

describe("valueAt", () => {
  it("prefers the longest literal key", () => {
    const config = { "val.acc": 1, val: { acc: 2, "top.5": 3 }, "a.b": { c: 4 } };
    expect(valueAt(config, "val.acc")).toBe(1);
    expect(valueAt(config, "val.top.5")).toBe(3);
    expect(valueAt(config, "a.b.c")).toBe(4);
    expect(valueAt(config, "val.none")).toBeUndefined();
  });

  it("does not reach into what an object inherits", () => {
    expect(valueAt({}, "constructor")).toBeUndefined();
  });
});
