import { expect, test } from "vitest";

import type { LineageNode } from "@/api/lineage";

import { pageOf } from "./node";

function node(kind: LineageNode["kind"], name: string, more: Partial<LineageNode> = {}): LineageNode {
  return { key: name, kind, id: "", name, label: "", type: "", state: "", sha256: "", created_at: 0, depth: 1, locked: false, ...more };
}

test("runs and versions have pages, whatever signs their names hold", () => {
  expect(pageOf(node("run", "team/my project/r1"))).toBe("/team/my%20project/runs/r1");
  expect(pageOf(node("sweep", "team/p/lr search"))).toBe("/team/p/sweeps/lr%20search");
  expect(pageOf(node("artifact", "team/p/data:set:v3", { type: "dataset" }))).toBe("/team/p/artifacts/dataset/data%3Aset/v3");
});

test("what may not be seen, and what has no page, leads nowhere", () => {
  expect(pageOf(node("run", "team/p/r1", { locked: true }))).toBeNull();
  expect(pageOf(node("prediction", "team/abc"))).toBeNull();
  expect(pageOf(node("artifact", "team/p/pending"))).toBeNull();
});
