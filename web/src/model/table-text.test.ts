import { expect, test } from "vitest";

import { readSeparated, readTable } from "./table-text";

test("fields in quotes keep separators, line ends and quotes", () => {
  expect(readSeparated('a,b\r\n"x, y","say ""hi""\nthere"\n1,2', ",")).toEqual([
    ["a", "b"],
    ["x, y", 'say "hi"\nthere'],
    ["1", "2"],
  ]);
});

test("empty lines are no rows, empty fields are kept", () => {
  expect(readSeparated("a,b\n\n,2\n", ",")).toEqual([
    ["a", "b"],
    ["", "2"],
  ]);
});

test("a logged table is read by its columns and data; other JSON is no table", () => {
  expect(readTable("t.table.json", '{"columns":["a"],"data":[[1],[null]]}')).toEqual({ columns: ["a"], rows: [[1], [null]] });
  expect(readTable("t.table.json", '{"a": 1}')).toBeNull();
  expect(readTable("t.table.json", "{")).toBeNull();
});
