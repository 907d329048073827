import { expect, test } from "vitest";

import { arrange } from "./folders";

test("files below a folder are counted into it, files right there are listed", () => {
  const files = [
    { name: "a.txt", size: 1 },
    { name: "images/1.png", size: 10 },
    { name: "images/deep/2.png", size: 100 },
    { name: "logs/x", size: 5 },
  ];
  const { folders, here } = arrange(files, "", (file) => file.name);
  expect(here.map((file) => file.name)).toEqual(["a.txt"]);
  expect(folders).toEqual([
    { name: "images", size: 110, count: 2 },
    { name: "logs", size: 5, count: 1 },
  ]);
  expect(arrange(files.slice(1, 3), "images/", (file) => file.name).folders).toEqual([{ name: "deep", size: 100, count: 1 }]);
});
