/** Histograms: over steps as a heat map, at one step as bars. Plain data in, pixels out. */

import { useEffect, useRef, useState, type ReactNode } from "react";

import type { Histogram } from "@/base/media";
import { formatCount, formatNumber, formatTick } from "@/base/numbers";
import { viridis } from "@/base/ramp";
import { useTheme } from "@/model/theme";

import styles from "./histograms.module.css";

export interface HistogramAt {
  step: number;
  histogram: Histogram;
}

const LEFT = 52;
const BOTTOM = 22;
const ROWS = 96;

interface Frame {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  fg: string;
  line: string;
  accent: string;
}

/** A canvas that is drawn again when its size, the theme or what is drawn changes. */
function Canvas({ label, draw, onPoint, children }: {
  label: string;
  draw: (frame: Frame) => void;
  onPoint?: (x: number, y: number, width: number, height: number) => ReactNode;
  children?: ReactNode;
}) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [tip, setTip] = useState<{ left: number; top: number; content: ReactNode } | null>(null);
  const theme = useTheme((state) => state.theme);
  useEffect(() => {
    if (!host.current) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: Math.round(entry.contentRect.width), height: Math.round(entry.contentRect.height) });
    });
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || size.width < LEFT + 10 || size.height < BOTTOM + 10) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = size.width * ratio;
    element.height = size.height * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(element);
    context.font = "11px 'Inter Variable', sans-serif";
    draw({
      context,
      ...size,
      fg: style.getPropertyValue("--fg2"),
      line: style.getPropertyValue("--line"),
      accent: style.getPropertyValue("--accent"),
    });
  }, [size, draw, theme]);
  return (
    <div
      ref={host}
      className={styles["host"]}
      role="img"
      aria-label={label}
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const [x, y] = [event.clientX - box.left, event.clientY - box.top];
        const content = onPoint?.(x, y, size.width, size.height);
        setTip(content === undefined || content === null ? null : { left: x, top: y, content });
      }}
      onPointerLeave={() => setTip(null)}
    >
      <canvas ref={canvas} />
      {tip && (
        <div className={styles["tip"]} style={{ left: Math.min(tip.left + 12, size.width - 150), top: Math.max(0, tip.top - 34) }}>
          {tip.content}
        </div>
      )}
      {children}
    </div>
  );
}

export interface HeatMapProps {
  title: string;
  /** steps rising */
  columns: readonly HistogramAt[];
  /** marked with a line */
  step: number | null;
}

/** Steps to the right, values upwards, brightness by the share of the step's values. */
export function HistogramMap({ title, columns, step }: HeatMapProps) {
  const range = rangeOf(columns);
  const [first, last] = [columns[0]?.step ?? 0, columns.at(-1)?.step ?? 0];
  const grid = columns.map((one) => resampled(one.histogram, range, ROWS));
  const top = Math.max(...grid.flat(), 1e-12);
  const draw = ({ context, width, height, fg, line, accent }: Frame) => {
    const [w, h] = [width - LEFT - 8, height - BOTTOM - 6];
    const image = context.createImageData(columns.length || 1, ROWS);
    grid.forEach((column, x) => {
      column.forEach((share, row) => {
        const at = ((ROWS - 1 - row) * image.width + x) * 4;
        // The root shows the thin tails beside the peak.
        const colour = viridis(Math.sqrt(share / top));
        image.data.set([...colour, share > 0 ? 255 : 0], at);
      });
    });
    const scratch = document.createElement("canvas");
    scratch.width = image.width;
    scratch.height = ROWS;
    scratch.getContext("2d")?.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(scratch, LEFT, 4, w, h);
    axes(context, { w, h, fg, line, x: [first, last], y: range });
    if (step !== null && columns.length > 0) {
      const at = columns.findLastIndex((one) => one.step <= step);
      if (at >= 0) {
        context.strokeStyle = accent;
        context.lineWidth = 2;
        const x = LEFT + ((at + 0.5) * w) / columns.length;
        context.beginPath();
        context.moveTo(x, 4);
        context.lineTo(x, 4 + h);
        context.stroke();
      }
    }
  };
  const latest = columns.at(-1);
  return (
    <Canvas
      label={`${title}: distribution over ${columns.length} steps from ${first} to ${last}, values ${formatNumber(range[0])} to ${formatNumber(range[1])}${latest ? `, ${formatCount(total(latest.histogram))} values at the last` : ""}`}
      draw={useLatest(draw, [columns, step])}
      onPoint={(x, y, width, height) => {
        const at = Math.floor(((x - LEFT) / (width - LEFT - 8)) * columns.length);
        const part = 1 - (y - 4) / (height - BOTTOM - 6);
        const column = columns[at];
        if (!column || part < 0 || part >= 1) return null;
        const value = range[0] + part * (range[1] - range[0]);
        return `step ${formatCount(column.step)} · value ${formatNumber(value)} · ${formatNumber((grid[at]?.[Math.floor(part * ROWS)] ?? 0) * 100, 3)} %`;
      }}
    />
  );
}

/** One histogram as bars of their own widths; the area is the count. */
export function HistogramBars({ title, histogram, colour }: { title: string; histogram: Histogram; colour: string }) {
  const { counts, edges } = histogram;
  const range: readonly [number, number] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  const density = counts.map((count, at) => count / ((edges[at + 1] ?? 0) - (edges[at] ?? 0) || 1));
  const top = Math.max(...density, 1e-300);
  const draw = ({ context, width, height, fg, line }: Frame) => {
    const [w, h] = [width - LEFT - 8, height - BOTTOM - 6];
    const place = (value: number) => LEFT + ((value - range[0]) / (range[1] - range[0] || 1)) * w;
    context.fillStyle = colour;
    density.forEach((one, at) => {
      const [a, b] = [place(edges[at] ?? 0), place(edges[at + 1] ?? 0)];
      const tall = (one / top) * h;
      context.fillRect(a, 4 + h - tall, Math.max(1, b - a - 0.5), tall);
    });
    axes(context, { w, h, fg, line, x: range, y: [0, Math.max(...counts, 0)] });
  };
  return (
    <Canvas
      label={`${title}: ${formatCount(total(histogram))} values in ${counts.length} bins from ${formatNumber(range[0])} to ${formatNumber(range[1])}`}
      draw={useLatest(draw, [histogram, colour])}
      onPoint={(x, _y, width) => {
        const value = range[0] + ((x - LEFT) / (width - LEFT - 8)) * (range[1] - range[0]);
        const at = edges.findLastIndex((edge) => edge <= value);
        if (at < 0 || at >= counts.length) return null;
        return `${formatNumber(edges[at] ?? 0)} to ${formatNumber(edges[at + 1] ?? 0)}: ${formatNumber(counts[at] ?? 0)}`;
      }}
    />
  );
}

/** The first of equal functions, so that the canvas is drawn only when `deps` change. */
function useLatest<T>(value: T, deps: readonly unknown[]): T {
  const kept = useRef({ value, deps });
  if (deps.some((one, at) => one !== kept.current.deps[at])) kept.current = { value, deps };
  return kept.current.value;
}

function axes(
  context: CanvasRenderingContext2D,
  { w, h, fg, line, x, y }: { w: number; h: number; fg: string; line: string; x: readonly [number, number]; y: readonly [number, number] },
) {
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.strokeRect(LEFT + 0.5, 4.5, w, h);
  context.fillStyle = fg;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const part of [0, 0.5, 1]) context.fillText(formatNumber(y[0] + part * (y[1] - y[0]), 3), LEFT - 6, 4 + h - part * h + (part === 1 ? 5 : part === 0 ? -4 : 0));
  context.textBaseline = "top";
  for (const part of [0, 0.5, 1]) {
    context.textAlign = part === 0 ? "left" : part === 1 ? "right" : "center";
    context.fillText(formatTick(x[0] + part * (x[1] - x[0])), LEFT + part * w, h + 10);
  }
}

export function rangeOf(columns: readonly HistogramAt[]): readonly [number, number] {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { histogram } of columns) {
    lo = Math.min(lo, histogram.edges[0] ?? lo);
    hi = Math.max(hi, histogram.edges.at(-1) ?? hi);
  }
  if (!(lo < hi)) return Number.isFinite(lo) ? [lo - 0.5, lo + 0.5] : [0, 1];
  return [lo, hi];
}

/** Shares of a histogram in `rows` equal parts of a range; they add up to 1 where the range holds it all. */
export function resampled({ counts, edges }: Histogram, [lo, hi]: readonly [number, number], rows: number): number[] {
  const out = new Array<number>(rows).fill(0);
  const all = counts.reduce((sum, one) => sum + one, 0) || 1;
  const size = (hi - lo) / rows;
  counts.forEach((count, at) => {
    const [a, b] = [edges[at] ?? lo, edges[at + 1] ?? hi];
    if (count === 0) return;
    const [first, last] = [Math.floor((a - lo) / size), Math.floor((b - lo) / size)];
    for (let row = Math.max(0, first); row <= Math.min(rows - 1, last); row++) {
      const inside = Math.min(b, lo + (row + 1) * size) - Math.max(a, lo + row * size);
      const part = b > a ? Math.max(0, inside) / (b - a) : row === Math.min(rows - 1, first) ? 1 : 0;
      out[row] = (out[row] ?? 0) + (part * count) / all;
    }
  });
  return out;
}

function total(histogram: Histogram): number {
  return histogram.counts.reduce((sum, one) => sum + one, 0);
}
