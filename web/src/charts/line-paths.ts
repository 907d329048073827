/** One line of a chart as paths on a canvas: made once for a size and scales, stroked as often as wanted. */

import { spikes, visible, type ChartLine, type Column, type Range } from "./geometry";

const POINTS_MAX = 60;

export interface LinePaths {
  line: Path2D;
  raw: Path2D | null;
  spikes: Path2D | null;
  band: Path2D | null;
  dots: Path2D | null;
  missing: Path2D | null;
}

/** The canvas lines are drawn on, in its own pixels, and what its edges stand for. */
export interface PathFrame {
  width: number;
  height: number;
  x: Range;
  y: Range;
  log: boolean;
  /** canvas pixels in one of the page's */
  ratio: number;
}

export function linePaths(line: ChartLine, { width, height, x, y, log, ratio }: PathFrame): LinePaths {
  const [xLo, xHi] = x;
  const scale = log ? Math.log10 : (value: number) => value;
  const [yLo, yHi] = [scale(y[0]), scale(y[1])];
  const px = (value: number) => ((value - xLo) / (xHi - xLo)) * width;
  const py = (value: number) =>
    log && value <= 0 ? height + 100 : height - ((scale(value) - yLo) / (yHi - yLo)) * height;
  const [from, to] = visible(line.x, [xLo, xHi]);
  const trace = (y: Column) => {
    const path = new Path2D();
    let open = false;
    for (let i = from; i <= to; i += 1) {
      const value = y[i] ?? Number.NaN;
      if (!Number.isFinite(value)) {
        open = false;
        continue;
      }
      if (open) path.lineTo(px(line.x[i] ?? 0), py(value));
      else path.moveTo(px(line.x[i] ?? 0), py(value));
      open = true;
    }
    return path;
  };
  const mean = line.raw ?? line.y;
  const { low, high } = line;
  let upright: Path2D | null = null;
  if (low && high) {
    for (const i of spikes(line, mean)) {
      if (i < from || i > to) continue;
      upright ??= new Path2D();
      const at = px(line.x[i] ?? 0);
      upright.moveTo(at, py(low[i] ?? 0));
      upright.lineTo(at, py(high[i] ?? 0));
    }
  }
  let dots: Path2D | null = null;
  let missing: Path2D | null = null;
  const few = line.exact && to - from < POINTS_MAX;
  for (let i = from; i <= to; i += 1) {
    const value = line.y[i] ?? Number.NaN;
    const at = px(line.x[i] ?? 0);
    if (Number.isFinite(value)) {
      const alone = !Number.isFinite(line.y[i - 1] ?? Number.NaN) && !Number.isFinite(line.y[i + 1] ?? Number.NaN);
      if (!few && !alone) continue;
      dots ??= new Path2D();
      dots.moveTo(at, py(value));
      dots.arc(at, py(value), (alone ? 2.6 : 2) * ratio, 0, 2 * Math.PI);
    } else if (at >= 0 && at <= width) {
      missing ??= new Path2D();
      const size = 3 * ratio;
      const base = height - size - 1;
      missing.moveTo(at - size, base - size);
      missing.lineTo(at + size, base + size);
      missing.moveTo(at + size, base - size);
      missing.lineTo(at - size, base + size);
    }
  }
  return {
    line: trace(line.y),
    raw: line.raw ? trace(line.raw) : null,
    spikes: upright,
    band: low && high ? bandOf(line.x, low, high, from, to, px, py) : null,
    dots,
    missing,
  };
}

function bandOf(
  x: Float64Array,
  low: Column,
  high: Column,
  from: number,
  to: number,
  px: (value: number) => number,
  py: (value: number) => number,
): Path2D {
  const path = new Path2D();
  let start = from;
  const close = (end: number) => {
    if (end <= start) return;
    for (let i = start; i < end; i += 1) {
      const [a, b] = [px(x[i] ?? 0), py(high[i] ?? 0)];
      if (i === start) path.moveTo(a, b);
      else path.lineTo(a, b);
    }
    for (let i = end - 1; i >= start; i -= 1) path.lineTo(px(x[i] ?? 0), py(low[i] ?? 0));
    path.closePath();
  };
  for (let i = from; i <= to; i += 1) {
    if (Number.isFinite(low[i] ?? Number.NaN) && Number.isFinite(high[i] ?? Number.NaN)) continue;
    close(i);
    start = i + 1;
  }
  close(to + 1);
  return path;
}

export function fillBand(ctx: CanvasRenderingContext2D, line: ChartLine, { band }: LinePaths): void {
  if (!band) return;
  ctx.globalAlpha = 0.13;
  ctx.fillStyle = line.colour;
  ctx.fill(band);
  ctx.globalAlpha = 1;
}

export function strokeLine(ctx: CanvasRenderingContext2D, line: ChartLine, paths: LinePaths, width: number, ratio: number): void {
  ctx.strokeStyle = line.colour;
  ctx.lineWidth = width;
  if (paths.raw) {
    ctx.globalAlpha = 0.25;
    ctx.setLineDash([]);
    ctx.stroke(paths.raw);
    if (paths.spikes) ctx.stroke(paths.spikes);
    ctx.globalAlpha = 1;
  }
  ctx.setLineDash(line.dash.map((part) => part * ratio));
  ctx.stroke(paths.line);
  ctx.setLineDash([]);
  if (paths.spikes && !paths.raw) {
    ctx.lineWidth = Math.max(1, width * 0.7);
    ctx.stroke(paths.spikes);
  }
  if (paths.dots) {
    ctx.fillStyle = line.colour;
    ctx.fill(paths.dots);
  }
  if (paths.missing) {
    ctx.lineWidth = 1.2 * ratio;
    ctx.stroke(paths.missing);
  }
}
