import { expect, test } from "vitest";

import { heldByType, heldInOrder, type Held } from "./storage";

const held = (name: string, type: string, stored: number, alone = stored): Held => ({
  name,
  type,
  versions: 2,
  logical_bytes: stored * 2,
  stored_bytes: stored,
  alone_bytes: alone,
  trash_versions: 0,
});
const SOME = [held("b", "model", 10), held("c", "dataset", 30, 5), held("a", "model", 10)];

test("the largest come first, equals by name, and names from a", () => {
  expect(heldInOrder(SOME, "stored_bytes").map((one) => one.name)).toEqual(["c", "a", "b"]);
  expect(heldInOrder(SOME, "name").map((one) => one.name)).toEqual(["a", "b", "c"]);
});

test("types add up what their collections hold alone", () => {
  expect(heldByType(SOME)).toEqual([
    { type: "model", collections: 2, versions: 4, logical_bytes: 40, alone_bytes: 20 },
    { type: "dataset", collections: 1, versions: 2, logical_bytes: 60, alone_bytes: 5 },
  ]);
});
