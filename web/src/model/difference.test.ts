import { describe, expect, it } from "vitest";

import type { Run } from "@/api/types";

import { differences } from "./difference";

const run = (id: string, config: Run["config"], summary: Run["summary"] = {}): Run =>
  ({ id, state: "finished", username: "ann", host: "", command: [], group: "", job_type: "", tags: [], duration: null, config, summary, environment: {} }) as unknown as Run;

describe("differences", () => {
  it("marks what is not the same in all runs", () => {
    const rows = differences([run("a", { lr: 0.1, seed: 1 }), run("b", { lr: 0.2, seed: 1 })]);
    const config = rows.filter((row) => row.section === "Config");
    expect(config.map((row) => [row.name, row.differs])).toEqual([
      ["lr", true],
      ["seed", false],
    ]);
  });

  it("counts a missing value as a difference, and keeps the columns in order", () => {
    const rows = differences([run("a", {}), run("b", { depth: 3 })]);
    expect(rows.find((row) => row.name === "depth")).toEqual({
      section: "Config",
      name: "depth",
      values: [undefined, 3],
      differs: true,
    });
  });

  it("tells 1 from the text 1", () => {
    const rows = differences([run("a", { x: 1 }), run("b", { x: "1" })]);
    expect(rows.find((row) => row.name === "x")?.differs).toBe(true);
  });
});
