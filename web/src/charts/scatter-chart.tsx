/** Points over two measured values, with the Pareto front, limits shaded, and colour by a third value. */

import { useCallback, useMemo, useRef, type MouseEvent as Pointing } from "react";

import { formatNumber } from "@/base/numbers";
import { useHover } from "@/model/hover";

import type { AxisScale, ScaleKind } from "./axis-scale";
import { viridis } from "./ramp";
import { nearestPoint, scatterScales, staircase, summariseScatter, type Goal, type ScatterPoint } from "./scatter-geometry";
import { fitText, type Sheet } from "./sheet";
import styles from "./sheets.module.css";
import { useTwoSheets } from "./two-sheets";

const LEFT = 52;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 36;
const REACH_PX = 14;
const RADIUS = 3.5;

/** What may not be passed on an axis: values above `max` or below `min` lie in a shaded part. */
export interface Limit {
  axis: "x" | "y";
  min?: number;
  max?: number;
}

export interface ScatterChartProps {
  title: string;
  xName: string;
  yName: string;
  colourName?: string | undefined;
  points: readonly ScatterPoint[];
  /** Indices of the points on the front, by rising x; joined by a line. */
  front?: readonly number[];
  /** How the front is joined: straight, not at all, or as the edge of what it has won (with x's goal). */
  edge?: "straight" | "none" | Goal;
  /** Points beside the front are drawn faint. */
  dim?: boolean;
  /** Ids that carry a ring: selected or pinned ones. */
  marked?: ReadonlySet<string>;
  /** From where the won area is measured: a cross. */
  reference?: { x: number; y: number } | undefined;
  limits?: readonly Limit[];
  xKind?: ScaleKind;
  yKind?: ScaleKind;
  onPick?: (id: string) => void;
}

export function ScatterChart(props: ScatterChartProps) {
  const { title, xName, yName, colourName, points, front, limits, xKind, yKind, onPick } = props;
  const { edge = "straight", dim = false, marked, reference } = props;
  const lower = useRef<HTMLCanvasElement>(null);
  const upper = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const scales = useMemo(() => {
    const kinds: { x?: ScaleKind; y?: ScaleKind } = {};
    if (xKind) kinds.x = xKind;
    if (yKind) kinds.y = yKind;
    return scatterScales(points, kinds, reference);
  }, [points, xKind, yKind, reference]);
  const tint = useMemo(() => tintOf(points), [points]);

  const paint = useCallback(
    (sheet: Sheet) =>
      paintAll(sheet, { points, front: front ?? [], limits: limits ?? [], xName, yName, tint, edge, dim, marked: marked ?? NONE, reference }, scales),
    [points, front, limits, xName, yName, scales, tint, edge, dim, marked, reference],
  );
  const light = useCallback(
    (sheet: Sheet) => {
      const { run } = useHover.getState();
      if (run === null) return;
      for (const point of points) {
        const at = point.id === run || point.group === run ? pixels(sheet, scales, point) : null;
        if (at) ring(sheet.context, at, sheet.colours.accent, 2);
      }
    },
    [points, scales],
  );
  useTwoSheets(lower, upper, paint, light);

  const found = (event: Pointing<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top] as const;
    const size = { width: box.width, height: box.height };
    return { at, box, point: points[nearestPoint(points, (one) => pixels(size, scales, one), at, REACH_PX)] };
  };
  return (
    <div
      className={styles["chart"]}
      role="img"
      aria-label={summariseScatter(title, xName, yName, points.length, front?.length ?? 0)}
      onPointerMove={(event) => {
        const { at, box, point } = found(event);
        event.currentTarget.style.cursor = point && onPick ? "pointer" : "default";
        useHover.getState().set(point?.group ?? point?.id ?? null);
        showTip(tip.current, point, { xName, yName, colourName }, at, box.width);
      }}
      onPointerLeave={() => {
        useHover.getState().set(null);
        if (tip.current) tip.current.hidden = true;
      }}
      onClick={(event) => {
        const { point } = found(event);
        if (point) onPick?.(point.id);
      }}
    >
      <canvas ref={lower} aria-hidden />
      <canvas ref={upper} aria-hidden />
      <div ref={tip} className={styles["tip"]} aria-hidden hidden />
    </div>
  );
}

const NONE: ReadonlySet<string> = new Set();

interface Scales {
  x: AxisScale;
  y: AxisScale;
}

interface Size {
  width: number;
  height: number;
}

function across(size: Size, place: number): number {
  return LEFT + 6 + place * (size.width - LEFT - RIGHT - 12);
}

function down(size: Size, place: number): number {
  return TOP + 6 + (1 - place) * (size.height - TOP - BOTTOM - 12);
}

function pixels(size: Size, scales: Scales, point: ScatterPoint): readonly [number, number] | null {
  const [x, y] = [scales.x.place(point.x), scales.y.place(point.y)];
  return x === null || y === null ? null : [across(size, x), down(size, y)];
}

/** Share of the colouring value in its range; null where no point has one. */
function tintOf(points: readonly ScatterPoint[]): ((point: ScatterPoint) => string | null) | null {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const { colour } of points) {
    if (colour === null || !Number.isFinite(colour)) continue;
    lo = Math.min(lo, colour);
    hi = Math.max(hi, colour);
  }
  if (lo > hi) return null;
  return ({ colour }) => (colour === null || !Number.isFinite(colour) ? null : viridis(lo === hi ? 0.5 : (colour - lo) / (hi - lo)));
}

interface Drawn {
  points: readonly ScatterPoint[];
  front: readonly number[];
  limits: readonly Limit[];
  xName: string;
  yName: string;
  tint: ((point: ScatterPoint) => string | null) | null;
  edge: "straight" | "none" | Goal;
  dim: boolean;
  marked: ReadonlySet<string>;
  reference: { x: number; y: number } | undefined;
}

function ring(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], colour: string, width: number): void {
  context.beginPath();
  context.arc(x, y, RADIUS + 3, 0, 2 * Math.PI);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

function paintAll(sheet: Sheet, drawn: Drawn, scales: Scales): void {
  const { context, colours } = sheet;
  context.clearRect(0, 0, sheet.width, sheet.height);
  paintGrid(sheet, scales, drawn.xName, drawn.yName);
  for (const limit of drawn.limits) paintLimit(sheet, scales, limit);
  const onFront = new Set(drawn.front);
  const many = drawn.points.length > 500;
  const paint = (point: ScatterPoint, index: number) => {
    const at = pixels(sheet, scales, point);
    if (!at) return;
    const own = onFront.has(index);
    context.globalAlpha = !point.feasible ? 0.35 : own ? 1 : drawn.dim ? 0.3 : many ? 0.55 : 0.9;
    context.beginPath();
    context.arc(at[0], at[1], own ? RADIUS + 1 : RADIUS, 0, 2 * Math.PI);
    if (point.feasible) {
      context.fillStyle = point.fill ?? drawn.tint?.(point) ?? colours.accent;
      context.fill();
    } else {
      context.lineWidth = 1;
      context.strokeStyle = colours.fg2;
      context.stroke();
    }
    context.globalAlpha = 1;
    if (drawn.marked.has(point.id)) ring(context, at, colours.fg, 1.4);
  };
  // Those on the front come last, over the others.
  drawn.points.forEach((point, index) => !onFront.has(index) && paint(point, index));
  if (drawn.front.length > 0 && drawn.edge !== "none") {
    const places = drawn.front.flatMap((index) => {
      const point = drawn.points[index];
      const at = point && pixels(sheet, scales, point);
      return at ? [at] : [];
    });
    context.strokeStyle = colours.fg;
    context.lineWidth = 1.4;
    context.beginPath();
    const path = drawn.edge === "straight" ? places : staircase(places, drawn.edge);
    path.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.stroke();
  }
  drawn.points.forEach((point, index) => onFront.has(index) && paint(point, index));
  if (drawn.reference) {
    const [x, y] = [scales.x.place(drawn.reference.x), scales.y.place(drawn.reference.y)];
    if (x !== null && y !== null) cross(sheet, across(sheet, x), down(sheet, y));
  }
}

function cross({ context, colours }: Sheet, x: number, y: number): void {
  context.strokeStyle = colours.fg2;
  context.lineWidth = 1.4;
  line(context, x - 4, y - 4, x + 4, y + 4);
  line(context, x - 4, y + 4, x + 4, y - 4);
}

function paintGrid(sheet: Sheet, scales: Scales, xName: string, yName: string): void {
  const { context, colours, width, height } = sheet;
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.fg2;
  context.textAlign = "center";
  for (const mark of scales.x.marks(Math.max(3, Math.floor(width / 90)))) {
    const x = across(sheet, mark.place);
    line(context, x, TOP, x, height - BOTTOM);
    context.fillText(mark.label, x, height - BOTTOM + 14);
  }
  context.textAlign = "right";
  for (const mark of scales.y.marks(Math.max(3, Math.floor(height / 60)))) {
    const y = down(sheet, mark.place);
    line(context, LEFT, y, width - RIGHT, y);
    context.fillText(mark.label, LEFT - 6, y + 3.5);
  }
  context.fillStyle = colours.fg;
  context.textAlign = "center";
  context.fillText(fitText(context, xName, width - LEFT - RIGHT), LEFT + (width - LEFT - RIGHT) / 2, height - 6);
  context.save();
  context.translate(11, TOP + (height - TOP - BOTTOM) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(fitText(context, yName, height - TOP - BOTTOM), 0, 0);
  context.restore();
}

function line(context: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function paintLimit(sheet: Sheet, scales: Scales, limit: Limit): void {
  const { context, colours, width, height } = sheet;
  const scale = scales[limit.axis];
  const clip = (place: number) => Math.max(0, Math.min(1, place));
  const shade = (from: number, to: number) => {
    context.fillStyle = colours.bad;
    context.globalAlpha = 0.1;
    if (limit.axis === "x") context.fillRect(from, TOP, to - from, height - TOP - BOTTOM);
    else context.fillRect(LEFT, from, width - LEFT - RIGHT, to - from);
    context.globalAlpha = 1;
  };
  const edge = (value: number) => {
    const place = scale.place(value);
    return place === null ? null : clip(place);
  };
  const high = limit.max === undefined ? null : edge(limit.max);
  const low = limit.min === undefined ? null : edge(limit.min);
  if (limit.axis === "x") {
    if (high !== null) shade(across(sheet, high), width - RIGHT);
    if (low !== null) shade(LEFT, across(sheet, low));
  } else {
    if (high !== null) shade(TOP, down(sheet, high));
    if (low !== null) shade(down(sheet, low), height - BOTTOM);
  }
}

function showTip(
  box: HTMLDivElement | null,
  point: ScatterPoint | undefined,
  names: { xName: string; yName: string; colourName?: string | undefined },
  [x, y]: readonly [number, number],
  width: number,
): void {
  if (!box) return;
  box.hidden = point === undefined;
  if (!point) return;
  const facts: [string, number | null][] = [
    [names.xName, point.x],
    [names.yName, point.y],
  ];
  if (names.colourName !== undefined) facts.push([names.colourName, point.colour]);
  const rows = facts.map(([name, value]) => {
    const row = document.createElement("div");
    const [left, right] = [document.createElement("span"), document.createElement("span")];
    left.textContent = name;
    right.textContent = value === null ? "" : formatNumber(value, 5);
    row.append(left, right);
    return row;
  });
  const head = document.createElement("strong");
  head.textContent = point.feasible ? point.label : `${point.label} (breaks a constraint)`;
  box.replaceChildren(head, ...rows);
  const left = x + 16 + box.offsetWidth > width ? x - box.offsetWidth - 12 : x + 16;
  box.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, y - 8)}px)`;
}
