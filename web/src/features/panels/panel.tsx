/** One metric of the drawn runs: its own query, its own error, its own settings. */

import { Ellipsis, Lock, Pin, PinOff, Table } from "lucide-react";
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { ChartLine, Range } from "@/charts/geometry";
import { LineChart, type LineChartHandle } from "@/charts/line-chart";
import type { Drawn } from "@/model/drawn";
import { useTheme } from "@/model/theme";
import { toast } from "@/model/toasts";
import type { PanelSettings, WorkspaceSpec } from "@/model/workspace/spec";
import { Button, IconButton } from "@/widgets/controls";
import { copyText, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Menu, MenuItem } from "@/widgets/overlays";
import { FullScreenButton, Panel, PanelHead, PanelWords } from "@/widgets/panel";

import { xKind, xLabel, xName } from "./axis";
import { DataTable } from "./data-table";
import { chartLines, thinningWords } from "./lines";
import styles from "./panel.module.css";
import { PanelSettingsButton } from "./settings";
import { useSeries, type Space } from "./use-series";

export type Look = Pick<WorkspaceSpec, "x" | "smoothing" | "log" | "outliers" | "zoom">;

export interface PanelProps {
  entity: string;
  project: string;
  space: Space;
  metric: string;
  drawn: Drawn;
  look: Look;
  settings: PanelSettings;
  /** x where the look leaves it to the metric */
  autoX?: string;
  pinned: boolean;
  full?: boolean;
  onZoom: (zoom: [number, number] | null) => void;
  onSettings: (settings: PanelSettings) => void;
  onX: (x: string) => void;
  onPin?: () => void;
  onFull?: () => void;
  onPickRun?: (run: string) => void;
}

export function LinePanel(props: PanelProps) {
  return (
    <Panel title={props.metric}>
      <PanelBody {...props} />
    </Panel>
  );
}

function PanelBody({ entity, project, space, metric, drawn, look, settings, autoX = "_step", pinned, full = false, ...on }: PanelProps) {
  const theme = useTheme((state) => state.theme);
  const body = useRef<HTMLDivElement>(null);
  const chart = useRef<LineChartHandle>(null);
  const width = useWidth(body);
  const [ownZoom, setOwnZoom] = useState<[number, number] | null>(null);
  const [yZoom, setYZoom] = useState<Range | null>(null);
  const [notes, setNotes] = useState({ notPositive: 0, cut: false });
  const [table, setTable] = useState(false);

  const x = settings.x ?? (look.x === "auto" ? autoX : look.x);
  // Panels over another x than the others have a zoom of their own.
  const alone = settings.locked === true || x !== (look.x === "auto" ? "_step" : look.x);
  const zoom = alone ? ownZoom : look.zoom;
  const smoothing = settings.smoothing ?? look.smoothing;
  const log = settings.log ?? look.log;
  const outliers = settings.outliers ?? look.outliers;

  const { query, cancel } = useSeries({ entity, project, space, metric, x, zoom, width, drawn });
  const series = query.data;
  const lines = useMemo(
    () => (series ? chartLines(series, drawn, smoothing, theme) : []),
    [series, drawn, smoothing, theme],
  );
  // The head does not draw anew with each point: it asks for the lines when they are wanted.
  const latestLines = useRef(lines);
  useEffect(() => {
    latestLines.current = lines;
  });
  const linesOf = useCallback(() => latestLines.current, []);
  const words = [
    series && thinningWords(series, drawn.groups.length > 0),
    notes.cut && "outliers left out",
    log && notes.notPositive > 0 && `${notes.notPositive} values ≤ 0 are not on the log scale`,
    x !== look.x && x !== "_step" && `over ${xLabel(x)}`,
  ].filter(Boolean);
  const shownX = series?.x ?? x;
  const zoomTo = (range: Range | null, y: Range | null) => {
    const next: [number, number] | null = range && range[0] < range[1] ? [range[0], range[1]] : null;
    setYZoom(y);
    if (alone) setOwnZoom(next);
    else if (next?.[0] !== look.zoom?.[0] || next?.[1] !== look.zoom?.[1]) on.onZoom(next);
  };
  const onNotes = (next: { notPositive: number; cut: boolean }) => {
    // Said while drawing: only a change may reach React.
    setNotes((old) => (old.notPositive === next.notPositive && old.cut === next.cut ? old : next));
  };

  return (
    <>
      <Head
        entity={entity}
        project={project}
        metric={metric}
        settings={settings}
        pinned={pinned}
        full={full}
        x={xName(x)}
        log={log}
        chart={chart}
        linesOf={linesOf}
        onTable={setTable}
        onSettings={on.onSettings}
        onPin={on.onPin}
        onFull={on.onFull}
      />
      <div ref={body} className={styles["body"]}>
        {query.isPlaceholderData && <LoadingBar label={`Loading ${metric}`} />}
        {query.error && series === undefined ? (
          <div className={styles["error"]}>
            <ErrorPanel what={`${metric} could not be read`} error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ) : drawn.runs.length + drawn.groups.length === 0 ? (
          <PanelWords>No run is shown. Open a run’s eye in the list.</PanelWords>
        ) : series === undefined ? (
          <Waiting what={metric} query={query} onCancel={cancel} />
        ) : lines.length === 0 ? (
          <NoLines metric={metric} x={x} other={series.noDataX.includes(metric)} zoomed={zoom !== null} onX={(next) => (look.x === "auto" ? on.onSettings({ ...settings, x: next }) : on.onX(next))} onBack={() => zoomTo(null, null)} />
        ) : (
          <LineChart
            ref={chart}
            title={metric}
            lines={lines}
            xKind={xKind(shownX)}
            xName={xName(shownX)}
            log={log}
            ignoreOutliers={outliers}
            zoom={zoom}
            yZoom={yZoom ?? settings.y ?? null}
            onZoom={zoomTo}
            onNotes={onNotes}
            {...(on.onPickRun && { onPick: on.onPickRun })}
          />
        )}
      </div>
      <footer className={styles["notes"]} title={words.join(" · ")}>
        {words.join(" · ")}
      </footer>
      {table && <DataTable title={metric} lines={lines} xName={xName(shownX)} open onOpenChange={setTable} />}
    </>
  );
}

const Head = memo(function Head({
  entity,
  project,
  metric,
  settings,
  pinned,
  full,
  x,
  log,
  chart,
  linesOf,
  onTable,
  onSettings,
  onPin,
  onFull,
}: Pick<PanelProps, "entity" | "project" | "metric" | "settings" | "pinned" | "onSettings"> & {
  full: boolean;
  x: string;
  log: boolean;
  chart: React.RefObject<LineChartHandle | null>;
  linesOf: () => readonly ChartLine[];
  onTable: (open: boolean) => void;
  onPin: (() => void) | undefined;
  onFull: (() => void) | undefined;
}) {
  return (
    <PanelHead title={metric} beside={settings.locked && <Lock size={12} aria-label="Zoom is locked" className={styles["mark"]} />}>
      {onPin && (
        <IconButton small label={pinned ? `Unpin ${metric}` : `Pin ${metric} to the top`} onClick={onPin}>
          {pinned ? <PinOff size={14} aria-hidden /> : <Pin size={14} aria-hidden />}
        </IconButton>
      )}
      <PanelSettingsButton entity={entity} project={project} title={metric} settings={settings} onChange={onSettings} />
      {onFull && <FullScreenButton title={metric} full={full} onClick={onFull} />}
      <CopyMenu metric={metric} x={x} log={log} chart={chart} linesOf={linesOf} onTable={() => onTable(true)} />
    </PanelHead>
  );
});

function NoLines({
  metric,
  x,
  other,
  zoomed,
  onX,
  onBack,
}: {
  metric: string;
  x: string;
  other: boolean;
  zoomed: boolean;
  onX: (x: string) => void;
  onBack: () => void;
}) {
  if (other) {
    return (
      <PanelWords>
        <span>
          No data for this x axis: {metric} was logged, but never together with {xLabel(x)}.
        </span>
        <Button small onClick={() => onX("_step")}>
          Draw it over step
        </Button>
      </PanelWords>
    );
  }
  if (zoomed) {
    return (
      <PanelWords>
        <span>Nothing was logged in this range.</span>
        <Button small onClick={onBack}>
          Show all of it
        </Button>
      </PanelWords>
    );
  }
  return <PanelWords>None of the runs shown logged {metric}.</PanelWords>;
}

const LONG_MS = 10_000;

/** The chart's own shape; after ten seconds in words, with a way out. */
function Waiting({
  what,
  query,
  onCancel,
}: {
  what: string;
  query: ReturnType<typeof useSeries>["query"];
  onCancel: () => void;
}) {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, []);
  if (long && query.fetchStatus === "idle") {
    return (
      <PanelWords>
        <span>{what} was not loaded</span>
        <Button small onClick={() => void query.refetch()}>
          Load it
        </Button>
      </PanelWords>
    );
  }
  return (
    <>
      <div className={styles["fill"]}>
        <Skeleton height="100%" />
      </div>
      {long && (
        <PanelWords>
          <span>Still loading {what}</span>
          <Button small onClick={onCancel}>
            Cancel
          </Button>
        </PanelWords>
      )}
    </>
  );
}

function CopyMenu({
  metric,
  x,
  log,
  chart,
  linesOf,
  onTable,
}: {
  metric: string;
  x: string;
  log: boolean;
  chart: React.RefObject<LineChartHandle | null>;
  linesOf: () => readonly ChartLine[];
  onTable: () => void;
}) {
  const picture = async (kind: "png" | "svg") => {
    const plot = chart.current?.plot();
    if (!plot) return;
    const { copyPicture, save, toPng, toSvg } = await import("@/charts/export");
    if (kind === "svg") {
      save(new Blob([toSvg(plot, metric, linesOf(), log)], { type: "image/svg+xml" }), `${metric}.svg`);
      toast(`${metric}.svg saved`, { tone: "ok" });
    } else {
      const how = await copyPicture(await toPng(plot, metric, linesOf()), `${metric}.png`);
      toast(how === "copied" ? "Picture copied" : `${metric}.png saved`, { tone: "ok" });
    }
  };
  const csv = async () => {
    const { toCsv } = await import("@/charts/export");
    await copyText(toCsv(linesOf(), x), "Data copied as CSV");
  };
  return (
    <Menu
      align="end"
      trigger={
        <IconButton small label={`More of ${metric}`}>
          <Ellipsis size={14} aria-hidden />
        </IconButton>
      }
    >
      <MenuItem onSelect={onTable}>
        <Table size={14} aria-hidden /> View data
      </MenuItem>
      <MenuItem onSelect={() => void csv()}>Copy as CSV</MenuItem>
      <MenuItem onSelect={() => void picture("png")}>Copy as PNG</MenuItem>
      <MenuItem onSelect={() => void picture("svg")}>Save as SVG</MenuItem>
      <MenuItem onSelect={() => void copyText(metric, "Name copied")}>Copy the name</MenuItem>
    </Menu>
  );
}

function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
