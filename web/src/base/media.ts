/** Logged media as they stand in a row (`{"_type": "image-file", "path": …}`), read into one shape. */

import { asNumber, asRecord, asString } from "./parse";

export type MediaKind =
  | "image"
  | "audio"
  | "video"
  | "html"
  | "plotly"
  | "table"
  | "histogram"
  | "molecule"
  | "object3D"
  | "unknown";

/** Classes drawn over an image: a picture of class numbers, or a file of boxes. */
export interface Overlay {
  name: string;
  kind: "mask" | "boxes";
  path: string;
  /** by class number, where the value itself has them */
  labels: Readonly<Record<string, string>>;
}

export interface MediaItem {
  kind: MediaKind;
  /** `_type` as logged */
  type: string;
  /** file of the run; "" where the value holds everything */
  path: string;
  caption: string;
  width: number;
  height: number;
  bytes: number;
  overlays: readonly Overlay[];
  value: Readonly<Record<string, unknown>>;
}

const KINDS: Readonly<Record<string, MediaKind>> = {
  "image-file": "image",
  image: "image",
  "images/separated": "image",
  images: "image",
  "audio-file": "audio",
  audio: "audio",
  "video-file": "video",
  videos: "video",
  "html-file": "html",
  html: "html",
  "plotly-file": "plotly",
  plotly: "plotly",
  "table-file": "table",
  table: "table",
  histogram: "histogram",
  "molecule-file": "molecule",
  molecule: "molecule",
  "object3D-file": "object3D",
  object3D: "object3D",
};

export function kindOfType(type: string): MediaKind {
  return KINDS[type] ?? "unknown";
}

const SEVERAL = ["audio", "videos", "html", "objects"] as const;
const ITEMS_MAX = 1000;

/** Every medium in a logged value: one, several under one `_type`, or a list of them. */
export function mediaItems(value: unknown): MediaItem[] {
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).flatMap(mediaItems);
  const raw = asRecord(value);
  const type = asString(raw?.["_type"]);
  if (!raw || type === undefined) return [];
  for (const name of SEVERAL) {
    const list = raw[name];
    if (!Array.isArray(list)) continue;
    const captions = Array.isArray(raw["captions"]) ? raw["captions"] : [];
    return list.slice(0, ITEMS_MAX).flatMap((one, at) => {
      const [item] = mediaItems(one);
      if (!item) return [];
      return [{ ...item, caption: item.caption || (asString(captions[at]) ?? "") }];
    });
  }
  const files = raw["filenames"];
  if (Array.isArray(files)) return severalFiles(raw, type, files.slice(0, ITEMS_MAX));
  return [oneItem(raw, type)];
}

function oneItem(raw: Record<string, unknown>, type: string): MediaItem {
  return {
    kind: kindOfType(type),
    type,
    path: asString(raw["path"]) ?? "",
    caption: asString(raw["caption"]) ?? "",
    width: asNumber(raw["width"]) ?? 0,
    height: asNumber(raw["height"]) ?? 0,
    bytes: asNumber(raw["size"]) ?? 0,
    overlays: overlaysOf(raw["masks"], raw["boxes"]),
    value: raw,
  };
}

function severalFiles(raw: Record<string, unknown>, type: string, files: unknown[]): MediaItem[] {
  const list = (name: string) => (Array.isArray(raw[name]) ? (raw[name] as unknown[]) : []);
  const [captions, masks, boxes] = [list("captions"), list("all_masks"), list("all_boxes")];
  return files.flatMap((file, at) => {
    const path = asString(file);
    if (path === undefined) return [];
    const one = oneItem(raw, type);
    return [
      { ...one, path, caption: asString(captions[at]) ?? "", bytes: 0, overlays: overlaysOf(masks[at], boxes[at]) },
    ];
  });
}

function overlaysOf(masks: unknown, boxes: unknown): Overlay[] {
  const of = (kind: Overlay["kind"], value: unknown): Overlay[] =>
    Object.entries(asRecord(value) ?? {}).flatMap(([name, one]) => {
      const raw = asRecord(one);
      const path = asString(raw?.["path"]);
      return raw && path !== undefined ? [{ name, kind, path, labels: labelsOf(raw["class_labels"]) }] : [];
    });
  return [...of("mask", masks), ...of("boxes", boxes)];
}

export function labelsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(asRecord(value) ?? {}).map(([id, label]) => [id, asString(label) ?? id] as const);
  return Object.fromEntries(entries);
}

// --- histograms ------------------------------------------------------------------------------------

export interface Histogram {
  counts: readonly number[];
  /** one more than counts, rising */
  edges: readonly number[];
}

/** Of a value with `bins` (edges), or with `packedBins` (first edge, width, count). */
export function histogramOf(value: unknown): Histogram | null {
  const raw = asRecord(value);
  if (!raw || !Array.isArray(raw["values"])) return null;
  const counts = raw["values"].map((one) => (typeof one === "number" && Number.isFinite(one) ? one : 0));
  const packed = asRecord(raw["packedBins"]);
  let edges: number[];
  if (packed) {
    const [first, width] = [asNumber(packed["min"]), asNumber(packed["size"])];
    if (first === undefined || width === undefined) return null;
    edges = Array.from({ length: counts.length + 1 }, (_, at) => first + at * width);
  } else {
    if (!Array.isArray(raw["bins"])) return null;
    edges = raw["bins"].map(Number);
  }
  if (counts.length === 0 || edges.length !== counts.length + 1 || edges.some((edge) => !Number.isFinite(edge))) return null;
  return { counts, edges };
}

// --- boxes -----------------------------------------------------------------------------------------

/** Corners as fractions of the image's width and height. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
  classId: string;
  caption: string;
  scores: readonly (readonly [string, number])[];
}

export interface Boxes {
  boxes: readonly Box[];
  labels: Readonly<Record<string, string>>;
}

/** Of a boxes2D file; `width` and `height` of the image, for boxes given in pixels. */
export function boxesOf(value: unknown, width: number, height: number): Boxes {
  const raw = asRecord(value) ?? {};
  const list = Array.isArray(raw["box_data"]) ? raw["box_data"] : [];
  const boxes = list.flatMap((one): Box[] => {
    const box = asRecord(one);
    const place = corners(asRecord(box?.["position"]));
    if (!box || !place) return [];
    const pixels = box["domain"] === "pixel";
    const [x, y] = pixels ? [1 / (width || 1), 1 / (height || 1)] : [1, 1];
    const scores = Object.entries(asRecord(box["scores"]) ?? {}).flatMap(([name, score]) => {
      const number = asNumber(score);
      return number === undefined ? [] : [[name, number] as const];
    });
    return [
      {
        left: place[0] * x,
        top: place[1] * y,
        right: place[2] * x,
        bottom: place[3] * y,
        classId: asString(box["class_id"]) ?? "",
        caption: asString(box["box_caption"]) ?? "",
        scores,
      },
    ];
  });
  return { boxes, labels: labelsOf(raw["class_labels"]) };
}

function corners(place: Record<string, unknown> | undefined): [number, number, number, number] | null {
  if (!place) return null;
  const ends = ["minX", "minY", "maxX", "maxY"].map((name) => asNumber(place[name]));
  const [a, b, c, d] = ends;
  if (a !== undefined && b !== undefined && c !== undefined && d !== undefined) return [a, b, c, d];
  const middle = Array.isArray(place["middle"]) ? place["middle"].map(asNumber) : [];
  const [x, y, w, h] = [middle[0], middle[1], asNumber(place["width"]), asNumber(place["height"])];
  if (x === undefined || y === undefined || w === undefined || h === undefined) return null;
  return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
}

// --- steps -----------------------------------------------------------------------------------------

/** Where in rising `steps` the last one not above `step` stands; -1 where all are above. */
export function atOrBefore(steps: readonly number[], step: number): number {
  let [lo, hi] = [0, steps.length];
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((steps[middle] ?? Infinity) <= step) lo = middle + 1;
    else hi = middle;
  }
  return lo - 1;
}

/** Every step of any list, rising, once. */
export function unionOfSteps(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}
