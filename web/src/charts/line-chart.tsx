/** React's end of a line chart: makes the plot, hands it what changed, takes it away. */

import "uplot/dist/uPlot.min.css";

import { useEffect, useImperativeHandle, useRef, type Ref } from "react";

import { useHover } from "@/model/hover";
import { useTheme } from "@/model/theme";

import { summarise, type ChartLine, type Range } from "./geometry";
import styles from "./line-chart.module.css";
import { LinePlot, type XKind } from "./plot";
import { Tooltip } from "./tooltip";

const HOVER_PX = 40;

export interface LineChartHandle {
  plot: () => LinePlot | null;
}

export interface LineChartProps {
  title: string;
  lines: readonly ChartLine[];
  xKind: XKind;
  /** as people read it: `step`, `time`, `epoch` */
  xName: string;
  log?: boolean;
  ignoreOutliers?: boolean;
  zoom?: Range | null;
  yZoom?: Range | null;
  onZoom?: (x: Range | null, y: Range | null) => void;
  onPick?: (id: string) => void;
  onNotes?: (notes: { notPositive: number; cut: boolean }) => void;
  ref?: Ref<LineChartHandle>;
}

export function LineChart(props: LineChartProps) {
  const { title, lines, xKind, xName, log = false, ignoreOutliers = false, zoom = null, yZoom = null, ref } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<LinePlot | null>(null);
  const theme = useTheme((state) => state.theme);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useImperativeHandle(ref, () => ({ plot: () => plot.current }), []);

  // Only another scale type, x or theme makes a new plot: these are fixed when uPlot is made.
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const tooltip = new Tooltip(element);
    const now = latest.current;
    const made = new LinePlot(
      element,
      {
        lines: now.lines,
        xKind,
        xName,
        log,
        ignoreOutliers: now.ignoreOutliers ?? false,
        zoom: now.zoom ?? null,
        yZoom: now.yZoom ?? null,
        hovered: useHover.getState().run,
      },
      {
        onZoom: (x, y) => latest.current.onZoom?.(x, y),
        onPick: (id) => latest.current.onPick?.(id),
        onDrawn: (notes) => latest.current.onNotes?.(notes),
        onPoint: (near, left, top) => {
          const first = near?.[0];
          useHover.getState().set(first && first.distance <= HOVER_PX ? first.line.id : null);
          if (near) tooltip.show(near, xKind, xName, left, top, made.frame.over);
          else tooltip.hide();
        },
      },
    );
    plot.current = made;
    const stop = useHover.subscribe((state) => made.hover(state.run));
    return () => {
      stop();
      plot.current = null;
      made.destroy();
      element.replaceChildren();
    };
  }, [xKind, xName, log, theme]);

  useEffect(() => {
    plot.current?.update({ lines, xKind, xName, log, ignoreOutliers, zoom, yZoom, hovered: useHover.getState().run });
  }, [lines, xKind, xName, log, ignoreOutliers, zoom, yZoom]);

  return (
    <div className={styles["chart"]} role="img" aria-label={summarise(title, lines, xName)}>
      <div ref={host} className={styles["host"]} />
    </div>
  );
}
