/** Point clouds as they are logged: `[x, y, z]`, with a class or a colour, or with boxes and vectors. */

import { asRecord, asString } from "./parse";

export type Triple = readonly [number, number, number];

export interface Cloud {
  /** x, y, z of each point, one after another */
  places: number[];
  /** red, green, blue of each, 0…1 */
  colours: number[];
  boxes: readonly { corners: readonly Triple[]; label: string; colour: Triple }[];
  vectors: readonly { start: Triple; end: Triple; colour: Triple }[];
  /** points there were; more than are kept where there were too many */
  total: number;
}

export const POINTS_MAX = 300_000;

const CLASSES: readonly Triple[] = [
  [0.06, 0.41, 0.82], [0.85, 0.2, 0.12], [0, 0.62, 0.45], [0.94, 0.55, 0.1], [0.55, 0.35, 0.8],
  [0.1, 0.66, 0.78], [0.88, 0.35, 0.6], [0.6, 0.55, 0.12], [0.5, 0.35, 0.25], [0.4, 0.45, 0.5],
];
const PLAIN: Triple = [0.35, 0.55, 0.85];

/** Raises an Error for what is no point cloud. */
export function cloudOf(value: unknown): Cloud {
  const raw = asRecord(value);
  const points = Array.isArray(value) ? (value as unknown[]) : raw?.["points"];
  if (!Array.isArray(points)) throw new Error("The file is no point cloud: it has no points.");
  const every = Math.max(1, Math.ceil(points.length / POINTS_MAX));
  const [places, colours]: [number[], number[]] = [[], []];
  for (let at = 0; at < points.length; at += every) {
    const point = numbers(points[at]);
    const place = point && triple(point);
    if (!point || !place) continue;
    places.push(...place);
    colours.push(...colourOfPoint(point));
  }
  const list = (name: string) => (Array.isArray(raw?.[name]) ? (raw[name] as unknown[]) : []);
  return { places, colours, boxes: list("boxes").flatMap(boxOf), vectors: list("vectors").flatMap(vectorOf), total: points.length };
}

function colourOfPoint(point: readonly number[]): Triple {
  const [, , , a = 0, b = 0, c = 0] = point;
  if (point.length >= 6) return rgb([a, b, c]);
  if (point.length >= 4) return CLASSES[Math.max(0, Math.round(a) - 1) % CLASSES.length] ?? PLAIN;
  return PLAIN;
}

function rgb([a, b, c]: Triple): Triple {
  return [a / 255, b / 255, c / 255];
}

function boxOf(value: unknown): Cloud["boxes"][number][] {
  const raw = asRecord(value);
  const corners = Array.isArray(raw?.["corners"]) ? raw["corners"].flatMap((one) => triple(numbers(one)) ?? []) : [];
  const places = chunks(corners);
  if (!raw || places.length !== 8) return [];
  const colour = triple(numbers(raw["color"]));
  return [{ corners: places, label: asString(raw["label"]) ?? "", colour: colour ? rgb(colour) : [0.94, 0.55, 0.1] }];
}

function vectorOf(value: unknown): Cloud["vectors"][number][] {
  const raw = asRecord(value);
  const [start, end, colour] = [raw?.["start"], raw?.["end"], raw?.["color"]].map((one) => triple(numbers(one)));
  return start && end ? [{ start, end, colour: colour ? rgb(colour) : [0.85, 0.2, 0.12] }] : [];
}

function numbers(value: unknown): number[] | null {
  if (!Array.isArray(value)) return null;
  const found = value.map(Number);
  return found.every(Number.isFinite) ? found : null;
}

function triple(value: readonly number[] | null): Triple | null {
  const [x, y, z] = value ?? [];
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}

function chunks(flat: readonly number[]): Triple[] {
  const out: Triple[] = [];
  for (let at = 0; at + 2 < flat.length; at += 3) out.push([flat[at] ?? 0, flat[at + 1] ?? 0, flat[at + 2] ?? 0]);
  return out;
}

/**
 * Which corners of a cuboid are joined, whatever their order: two are if no third one lies in the
 * ball over them (all others of a face or of the body lie on such a ball of a diagonal).
 */
export function edgesOfCorners(corners: readonly Triple[]): (readonly [number, number])[] {
  const edges: (readonly [number, number])[] = [];
  corners.forEach((a, i) => {
    corners.forEach((b, j) => {
      if (j <= i) return;
      const size = dot(minus(a, b), minus(a, b));
      const between = corners.some((c, k) => k !== i && k !== j && dot(minus(a, c), minus(b, c)) <= 1e-6 * size);
      if (!between) edges.push([i, j]);
    });
  });
  return edges;
}

function minus(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
