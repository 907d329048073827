/** A run's own charts: every key it logged, in sections by prefix, read when they come near the screen. */

import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import { infiniteRunKeysQuery } from "@/api/run-keys";
import { readSeries, type Line } from "@/api/series";
import type { Run } from "@/api/types";
import { runColour, runDash } from "@/base/colours";
import { Limiter } from "@/base/limiter";
import { plural } from "@/base/numbers";
import type { ChartLine, Range } from "@/charts/geometry";
import { LineChart } from "@/charts/line-chart";
import type { XKind } from "@/charts/plot";
import { onProject } from "@/model/live";
import { useTheme } from "@/model/theme";
import { Button } from "@/widgets/controls";
import { Empty, ErrorBoundary, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";

import styles from "./panels.module.css";

export type RunX = "_step" | "_runtime" | "_timestamp";

const X_KINDS: Record<RunX, { kind: XKind; name: string }> = {
  _step: { kind: "number", name: "step" },
  _runtime: { kind: "duration", name: "time since start" },
  _timestamp: { kind: "time", name: "time" },
};

interface PanelsProps {
  run: Run;
  space: "history" | "system";
  x: RunX;
  find: string;
  log: boolean;
  empty: string;
  /** the section of a key */
  sectionOf: (key: string) => string;
}

/** Keys of labelled writers (`loss/l:3`) are drawn with the key they belong to. */
const WRITER_LABEL = /\/l:[^/]*$/;

export function Panels({ run, space, x, find, log, empty, sectionOf }: PanelsProps) {
  const keys = useInfiniteQuery({
    ...infiniteRunKeysQuery(run.entity, run.project, run.id, space, find),
    placeholderData: keepPreviousData,
  });
  const [zoom, setZoom] = useState<Range | null>(null);
  useEffect(() => setZoom(null), [x]);
  const queryClient = useQueryClient();
  useEffect(() => {
    const limiter = new Limiter(
      () => void queryClient.invalidateQueries({ queryKey: ["run-keys", run.entity, run.project, run.id] }),
      5000,
    );
    const stop = onProject(run.entity, run.project, (events) => {
      const mine = events === null || events.some((event) => event.run === run.id && (event.kind === "rows" || event.kind === "system"));
      if (mine) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [run.entity, run.project, run.id, queryClient]);

  const sections = useMemo(() => {
    const found = new Map<string, Set<string>>();
    for (const page of keys.data?.pages ?? []) {
      for (const key of page.keys) {
        if (key.kind !== "number" && key.kind !== "integer" && key.kind !== "bool") continue;
        const name = key.name.replace(WRITER_LABEL, "");
        const section = sectionOf(name);
        found.set(section, (found.get(section) ?? new Set()).add(name));
      }
    }
    return [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [keys.data, sectionOf]);

  if (keys.error) {
    return <ErrorPanel what="The metrics could not be read" error={keys.error} onRetry={() => void keys.refetch()} />;
  }
  if (keys.isPending) return <Skeleton height={240} />;
  if (sections.length === 0) {
    return <Empty title={find === "" ? empty : `No metric matches “${find}”`} />;
  }
  return (
    <div className={styles["sections"]}>
      {sections.map(([section, names]) => (
        <section key={section} aria-label={section}>
          <h2>
            {section} <span>{names.size}</span>
          </h2>
          <div className={styles["grid"]}>
            {[...names].map((name) => (
              <Panel key={name} run={run} space={space} name={name} x={x} log={log} zoom={zoom} onZoom={setZoom} />
            ))}
          </div>
        </section>
      ))}
      {keys.hasNextPage && (
        <Button onClick={() => void keys.fetchNextPage()} disabled={keys.isFetchingNextPage}>
          More metrics
        </Button>
      )}
    </div>
  );
}

interface PanelProps {
  run: Run;
  space: "history" | "system";
  name: string;
  x: RunX;
  log: boolean;
  zoom: Range | null;
  onZoom: (zoom: Range | null) => void;
}

function Panel(props: PanelProps) {
  const box = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const watcher = new IntersectionObserver((entries) => setNear(entries.some((entry) => entry.isIntersecting)), {
      rootMargin: "200px",
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return (
    <div ref={box} className={styles["panel"]}>
      <h3 title={props.name}>{props.name}</h3>
      {near && (
        <ErrorBoundary what="This panel failed" resetKey={props.name}>
          <PanelChart {...props} />
        </ErrorBoundary>
      )}
    </div>
  );
}

const BUCKETS = 500;

function PanelChart({ run, space, name, x, log, zoom, onZoom }: PanelProps) {
  const theme = useTheme((state) => state.theme);
  const key = ["run-series", run.entity, run.project, run.id, space, name, x, zoom] as const;
  const series = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      readSeries(
        run.entity,
        run.project,
        { runs: [run.id], keys: [name], x, range: zoom ? [zoom[0], zoom[1]] : [null, null], buckets: BUCKETS, space },
        signal,
      ),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
  useFresh(run, space, series.refetch);
  const lines = useMemo(
    () => (series.data?.lines ?? []).map((line) => chartLine(line, run, theme)),
    [series.data, run, theme],
  );
  if (series.error) {
    return <ErrorPanel what="This chart could not be read" error={series.error} onRetry={() => void series.refetch()} />;
  }
  if (!series.data) return <LoadingBar />;
  const { kind, name: xName } = X_KINDS[x];
  if (lines.length === 0) return <p className={styles["none"]}>No points {zoom ? "in this range" : "yet"}.</p>;
  return (
    <>
      {series.isFetching && series.isPlaceholderData && <LoadingBar />}
      <LineChart title={name} lines={lines} xKind={kind} xName={xName} log={log} zoom={zoom} onZoom={(range) => onZoom(range)} />
      <span className={styles["total"]}>{plural(lines[0]?.total ?? 0, "point")}</span>
    </>
  );
}

/** Read again when rows of this run arrive, at most once a second. */
function useFresh(run: Run, space: "history" | "system", again: () => unknown): void {
  const latest = useRef(again);
  useEffect(() => {
    latest.current = again;
  });
  useEffect(() => {
    const limiter = new Limiter(() => void latest.current(), 1000);
    const kind = space === "history" ? "rows" : "system";
    const stop = onProject(run.entity, run.project, (events) => {
      if (events === null || events.some((event) => event.run === run.id && event.kind === kind)) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [run.entity, run.project, run.id, space]);
}

function chartLine(line: Line, run: Run, theme: "light" | "dark"): ChartLine {
  return {
    id: run.id,
    label: line.members > 1 ? `${run.display_name} (${line.members} processes)` : run.display_name,
    colour: runColour(run.colour, theme),
    dash: runDash(run.colour),
    x: line.x,
    y: line.mean,
    raw: null,
    low: line.min,
    high: line.max,
    exact: line.exact,
    total: line.total,
    members: line.members,
    pinned: false,
  };
}
