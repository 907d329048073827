/**
 * What a workspace shows: a saved view's content, or what the address changes of one.
 * Parsed from unknown, with a version, since saved views outlive the code.
 */

import type { JsonObject, RunFilter } from "@/api/types";
import { asBoolean, asNumber, asOneOf, asPair, asRecord, asString, asStrings } from "@/base/parse";
import { SLOTS } from "@/base/colours";
import { AMOUNTS, NO_SMOOTHING, SMOOTHINGS, type Smoothing } from "@/base/smoothing";

import { parseParetos, type ParetoSpec } from "./pareto";

export const DRAWN_DEFAULT = 30;
export const DRAWN_MAX = 200;

export const MEDIA_MODES = ["step", "steps", "swipe", "chart"] as const;
/** How a panel of media shows them: at the shared step, over steps, two against each other, as a chart. */
export type MediaMode = (typeof MEDIA_MODES)[number];

/** What one panel does otherwise than the bar says. */
export interface PanelSettings {
  x?: string;
  log?: boolean;
  smoothing?: Smoothing;
  outliers?: boolean;
  y?: [number, number];
  /** stays as it is when another panel zooms */
  locked?: boolean;
  media?: MediaMode;
}

export interface WorkspaceSpec {
  /** text in run names and ids */
  q: string;
  filter: RunFilter;
  /** column keys with a sign: `-created_at` */
  sort: string;
  group: string[];
  columns: string[];
  /** runs whose eye is closed */
  hidden: string[];
  /** not null: only these have an open eye */
  only: string[] | null;
  pins: string[];
  /** `auto`: as the run defined it for each metric, else the step */
  x: string;
  smoothing: Smoothing;
  log: boolean;
  outliers: boolean;
  /** of x; null shows all */
  zoom: [number, number] | null;
  drawn: number;
  panels: Record<string, PanelSettings>;
  pinnedPanels: string[];
  /** by section: panels in the order someone gave them; those not named follow in theirs */
  order: Record<string, string[]>;
  /** by run id or group: a place in the palette other than the given one */
  colours: Record<string, number>;
  closed: string[];
  /** Pareto panels, in their order */
  pareto: ParetoSpec[];
}

export const DEFAULT_SPEC: WorkspaceSpec = {
  q: "",
  filter: {},
  sort: "-created_at",
  group: [],
  columns: [],
  hidden: [],
  only: null,
  pins: [],
  x: "auto",
  smoothing: NO_SMOOTHING,
  log: false,
  outliers: false,
  zoom: null,
  drawn: DRAWN_DEFAULT,
  panels: {},
  pinnedPanels: [],
  order: {},
  colours: {},
  closed: [],
  pareto: [],
};

const VERSION = 1;

/** Known fields of the right shape; everything else is left out, so an old address still opens. */
export function parseFields(value: unknown): Partial<WorkspaceSpec> {
  const raw = asRecord(value) ?? {};
  const found: Partial<WorkspaceSpec> = {
    q: asString(raw["q"]),
    filter: asRecord(raw["filter"]),
    sort: asString(raw["sort"]),
    group: asStrings(raw["group"]),
    columns: asStrings(raw["columns"]),
    hidden: asStrings(raw["hidden"]),
    only: raw["only"] === null ? null : asStrings(raw["only"]),
    pins: asStrings(raw["pins"]),
    x: asString(raw["x"]),
    smoothing: parseSmoothing(raw["smoothing"]),
    log: asBoolean(raw["log"]),
    outliers: asBoolean(raw["outliers"]),
    zoom: raw["zoom"] === null ? null : asPair(raw["zoom"]),
    drawn: clampDrawn(asNumber(raw["drawn"])),
    panels: parsePanels(raw["panels"]),
    pinnedPanels: asStrings(raw["pinnedPanels"]),
    order: parseOrder(raw["order"]),
    colours: parseColours(raw["colours"]),
    closed: asStrings(raw["closed"]),
    pareto: parseParetos(raw["pareto"]),
  };
  return known(found);
}

function known<T extends object>(found: T): T {
  const entries: [string, unknown][] = Object.entries(found);
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined)) as T;
}

export function parseSpec(value: unknown): WorkspaceSpec {
  return { ...DEFAULT_SPEC, ...parseFields(value) };
}

/** As kept in a view: zoom is a passing look, so it stays out. */
export function specToJson(spec: WorkspaceSpec): JsonObject {
  const kept: Partial<WorkspaceSpec> = { ...spec };
  delete kept.zoom;
  return { version: VERSION, ...kept };
}

function clampDrawn(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.min(DRAWN_MAX, Math.max(1, Math.round(value)));
}

function parseSmoothing(value: unknown): Smoothing | undefined {
  const raw = asRecord(value);
  const kind = asOneOf(raw?.["kind"], SMOOTHINGS);
  const amount = asNumber(raw?.["amount"]);
  if (!kind || amount === undefined) return undefined;
  return { kind, amount: Math.min(AMOUNTS[kind].max, Math.max(AMOUNTS[kind].min, amount)) };
}

function parsePanels(value: unknown): Record<string, PanelSettings> | undefined {
  const raw = asRecord(value);
  if (!raw) return undefined;
  return Object.fromEntries(Object.entries(raw).map(([key, one]) => [key, parsePanel(one)]));
}

function parseOrder(value: unknown): Record<string, string[]> | undefined {
  const raw = asRecord(value);
  if (!raw) return undefined;
  return Object.fromEntries(Object.entries(raw).flatMap(([name, one]) => (Array.isArray(one) ? [[name, asStrings(one) ?? []]] : [])));
}

function parseColours(value: unknown): Record<string, number> | undefined {
  const raw = asRecord(value);
  if (!raw) return undefined;
  const pairs = Object.entries(raw).flatMap(([id, one]) => {
    const slot = asNumber(one);
    return slot === undefined || slot < 0 ? [] : [[id, Math.trunc(slot) % SLOTS] as const];
  });
  return Object.fromEntries(pairs);
}

/** `keys` as someone ordered them: those named in `order` where they come first, then the others in theirs. */
export function ordered(keys: readonly string[], order: readonly string[] | undefined): string[] {
  if (!order || order.length === 0) return [...keys];
  const there = new Set(keys);
  const named = order.filter((key) => there.has(key));
  const first = new Set(named);
  return [...named, ...keys.filter((key) => !first.has(key))];
}

/** The order to keep once `key` was moved to stand at `to`: no longer than what the move needs. */
export function moved(keys: readonly string[], key: string, to: number): string[] {
  const from = keys.indexOf(key);
  const place = Math.min(keys.length - 1, Math.max(0, to));
  if (from < 0) return [...keys];
  const next = keys.filter((one) => one !== key);
  next.splice(place, 0, key);
  return next.slice(0, Math.max(from, place) + 1);
}

function parsePanel(value: unknown): PanelSettings {
  const raw = asRecord(value) ?? {};
  const found: PanelSettings = {
    x: asString(raw["x"]),
    log: asBoolean(raw["log"]),
    smoothing: parseSmoothing(raw["smoothing"]),
    outliers: asBoolean(raw["outliers"]),
    y: asPair(raw["y"]),
    locked: asBoolean(raw["locked"]),
    media: asOneOf(raw["media"], MEDIA_MODES),
  };
  return known(found);
}
