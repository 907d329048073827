import { expect, test } from "vitest";

import { layered } from "./layout";

const node = (id: string) => ({ id, width: 100, height: 40 });

test("what comes before stands to the left, and no two nodes overlap", () => {
  const nodes = ["raw", "clean", "train", "model", "other"].map(node);
  const edges = [
    { from: "raw", to: "clean" },
    { from: "clean", to: "train" },
    { from: "train", to: "model" },
    { from: "other", to: "train" },
  ];
  const places = new Map(layered(nodes, edges).map((place) => [place.id, place]));
  for (const { from, to } of edges) expect(places.get(from)!.x + 100).toBeLessThan(places.get(to)!.x);
  const all = [...places.values()];
  for (const a of all) {
    for (const b of all) {
      if (a !== b) expect(Math.abs(a.x - b.x) >= 100 || Math.abs(a.y - b.y) >= 40).toBe(true);
    }
  }
});

test("circles, self references and edges to nothing do no harm", () => {
  const places = layered([node("a"), node("b")], [
    { from: "a", to: "b" },
    { from: "b", to: "a" },
    { from: "a", to: "a" },
    { from: "a", to: "gone" },
  ]);
  expect(places.map((place) => place.id)).toEqual(["a", "b"]);
});
