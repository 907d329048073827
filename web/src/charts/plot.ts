/**
 * A line chart without React: uPlot gives the scales, axes, crosshair and drag; the lines are drawn
 * here, straight from each line's own columns. So lines with different x need no common grid.
 *
 * Lines have a canvas of their own over uPlot's. The first hover keeps a picture of it; from then on
 * a hover copies the picture, faded, and strokes one line: stroking thirty anew in each of nine panels
 * took 110 ms a move. Without a hover no picture is made, since copying makes the browser draw at once
 * what it would draw later beside the page (a third of a core while live).
 */

import uPlot from "uplot";

import { formatTick } from "@/base/numbers";
import { formatDuration } from "@/base/time";

import { draw, forget } from "./frames";
import { nearestIndex, widen, xRange, yRange, type ChartLine, type Range } from "./geometry";
import { fillBand, linePaths, strokeLine, type LinePaths } from "./line-paths";

export type XKind = "number" | "time" | "duration";

export interface PlotView {
  lines: readonly ChartLine[];
  xKind: XKind;
  /** charts with the same name share the crosshair */
  xName: string;
  log: boolean;
  ignoreOutliers: boolean;
  /** of x; null: all of it */
  zoom: Range | null;
  /** of y, by hand; null: by the data */
  yZoom: Range | null;
  hovered: string | null;
}

export interface Near {
  line: ChartLine;
  index: number;
  /** pixels between the pointer and the point, upright */
  distance: number;
  left: number;
  top: number;
}

export interface PlotEvents {
  /** null: back to all of it */
  onZoom: (x: Range | null, y: Range | null) => void;
  /** lines by nearness, nearest first; null when the pointer left. left and top: CSS px in the plot. */
  onPoint: (near: Near[] | null, left: number, top: number) => void;
  onPick: (id: string) => void;
  /** after each drawing: what has to be said beside the chart */
  onDrawn: (notes: { notPositive: number; cut: boolean }) => void;
}

function fit(canvas: HTMLCanvasElement, { width, height }: { width: number; height: number }): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** Marks of a log axis are powers and their small multiples; the end of the range is neither. */
function short(tick: number): boolean {
  const mantissa = tick / Math.pow(10, Math.floor(Math.log10(tick)));
  return Math.abs(mantissa - Math.round(mantissa)) < 1e-9;
}

const BANDS_MAX = 8;
const NEAR_PX = 48;

export class LinePlot {
  private readonly plot: uPlot;
  private readonly resize: ResizeObserver;
  private readonly sheet = document.createElement("canvas");
  private readonly picture = document.createElement("canvas");
  private paths = new Map<ChartLine, LinePaths>();
  private scaleKey = "";
  /** The picture shows the lines as they are now. */
  private pictured = false;
  /** The sheet shows all lines at full strength. */
  private plain = false;
  private inside = false;
  private readonly compose = () => this.show();

  constructor(
    private readonly host: HTMLElement,
    private view: PlotView,
    private readonly events: PlotEvents,
  ) {
    this.plot = new uPlot(this.options(), this.data(), host);
    const over = this.plot.over;
    this.sheet.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
    over.prepend(this.sheet);
    over.addEventListener("pointerenter", () => (this.inside = true));
    over.addEventListener("pointerleave", () => {
      this.inside = false;
      this.events.onPoint(null, 0, 0);
    });
    let down: { x: number; y: number } | null = null;
    over.addEventListener("pointerdown", (event) => (down = { x: event.clientX, y: event.clientY }));
    over.addEventListener("pointerup", (event) => {
      if (!down || Math.hypot(event.clientX - down.x, event.clientY - down.y) > 4) return;
      const first = this.near(event.offsetX, event.offsetY)[0];
      if (first && first.distance < NEAR_PX / 2) this.events.onPick(first.line.id);
    });
    this.resize = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = host;
      if (clientWidth > 0 && (clientWidth !== this.plot.width || clientHeight !== this.plot.height)) {
        this.plot.setSize({ width: clientWidth, height: clientHeight });
      }
    });
    this.resize.observe(host);
  }

  /** New data or another look; a change of hover alone only redraws. */
  update(view: PlotView): void {
    const before = this.view;
    this.view = view;
    if (before.lines !== view.lines) {
      const kept = new Set(view.lines);
      for (const line of this.paths.keys()) if (!kept.has(line)) this.paths.delete(line);
    }
    const { lines, zoom, yZoom, ignoreOutliers } = view;
    const same =
      before.lines === lines && before.zoom === zoom && before.yZoom === yZoom && before.ignoreOutliers === ignoreOutliers;
    if (same) draw(this.compose);
    else this.plot.setData(this.data());
  }

  hover(id: string | null): void {
    if (this.view.hovered === id) return;
    const before = this.lit();
    this.view = { ...this.view, hovered: id };
    if (this.lit() !== before) draw(this.compose);
  }

  /** All that is drawn, on one canvas, for copies. */
  image(): HTMLCanvasElement {
    const { canvas } = this.plot.ctx;
    const whole = document.createElement("canvas");
    whole.width = canvas.width;
    whole.height = canvas.height;
    const ctx = whole.getContext("2d");
    ctx?.drawImage(canvas, 0, 0);
    ctx?.drawImage(this.plain ? this.sheet : this.picture, this.plot.bbox.left, this.plot.bbox.top);
    return whole;
  }

  /** Pixel positions, for pictures made of shapes. */
  get frame(): uPlot {
    return this.plot;
  }

  destroy(): void {
    forget(this.compose);
    this.resize.disconnect();
    this.plot.destroy();
  }

  /** uPlot needs some data to scale by; the ranges below say what it scales to. */
  private data(): uPlot.AlignedData {
    const [lo, hi] = this.xWindow();
    return [
      [lo, hi],
      [null, null],
    ];
  }

  private xWindow(): Range {
    return widen(this.view.zoom ?? xRange(this.view.lines) ?? [0, 1]);
  }

  private yWindow(): Range {
    const { yZoom, lines, log, ignoreOutliers } = this.view;
    const { range, notPositive, cut } = yRange(lines, this.xWindow(), { log, ignoreOutliers });
    this.events.onDrawn({ notPositive, cut: cut && !yZoom });
    const wanted = yZoom ?? range ?? (log ? [0.1, 10] : [0, 1]);
    return log && wanted[0] <= 0 ? [Math.min(wanted[1], 1e-9), wanted[1]] : wanted;
  }

  private options(): uPlot.Options {
    const style = getComputedStyle(this.host);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--fg2"),
      font: `11px ${colour("--sans") || "sans-serif"}`,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1, size: 4 },
      gap: 4,
    };
    const { xKind, log } = this.view;
    return {
      width: Math.max(50, this.host.clientWidth),
      height: Math.max(50, this.host.clientHeight),
      padding: [8, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: xKind === "time", range: () => [...this.xWindow()] as [number, number] },
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a const enum of uPlot's types
        y: { distr: log ? 3 : 1, range: () => [...this.yWindow()] as [number, number] },
      },
      axes: [
        {
          ...axis,
          size: 26,
          ...(xKind === "number" && { values: (_, ticks) => ticks.map((tick) => formatTick(tick)) }),
          ...(xKind === "duration" && {
            values: (_, ticks) => ticks.map((tick) => formatDuration(tick)),
            space: 72,
          }),
        },
        {
          ...axis,
          size: (_, values) => 16 + 6.4 * Math.max(2, ...((values as string[] | null) ?? []).map((text) => text.length)),
          values: (_, ticks) => ticks.map((tick: number | null) => (tick === null || (log && !short(tick)) ? "" : formatTick(tick))),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        sync: {
          key: `x:${this.view.xName}`,
          setSeries: false,
          filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
        },
        bind: {
          mousedown: (u, _, handler) => (event) => {
            if (u.cursor.drag) u.cursor.drag.y = event.shiftKey;
            return handler(event);
          },
          dblclick: () => () => {
            this.events.onZoom(null, null);
            return null;
          },
        },
      },
      hooks: {
        draw: [() => this.paint()],
        setSelect: [(u) => this.selected(u)],
        setCursor: [(u) => this.pointed(u)],
      },
    };
  }

  private selected(u: uPlot): void {
    const { left, top, width, height } = u.select;
    const tall = u.cursor.drag?.y === true && height > 4;
    if (width > 4 || tall) {
      const x: Range = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
      const y: Range | null = tall ? [u.posToVal(top + height, "y"), u.posToVal(top, "y")] : null;
      this.events.onZoom(width > 4 ? x : this.view.zoom, y);
    }
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  private pointed(u: uPlot): void {
    if (!this.inside) return;
    const left = u.cursor.left ?? -1;
    const top = u.cursor.top ?? -1;
    if (left < 0) this.events.onPoint(null, 0, 0);
    else this.events.onPoint(this.near(left, top), left, top);
  }

  /** The point of each line nearest to the pointer's x, by its distance upright. */
  private near(left: number, top: number): Near[] {
    const u = this.plot;
    const at = u.posToVal(left, "x");
    const slack = Math.abs(u.posToVal(left + 8, "x") - at);
    const found: Near[] = [];
    for (const line of this.view.lines) {
      const { x, y } = line;
      if (x.length === 0 || at < (x[0] ?? 0) - slack || at > (x[x.length - 1] ?? 0) + slack) continue;
      const index = nearestIndex(x, y, at);
      if (index < 0) continue;
      const py = u.valToPos(y[index] ?? 0, "y");
      found.push({ line, index, distance: Math.abs(py - top), left: u.valToPos(x[index] ?? 0, "x"), top: py });
    }
    return found.sort((a, b) => a.distance - b.distance);
  }

  // --- drawing -----------------------------------------------------------------------------------

  private lit(): string | null {
    const { lines, hovered } = this.view;
    return hovered !== null && lines.some((line) => line.id === hovered) ? hovered : null;
  }

  /** All lines at full strength, on the picture; called when scales, size or data changed. */
  private paint(): void {
    const { bbox } = this.plot;
    const ratio = uPlot.pxRatio;
    const { lines } = this.view;
    const [x, y] = [this.plot.scales["x"], this.plot.scales["y"]];
    const key = [x?.min, x?.max, y?.min, y?.max, bbox.width, bbox.height, ratio].join();
    if (key !== this.scaleKey) {
      this.scaleKey = key;
      this.paths.clear();
    }
    fit(this.sheet, bbox);
    const ctx = this.sheet.getContext("2d");
    if (!ctx) return;
    ctx.clearRect(0, 0, bbox.width, bbox.height);
    ctx.lineJoin = "round";
    for (const line of lines) {
      if (lines.length <= BANDS_MAX || line.pinned || line.members > 1) fillBand(ctx, line, this.pathsOf(line));
    }
    for (const line of lines) strokeLine(ctx, line, this.pathsOf(line), 1.4 * ratio, ratio);
    this.plain = true;
    this.pictured = false;
    if (this.lit() !== null) this.show();
  }

  /** All lines as they are, or faded with the lit one over them. */
  private show(): void {
    const lit = this.lit();
    const ctx = this.sheet.getContext("2d");
    if (!ctx || this.sheet.width === 0 || this.sheet.height === 0 || (lit === null && this.plain)) return;
    if (!this.pictured) this.keepPicture();
    ctx.clearRect(0, 0, this.sheet.width, this.sheet.height);
    ctx.globalAlpha = lit === null ? 1 : 0.35;
    ctx.drawImage(this.picture, 0, 0);
    ctx.globalAlpha = 1;
    ctx.lineJoin = "round";
    for (const line of this.view.lines) {
      if (line.id !== lit) continue;
      fillBand(ctx, line, this.pathsOf(line));
      strokeLine(ctx, line, this.pathsOf(line), 2.4 * uPlot.pxRatio, uPlot.pxRatio);
    }
    this.plain = lit === null;
  }

  private keepPicture(): void {
    fit(this.picture, this.sheet);
    const ctx = this.picture.getContext("2d");
    ctx?.clearRect(0, 0, this.picture.width, this.picture.height);
    ctx?.drawImage(this.sheet, 0, 0);
    this.pictured = true;
  }

  private pathsOf(line: ChartLine): LinePaths {
    const known = this.paths.get(line);
    if (known) return known;
    const { bbox, scales } = this.plot;
    const [x, y] = [scales["x"], scales["y"]];
    // The lines' own canvas covers the plot's inside only.
    const made = linePaths(line, {
      width: bbox.width,
      height: bbox.height,
      x: [x?.min ?? 0, x?.max ?? 1],
      y: [y?.min ?? 0, y?.max ?? 1],
      log: this.view.log,
      ratio: uPlot.pxRatio,
    });
    this.paths.set(line, made);
    return made;
  }
}
