import { expect, test } from "vitest";

import { byNumber, exactPattern, versionNumber } from "./versions";

test("versions stand in the order of their numbers", () => {
  expect(["v10", "v9", "v100", "v0"].sort(byNumber)).toEqual(["v0", "v9", "v10", "v100"]);
  expect(versionNumber("latest")).toBe(-1);
});

test("a name is a pattern of itself alone, whatever it holds", () => {
  expect(exactPattern("run-a*[1]?")).toBe("run-a[*][[]1][?]");
  expect(exactPattern("digits")).toBe("digits");
});
