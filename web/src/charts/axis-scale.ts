/** Scales that are chosen by the values themselves: a number line, a log line, or words in a row. */

import { scaleLinear, scaleLog } from "d3-scale";

import { formatTick } from "@/base/numbers";

import { widen } from "./geometry";

/** A value of a parameter or a result; null where a trial has none. */
export type Cell = number | string | boolean | null;

export type ScaleKind = "linear" | "log" | "words";

export interface AxisScale {
  kind: ScaleKind;
  /** Place of a value, 0 (bottom, left) to 1; null where it has none: missing, NaN, of another kind. */
  place: (value: Cell) => number | null;
  /** The value at a place of a number axis; of words the nearest one. */
  value: (place: number) => Cell;
  /** Places and names of the marks. */
  marks: (count: number) => { place: number; label: string }[];
  /** Of number axes, before rounding. */
  domain: readonly [number, number];
}

/** Highest over lowest from which positive values are easier to tell apart on a log line. */
const LOG_RATIO = 100;

/** `wanted` "log" falls back to linear where a value is not above zero. */
export function axisScale(values: readonly Cell[], wanted?: ScaleKind): AxisScale {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const words = values.filter((value) => typeof value === "string" || typeof value === "boolean").map(String);
  if (wanted === "words" || words.length > 0) return wordScale([...new Set([...words, ...numbers.map(String)])]);
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const value of numbers) {
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  if (lo > hi) [lo, hi] = [0, 1];
  const log = lo > 0 && (wanted === "log" || (wanted === undefined && hi / lo >= LOG_RATIO && numbers.length > 2));
  const domain = widen([lo, hi]);
  return log ? numberScale("log", lo < hi ? [lo, hi] : [lo / 2, hi * 2]) : numberScale("linear", domain);
}

function numberScale(kind: "linear" | "log", domain: readonly [number, number]): AxisScale {
  const scale = (kind === "log" ? scaleLog() : scaleLinear()).domain([...domain]).range([0, 1]);
  return {
    kind,
    domain,
    place: (value) => {
      if (typeof value !== "number" || !Number.isFinite(value) || (kind === "log" && value <= 0)) return null;
      return scale(value);
    },
    value: (place) => scale.invert(place),
    marks: (count) => {
      const ticks = scale.ticks(count);
      const sparse = kind === "log" && ticks.length > count * 1.6 ? ticks.filter(isPower) : ticks;
      return sparse.map((tick) => ({ place: scale(tick), label: formatTick(tick) }));
    },
  };
}

function isPower(tick: number): boolean {
  const power = Math.log10(tick);
  return Math.abs(power - Math.round(power)) < 1e-9;
}

const WORDS_MAX = 40;

function wordScale(found: readonly string[]): AxisScale {
  const words = [...found].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const index = new Map(words.map((word, at) => [word, at]));
  const at = (i: number) => (words.length < 2 ? 0.5 : i / (words.length - 1));
  return {
    kind: "words",
    domain: [0, Math.max(0, words.length - 1)],
    place: (value) => {
      if (value === null) return null;
      const i = index.get(String(value));
      return i === undefined ? null : at(i);
    },
    value: (place) => words[Math.round(place * (words.length - 1))] ?? null,
    marks: () => {
      const every = Math.max(1, Math.ceil(words.length / WORDS_MAX));
      return words.flatMap((label, i) => (i % every === 0 ? [{ place: at(i), label }] : []));
    },
  };
}
