/**
 * Parallel coordinates: a line per trial over an upright axis per parameter. Dragging along an axis
 * keeps a range of it; a click on a kept range lets go. Two sheets lie over each other: the lower one holds all
 * lines, the upper one the line the pointer is on, so that a move of the pointer strokes one line.
 */

import { useCallback, useMemo, useRef, type PointerEvent as Pointer } from "react";

import { formatValue } from "@/base/numbers";
import { useHover } from "@/model/hover";
import { useTheme } from "@/model/theme";

import type { Cell } from "./axis-scale";
import { draw } from "./frames";
import {
  brushPlaces,
  kept,
  nearestLine,
  placed, ranks,
  summariseParallel,
  type Brushes,
  type ParallelAxis,
  type ParallelLine,
  type Placed,
} from "./parallel-geometry";
import { viridis } from "./ramp";
import { fitText, sheetOf, type Sheet } from "./sheet";
import styles from "./sheets.module.css";
import { useTwoSheets } from "./two-sheets";

const TOP = 34;
const BOTTOM = 26;
const SIDE = 46;
const BRUSH_WIDTH = 16;
const GRIP_PX = 14;
const REACH_PX = 12;
const CLICK_PX = 4;

export interface ParallelChartProps {
  title: string;
  axes: readonly ParallelAxis[];
  lines: readonly ParallelLine[];
  /** Axis whose places colour the lines; the last one where absent. */
  colourBy?: string | undefined;
  /** Low values stand out rather than high ones. */
  lowIsBest?: boolean;
  brushes: Brushes;
  onBrush: (brushes: Brushes) => void;
  onPick?: (id: string) => void;
}

export function ParallelChart({ title, axes, lines, colourBy, lowIsBest = false, brushes, onBrush, onPick }: ParallelChartProps) {
  const lower = useRef<HTMLCanvasElement>(null);
  const upper = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const drag = useRef<{ column: number; from: number; to: number; startY: number } | null>(null);
  const theme = useTheme((state) => state.theme);
  const at = useMemo(() => placed(axes, lines), [axes, lines]);
  const passing = useMemo(() => kept(at.places, axes.length, brushPlaces(axes, at.scales, brushes)), [at, axes, brushes]);
  const colour = Math.max(0, colourBy === undefined ? axes.length - 1 : axes.findIndex((axis) => axis.id === colourBy));
  // The best stands out: dark on a light page, bright on a dark one; the other end stays in sight.
  const tint = useMemo(() => {
    const flip = lowIsBest === (theme === "dark");
    const end = theme === "dark" ? 0.15 : 0;
    return ranks(at.places, axes.length, colour).map((rank) => end + (flip ? 1 - rank : rank) * 0.85);
  }, [at, axes.length, colour, lowIsBest, theme]);
  const shown = passing.reduce((count, one) => count + (one ? 1 : 0), 0);

  const paint = useCallback(
    (sheet: Sheet) => {
      paintLines(sheet, axes, at, passing, tint);
      paintAxes(sheet, axes, at, brushPlaces(axes, at.scales, brushes));
    },
    [axes, at, passing, tint, brushes],
  );
  const light = useCallback(
    (sheet: Sheet) => {
      const row = lines.findIndex((line) => line.id === useHover.getState().run);
      if (row >= 0) strokeOne(sheet, axes.length, at, row, sheet.colours.accent);
      const now = drag.current;
      if (now) paintBrush(sheet, axes.length, now.column, [Math.min(now.from, now.to), Math.max(now.from, now.to)]);
    },
    [axes, lines, at],
  );
  useTwoSheets(lower, upper, paint, light);

  const placeOf = (event: Pointer<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const column = (x - SIDE) / columnWidth(box.width, axes.length);
    return { x, y, column, place: 1 - (y - TOP) / Math.max(1, box.height - TOP - BOTTOM), box };
  };
  const nearAxis = (x: number, width: number) => {
    const column = Math.round((x - SIDE) / columnWidth(width, axes.length));
    const away = Math.abs(x - SIDE - column * columnWidth(width, axes.length));
    return column >= 0 && column < axes.length && away <= GRIP_PX ? column : -1;
  };

  const onPointerDown = (event: Pointer<HTMLDivElement>) => {
    const { x, y, place, box } = placeOf(event);
    const column = nearAxis(x, box.width);
    if (column < 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { column, from: place, to: place, startY: y };
  };
  const onPointerMove = (event: Pointer<HTMLDivElement>) => {
    const { x, y, column, place, box } = placeOf(event);
    if (drag.current) {
      drag.current.to = place;
      useHover.getState().set(null);
      draw(() => {
        const sheet = upper.current && sheetOf(upper.current);
        const now = drag.current;
        if (sheet && now) paintBrush(sheet, axes.length, now.column, [Math.min(now.from, now.to), Math.max(now.from, now.to)]);
      });
      return;
    }
    event.currentTarget.style.cursor = nearAxis(x, box.width) >= 0 ? "ns-resize" : "default";
    const row = nearestLine(at.places, axes.length, passing, { x: column, y: place }, REACH_PX / Math.max(1, box.height));
    const line = lines[row];
    useHover.getState().set(line?.id ?? null);
    showTip(tip.current, line, axes, x, y, box.width);
  };
  const onPointerUp = (event: Pointer<HTMLDivElement>) => {
    const { x, y, column, place, box } = placeOf(event);
    const now = drag.current;
    drag.current = null;
    if (now && Math.abs(y - now.startY) > CLICK_PX) {
      const axis = axes[now.column];
      const range = axis && rangeOf(at, now.column, Math.min(now.from, now.to), Math.max(now.from, now.to));
      if (axis && range) onBrush({ ...brushes, [axis.id]: range });
      return;
    }
    const axis = axes[nearAxis(x, box.width)];
    if (axis && brushes[axis.id]) {
      onBrush(without(brushes, axis.id));
      return;
    }
    const row = nearestLine(at.places, axes.length, passing, { x: column, y: place }, REACH_PX / Math.max(1, box.height));
    const line = lines[row];
    if (line) onPick?.(line.id);
  };

  return (
    <div
      className={styles["chart"]}
      role="img"
      aria-label={summariseParallel(title, axes, lines.length, shown)}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerLeave={() => {
        useHover.getState().set(null);
        showTip(tip.current, undefined, axes, 0, 0, 0);
      }}
    >
      <canvas ref={lower} aria-hidden />
      <canvas ref={upper} aria-hidden />
      <div ref={tip} className={styles["tip"]} aria-hidden hidden />
    </div>
  );
}

function without(brushes: Brushes, id: string): Brushes {
  return Object.fromEntries(Object.entries(brushes).filter(([key]) => key !== id));
}

/** What a dragged stretch keeps, in the axis' values; of words at least the nearest one. */
function rangeOf(at: Placed, column: number, lo: number, hi: number): readonly [Cell, Cell] | null {
  const scale = at.scales[column];
  if (!scale) return null;
  const clip = (place: number) => Math.max(0, Math.min(1, place));
  return [scale.value(clip(lo)), scale.value(clip(hi))];
}

function columnWidth(width: number, columns: number): number {
  return (width - 2 * SIDE) / Math.max(1, columns - 1);
}

function spot(sheet: Sheet, columns: number, column: number, place: number): readonly [number, number] {
  return [SIDE + column * columnWidth(sheet.width, columns), TOP + (1 - place) * (sheet.height - TOP - BOTTOM)];
}

/** The path of a row; gaps where it has no value. Curved, so that lines through one mark can be told apart. */
function trace(sheet: Sheet, columns: number, at: Placed, row: number): void {
  const { context } = sheet;
  let before: readonly [number, number] | null = null;
  for (let column = 0; column < columns; column += 1) {
    const place = at.places[row * columns + column] ?? Number.NaN;
    if (Number.isNaN(place)) {
      before = null;
      continue;
    }
    const here = spot(sheet, columns, column, place);
    if (before) {
      const middle = (before[0] + here[0]) / 2;
      context.bezierCurveTo(middle, before[1], middle, here[1], here[0], here[1]);
    } else {
      context.moveTo(here[0], here[1]);
    }
    before = here;
  }
}

function paintLines(sheet: Sheet, axes: readonly ParallelAxis[], at: Placed, passing: readonly boolean[], tint: Float64Array): void {
  const { context, colours } = sheet;
  const columns = axes.length;
  context.clearRect(0, 0, sheet.width, sheet.height);
  context.lineWidth = 1;
  context.globalAlpha = 0.35;
  context.strokeStyle = colours.line;
  context.beginPath();
  passing.forEach((one, row) => {
    if (!one) trace(sheet, columns, at, row);
  });
  context.stroke();
  const many = passing.length > 300;
  context.globalAlpha = many ? 0.55 : 0.8;
  context.lineWidth = many ? 1 : 1.4;
  passing.forEach((one, row) => {
    if (!one) return;
    const place = tint[row] ?? Number.NaN;
    context.strokeStyle = Number.isNaN(place) ? colours.strong : viridis(place);
    context.beginPath();
    trace(sheet, columns, at, row);
    context.stroke();
  });
  context.globalAlpha = 1;
}

function strokeOne(sheet: Sheet, columns: number, at: Placed, row: number, colour: string): void {
  const { context, colours } = sheet;
  for (const [width, style] of [[5, colours.bg], [2.4, colour]] as const) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.beginPath();
    trace(sheet, columns, at, row);
    context.stroke();
  }
}

function paintAxes(sheet: Sheet, axes: readonly ParallelAxis[], at: Placed, brushes: readonly (readonly [number, number] | null)[]): void {
  const { context, colours } = sheet;
  const width = columnWidth(sheet.width, axes.length);
  axes.forEach((axis, column) => {
    const [x, bottom] = spot(sheet, axes.length, column, 0);
    const [, top] = spot(sheet, axes.length, column, 1);
    context.strokeStyle = colours.strong;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
    context.textAlign = column === 0 ? "left" : column === axes.length - 1 ? "right" : "center";
    context.fillStyle = colours.fg;
    const anchor = column === 0 ? x - SIDE + 4 : column === axes.length - 1 ? x + SIDE - 4 : x;
    context.fillText(fitText(context, axis.label, Math.max(40, width - 12)), anchor, 16);
    context.textAlign = column === axes.length - 1 ? "right" : "left";
    const side = column === axes.length - 1 ? -6 : 6;
    for (const mark of at.scales[column]?.marks(Math.max(3, Math.floor(sheet.height / 60))) ?? []) {
      const [, y] = spot(sheet, axes.length, column, mark.place);
      context.strokeStyle = colours.strong;
      context.beginPath();
      context.moveTo(x - 3, y);
      context.lineTo(x + 3, y);
      context.stroke();
      const text = fitText(context, mark.label, Math.max(30, width / 2 - 10));
      halo(context, text, x + side, y + 3.5, colours);
    }
    const brush = brushes[column];
    if (brush) paintBrush(sheet, axes.length, column, brush);
  });
}

function halo(context: CanvasRenderingContext2D, text: string, x: number, y: number, colours: Sheet["colours"]): void {
  context.lineWidth = 3;
  context.strokeStyle = colours.bg;
  context.strokeText(text, x, y);
  context.fillStyle = colours.fg2;
  context.fillText(text, x, y);
}

function paintBrush(sheet: Sheet, columns: number, column: number, brush: readonly [number, number]): void {
  const { context, colours } = sheet;
  const [x, top] = spot(sheet, columns, column, Math.min(1.02, brush[1]));
  const [, bottom] = spot(sheet, columns, column, Math.max(-0.02, brush[0]));
  context.fillStyle = colours.accent;
  context.globalAlpha = 0.18;
  context.fillRect(x - BRUSH_WIDTH / 2, top, BRUSH_WIDTH, Math.max(3, bottom - top));
  context.globalAlpha = 1;
  context.strokeStyle = colours.accent;
  context.lineWidth = 1;
  context.strokeRect(x - BRUSH_WIDTH / 2, top, BRUSH_WIDTH, Math.max(3, bottom - top));
}

const TIP_ROWS = 14;

function showTip(
  box: HTMLDivElement | null,
  line: ParallelLine | undefined,
  axes: readonly ParallelAxis[],
  x: number,
  y: number,
  width: number,
): void {
  if (!box) return;
  box.hidden = line === undefined;
  if (!line) return;
  const rows = axes.slice(0, TIP_ROWS).map((axis) => {
    const row = document.createElement("div");
    const [name, value] = [document.createElement("span"), document.createElement("span")];
    name.textContent = axis.label;
    value.textContent = formatValue(line.values[axis.id] ?? null);
    row.append(name, value);
    return row;
  });
  const head = document.createElement("strong");
  head.textContent = line.label;
  box.replaceChildren(head, ...rows);
  const left = x + 16 + box.offsetWidth > width ? x - box.offsetWidth - 12 : x + 16;
  box.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, y - 8)}px)`;
}
