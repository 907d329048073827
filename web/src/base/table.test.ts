import { expect, test } from "vitest";

import { parseLooseJson } from "./json";
import { arrange, tableOf, type TableFilter } from "./table";

const NONE: TableFilter = { column: -1, operator: "contains", value: "" };
const TABLE = tableOf({
  columns: ["n", "name", "ok", "picture", 4],
  data: [
    [2, "b10", true, { _type: "image-file", path: "a" }, { x: 1 }],
    ["NaN", "b9", false, null, { x: 2 }],
    [10, "a", true, { _type: "image-file", path: "b" }, null],
    [null, null, null, null, null],
  ],
});

test("columns have the type of what they hold", () => {
  expect(TABLE.columns.map((one) => `${one.name}:${one.type}`)).toEqual([
    "n:number", "name:text", "ok:boolean", "picture:media", "4:json",
  ]);
});

test("rows are sorted as numbers or as people count, what is missing last both ways", () => {
  expect(arrange(TABLE, NONE, { column: 0, descending: false })).toEqual([0, 2, 1, 3]);
  expect(arrange(TABLE, NONE, { column: 0, descending: true })).toEqual([2, 0, 1, 3]);
  expect(arrange(TABLE, NONE, { column: 1, descending: false })).toEqual([2, 1, 0, 3]);
});

test("rows are found by any cell, or by a condition on one column", () => {
  expect(arrange(TABLE, { ...NONE, value: "B1" }, null)).toEqual([0]);
  expect(arrange(TABLE, { column: 0, operator: ">", value: "2" }, null)).toEqual([2]);
  expect(arrange(TABLE, { column: 2, operator: "=", value: "true" }, null)).toEqual([0, 2]);
  expect(arrange(TABLE, { column: 0, operator: "≤", value: "10" }, null)).toEqual([0, 2]);
});

test("a file that is no table says so", () => {
  expect(() => tableOf([1, 2])).toThrow("no table");
});

test("bare NaN and Infinity are read, and words in texts are left alone", () => {
  expect(parseLooseJson('{"a": [NaN, -Infinity, "NaN, \\"Infinity"]}')).toEqual({
    a: ["NaN", "-Infinity", 'NaN, "Infinity'],
  });
  expect(() => parseLooseJson("{oops")).toThrow();
});
