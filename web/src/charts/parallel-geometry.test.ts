import { expect, test } from "vitest";

import { axisScale } from "./axis-scale";
import { brushPlaces, kept, nearestLine, placed, type ParallelLine, ranks } from "./parallel-geometry";

const AXES = [
  { id: "lr", label: "lr" },
  { id: "optimizer", label: "optimizer" },
  { id: "loss", label: "loss" },
];

function line(id: string, lr: number, optimizer: string, loss: number | null): ParallelLine {
  return { id, label: id, values: { lr, optimizer, loss } };
}

const LINES = [line("a", 1e-4, "adam", 0.5), line("b", 1e-2, "sgd", 0.25), line("c", 1, "adam", null)];

test("values far apart are laid out on a log line, words in their order", () => {
  const { scales, places } = placed(AXES, LINES);
  expect(scales.map((scale) => scale.kind)).toEqual(["log", "words", "linear"]);
  expect([...places.slice(0, 2)]).toEqual([0, 0]);
  expect(places[3]).toBeCloseTo(0.5);
  expect(places[8]).toBeNaN();
});

test("a log line is not chosen where a value is zero or below", () => {
  expect(axisScale([0, 1, 1000]).kind).toBe("linear");
  expect(axisScale([0, 1, 1000], "log").kind).toBe("linear");
});

test("numbers among words are words, sorted as numbers", () => {
  const scale = axisScale(["10", 2, "x"]);
  expect(scale.marks(5).map((mark) => mark.label)).toEqual(["2", "10", "x"]);
});

test("a single value gets room on both sides", () => {
  expect(axisScale([3]).place(3)).toBeCloseTo(0.5);
  expect(axisScale([3], "log").place(3)).toBeCloseTo(0.5);
});

test("a line passes when each of its brushed values lies within, edges included", () => {
  const { scales, places } = placed(AXES, LINES);
  const brushes = brushPlaces(AXES, scales, { lr: [1e-4, 1e-2] });
  expect(kept(places, 3, brushes)).toEqual([true, true, false]);
  expect(kept(places, 3, brushPlaces(AXES, scales, { lr: [1e-4, 1e-2], optimizer: ["sgd", "sgd"] }))).toEqual([false, true, false]);
});

test("a line without a value does not pass a brush on that axis", () => {
  const { scales, places } = placed(AXES, LINES);
  expect(kept(places, 3, brushPlaces(AXES, scales, { loss: [0, 1] }))).toEqual([true, true, true].map((_, row) => row < 2));
});

test("the nearest line is found between two axes, and only among those shown", () => {
  const { places } = placed(AXES, LINES);
  expect(nearestLine(places, 3, [true, true, true], { x: 0.5, y: 0.74 }, 0.05)).toBe(1);
  expect(nearestLine(places, 3, [true, false, true], { x: 0.5, y: 0.74 }, 0.05)).toBe(-1);
});

test("colours go by rank, so that one far value does not make all others alike", () => {
  const places = Float64Array.from([0, 9, 0.01, 9, Number.NaN, 9, 1, 9, 0.01, 9]);
  expect([...ranks(places, 2, 0)]).toEqual([0, 0.5, Number.NaN, 1, 0.5]);
  expect([...ranks(places, 2, 1)]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
});
