import { expect, test } from "vitest";

import { describeFilter, readValue, splitList, toConditions, toFilter, type Condition } from "./filter";

test("rows become the server's language, values by what they look like", () => {
  expect(
    toFilter([
      { column: "config.lr", operator: "gte", value: "0.1" },
      { column: "state", operator: "in", value: "failed, crashed" },
      { column: "config.name", operator: "eq", value: '"1"' },
      { column: "summary.acc", operator: "exists", value: "" },
      { column: "tags", operator: "contains", value: "2" },
      { column: "", operator: "eq", value: "a row not filled in yet" },
    ]),
  ).toEqual({
    $and: [
      { "config.lr": { $gte: 0.1 } },
      { state: { $in: ["failed", "crashed"] } },
      { "config.name": "1" },
      { "summary.acc": { $exists: true } },
      { tags: { $contains: "2" } },
    ],
  });
  expect(toFilter([])).toEqual({});
});

test("rows survive the way to the server's language and back", () => {
  const rows: Condition[] = [
    { column: "config.a.b", operator: "eq", value: "true" },
    { column: "name", operator: "regex", value: "^run-[0-9]+$" },
    { column: "config.x", operator: "nin", value: '1, "1", "a,b", adam' },
    { column: "summary.loss", operator: "lt", value: "1e-3" },
    { column: "config.y", operator: "missing", value: "" },
  ];
  const back = toConditions(toFilter(rows))!;
  expect(toFilter(back)).toEqual(toFilter(rows));
  expect(back.map((row) => row.operator)).toEqual(rows.map((row) => row.operator));
});

test("what rows cannot show is left as JSON", () => {
  expect(toConditions({ $or: [{ a: 1 }, { b: 2 }] })).toBeNull();
  expect(toConditions({ a: { $not: { $gt: 1 } } })).toBeNull();
  expect(toConditions({ a: { $regex: "x", $options: "i" } })).toBeNull();
  expect(describeFilter({ $or: [{ a: 1 }] })).toBe('{"$or":[{"a":1}]}');
});

test("several operators on one column become several rows", () => {
  expect(toConditions({ lr: { $gt: 0.1, $lt: 1 } })).toEqual([
    { column: "lr", operator: "gt", value: "0.1" },
    { column: "lr", operator: "lt", value: "1" },
  ]);
});

test("values read as people mean them", () => {
  expect(["1", "1e-3", "true", "null", '"true"', " adam ", "1.2.3"].map(readValue)).toEqual([
    1, 0.001, true, null, "true", "adam", "1.2.3",
  ]);
  expect(splitList('a, "b,c" ,d,')).toEqual(["a", '"b,c"', "d"]);
});
