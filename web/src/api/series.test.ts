import { expect, test } from "vitest";

import { decodeSeries, decodeSeriesJson } from "./series";

interface Column {
  name: string;
  values: number[];
}

function encode(header: object, columns: Column[]): ArrayBuffer {
  let text = JSON.stringify(header);
  while ((4 + text.length) % 8 !== 0) text += " ";
  const size = columns.reduce((sum, c) => sum + c.values.length * (c.name === "x" ? 8 : 4), 0);
  const bytes = new ArrayBuffer(4 + text.length + size);
  const view = new DataView(bytes);
  view.setUint32(0, text.length, true);
  new Uint8Array(bytes).set(new TextEncoder().encode(text), 4);
  let at = 4 + text.length;
  for (const { name, values } of columns) {
    for (const value of values) {
      if (name === "x") view.setFloat64(at, value, true);
      else view.setFloat32(at, value, true);
      at += name === "x" ? 8 : 4;
    }
  }
  return bytes;
}

const line = { run: "a", key: "loss", members: 1, exact: false, total: 900, n: 3, columns: ["x", "mean", "min", "max"] };
const exact = { run: "b", key: "loss", members: 1, exact: true, total: 2, n: 2, columns: ["x", "mean"] };

test("columns of several lines come back, also where a float64 column is not aligned", () => {
  const series = decodeSeries(
    encode({ x: "_step", range: [0, 900], version: "v1", exact: false, lines: [line, exact], no_data_x: ["z"] }, [
      { name: "x", values: [0, 300, 600] },
      { name: "mean", values: [1, 2, Number.NaN] },
      { name: "min", values: [0.5, 1.5, Number.NaN] },
      { name: "max", values: [1.5, 2.5, Number.NaN] },
      { name: "x", values: [10, 2 ** 40] },
      { name: "mean", values: [7, 8] },
    ]),
  );
  expect(series.range).toEqual([0, 900]);
  expect(series.noDataX).toEqual(["z"]);
  const [a, b] = series.lines;
  expect([...a!.x]).toEqual([0, 300, 600]);
  expect([...a!.max!]).toEqual([1.5, 2.5, Number.NaN]);
  expect([...b!.x]).toEqual([10, 2 ** 40]);
  expect([...b!.mean]).toEqual([7, 8]);
  expect(b!.min).toBeNull();
});

test("bytes that end early are refused", () => {
  const whole = encode({ x: "_step", range: [0, 1], version: 1, exact: true, lines: [exact] }, [
    { name: "x", values: [0, 1] },
    { name: "mean", values: [1, 2] },
  ]);
  expect(() => decodeSeries(whole.slice(0, whole.byteLength - 4))).toThrow(RangeError);
});

test("no lines is an answer, not an error", () => {
  const series = decodeSeries(encode({ x: "_step", range: [null, null], version: "0", exact: true, lines: [] }, []));
  expect(series.lines).toEqual([]);
  expect(series.range).toBeNull();
});

test("JSON answers decode to the same columns, null is a gap", () => {
  const series = decodeSeriesJson({
    x: "_step",
    range: [0, 2],
    version: "1",
    exact: false,
    lines: [{ run: "a", key: "k", members: 1, exact: false, total: 9, x: [0, 1], mean: [1, null], min: [0, null], max: [2, null] }],
  });
  expect([...series.lines[0]!.mean]).toEqual([1, Number.NaN]);
  expect([...series.lines[0]!.max!]).toEqual([2, Number.NaN]);
});
