import { expect, test } from "vitest";

import { sectionsOf } from "./sections";

test("keys stand under what is before their first slash, loose ones first", () => {
  expect(sectionsOf(["acc", "train/a/b", "train/loss", "val/loss", "zeta", "/odd"])).toEqual([
    { name: "", keys: ["acc", "zeta", "/odd"] },
    { name: "train", keys: ["train/a/b", "train/loss"] },
    { name: "val", keys: ["val/loss"] },
  ]);
});
