/** One key's media of the runs shown: at the shared step, over steps, or two against each other. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState, type ReactNode } from "react";

import { mediaQuery, type MediaKey, type MediaSeries, type MediaValue } from "@/api/media";
import { runQuery } from "@/api/runs";
import { chartOfValue, chartOfWire } from "@/base/custom-chart";
import { histogramOf, kindOfType, labelsOf, mediaItems, type MediaItem, type MediaKind } from "@/base/media";
import { formatCount, plural } from "@/base/numbers";
import { asRecord } from "@/base/parse";
import { HistogramMap, type HistogramAt } from "@/charts/histograms";
import type { MediaMode } from "@/model/workspace/spec";
import { Segments, Select } from "@/widgets/controls";
import { CopyButton, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { FullScreenButton, Panel, PanelHead } from "@/widgets/panel";
import { Swatch } from "@/widgets/values";

import { ChartView, type ChartPart } from "./chart";
import { ClassToggles, type LabelsOf } from "./image";
import { MediaView } from "./item";
import styles from "./media.module.css";
import type { Place } from "./place";
import { Swipe, type SwipeChoice } from "./swipe";

export interface MediaRun {
  id: string;
  label: string;
  slot: number;
}

export interface MediaPanelProps {
  entity: string;
  project: string;
  mediaKey: MediaKey;
  runs: readonly MediaRun[];
  /** null: the latest of each run */
  step: number | null;
  mode: MediaMode | undefined;
  onMode: (mode: MediaMode | undefined) => void;
  full?: boolean;
  onFull?: () => void;
}

/** What a panel of each kind may show; the first is what it shows unasked. */
const MODES: Partial<Record<MediaKind, readonly { value: MediaMode; label: string }[]>> = {
  image: [
    { value: "step", label: "At step" },
    { value: "steps", label: "Run × step" },
    { value: "swipe", label: "A | B" },
  ],
  histogram: [
    { value: "steps", label: "Over steps" },
    { value: "step", label: "At step" },
  ],
};
type Modes = readonly { value: MediaMode; label: string }[];
const NO_MODES: Modes = [];
const CHART_MODES: Modes = [
  { value: "chart", label: "Chart" },
  { value: "step", label: "Table" },
];
/** Of these one is enough to fill a panel. */
const ALONE = new Set<MediaKind>(["table", "plotly", "html"]);
const STEPS_SHOWN = 8;
const HISTOGRAM_STEPS = 150;

export function MediaPanel(props: MediaPanelProps) {
  return (
    <Panel title={props.mediaKey.name}>
      <Body {...props} />
    </Panel>
  );
}

interface Tile {
  id: string;
  run: MediaRun;
  value: MediaValue;
  item: MediaItem;
  place: Place;
}

function Body({ entity, project, mediaKey, runs, step, mode, onMode, full = false, onFull }: MediaPanelProps) {
  const key = mediaKey.name;
  const kindOfKey = kindOfType(mediaKey.type);
  const first = useQuery({ ...runQuery(entity, project, runs[0]?.id ?? ""), enabled: runs.length > 0 });
  const wire = first.data?.wire;
  const wireChart = useMemo(() => (kindOfKey === "table" ? chartOfWire(key, wire) : null), [kindOfKey, key, wire]);
  const modes = kindOfKey === "table" && wireChart ? CHART_MODES : (MODES[kindOfKey] ?? NO_MODES);
  const chosen = mode ?? modes.at(0)?.value ?? "step";
  const samples = chosen === "steps" ? (kindOfKey === "histogram" ? HISTOGRAM_STEPS : STEPS_SHOWN) : 1;
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  // A histogram's map is of all steps; the shared one is marked in it.
  const upTo = kindOfKey === "histogram" && chosen === "steps" ? null : step;
  const query = useQuery({ ...mediaQuery(entity, project, ids, key, upTo, samples), placeholderData: keepPreviousData });
  const series = query.data?.series;
  const byRun = useMemo(() => new Map(series?.map((one) => [one.run, one])), [series]);
  const labels = useCallback<LabelsOf>((overlay) => classLabels(wire, key, overlay), [wire, key]);
  const tiles = useMemo(
    () => tilesOf(runs, byRun, { entity, project, latestOnly: chosen !== "steps" }),
    [runs, byRun, entity, project, chosen],
  );
  const ownChart = useMemo(() => (kindOfKey === "table" ? chartOfValue(key, tiles[0]?.value.value) : null), [kindOfKey, key, tiles]);
  const chart = wireChart ?? ownChart;
  const title = chart?.name ?? key;
  const shownModes = ownChart ? CHART_MODES : modes;
  const usual = shownModes.at(0)?.value ?? "step";
  const shownMode = mode ?? usual;

  let content: ReactNode;
  if (query.error && !series) {
    content = <ErrorPanel what={`${title} could not be read`} error={query.error} onRetry={() => void query.refetch()} />;
  } else if (runs.length === 0) content = <div className={styles["centre"]}>No run is shown. Open a run’s eye in the list.</div>;
  else if (!series) content = <Skeleton height="100%" />;
  else if (tiles.length === 0) content = <div className={styles["centre"]}>Nothing was logged under {key} up to this step. The first is at step {formatCount(mediaKey.first_step)}.</div>;
  else if (chart && shownMode === "chart") content = <ChartView chart={chart} parts={partsOf(tiles)} label={title} />;
  else if (shownMode === "swipe") content = <Swipe choices={choicesOf(tiles, labels)} panel={key} />;
  else if (kindOfKey === "histogram" && shownMode === "steps") content = <Maps runs={runs} byRun={byRun} step={step} title={title} />;
  else if (shownMode === "steps") content = <StepGrid tiles={tiles} panel={key} labels={labels} />;
  else content = <Tiles tiles={tiles} panel={key} labels={labels} alone={ALONE.has(tiles[0]?.item.kind ?? "unknown")} many={runs.length > 1} />;

  return (
    <>
      <PanelHead
        title={title}
        hint={key}
        beside={
          shownModes.length > 1 && (
            <Segments label={`How ${title} is shown`} options={shownModes} value={shownMode} onChoose={(next) => onMode(next === usual ? undefined : next)} />
          )
        }
      >
        <CopyButton text={key} label={`Copy the name ${key}`} />
        {onFull && <FullScreenButton title={title} full={full} onClick={onFull} />}
      </PanelHead>
      <div className={styles["body"]} data-full={full} tabIndex={0} role="group" aria-label={`Content of ${title}`}>
        {query.isPlaceholderData && <LoadingBar label={`Loading ${title}`} />}
        {content}
      </div>
      <footer className={styles["foot"]}>
        <ClassToggles panel={key} />
        {series && series.length > 0 && chosen === "steps" && <Thinned series={series} />}
      </footer>
    </>
  );
}

function Thinned({ series }: { series: readonly MediaSeries[] }) {
  const [shown, all] = [Math.max(...series.map((one) => one.steps.length)), Math.max(...series.map((one) => one.count))];
  if (shown >= all) return null;
  return <span className={styles["note"]}>{`${formatCount(shown)} of ${plural(all, "step")}, evenly spread`}</span>;
}

/** `latestOnly`: what stays on screen of several steps, while the one step is read, is not shown as it. */
function tilesOf(
  runs: readonly MediaRun[],
  byRun: ReadonlyMap<string, MediaSeries>,
  { entity, project, latestOnly }: { entity: string; project: string; latestOnly: boolean },
): Tile[] {
  return runs.flatMap((run) =>
    (byRun.get(run.id)?.values ?? []).slice(latestOnly ? -1 : 0).flatMap((value) =>
      mediaItems(value.value).map((item, at) => ({
        id: `${run.id}\n${value.step}\n${at}`,
        run,
        value,
        item,
        place: { entity, project, run: value.source },
      })),
    ),
  );
}

function partsOf(tiles: readonly Tile[]): ChartPart[] {
  return tiles.map(({ run, item, place }) => ({ name: run.label, slot: run.slot, item, place }));
}

function choicesOf(tiles: readonly Tile[], labels: LabelsOf): SwipeChoice[] {
  const several = new Set(tiles.map((tile) => tile.run.id)).size < tiles.length;
  return tiles.map((tile, at) => ({
    id: tile.id,
    label: `${tile.run.label}, step ${tile.value.step}${several ? `, ${tile.item.caption || `image ${at + 1}`}` : ""}`,
    item: tile.item,
    place: tile.place,
    labels,
  }));
}

function Tiles({ tiles, panel, labels, alone, many }: { tiles: readonly Tile[]; panel: string; labels: LabelsOf; alone: boolean; many: boolean }) {
  const [picked, setPicked] = useState("");
  if (alone) {
    const tile = tiles.find((one) => one.id === picked) ?? tiles.find((one) => one.run.id === picked.split("\n")[0]) ?? tiles[0];
    if (!tile) return null;
    return (
      <div className={styles["alone"]}>
        {tiles.length > 1 && (
          <Select
            label="Which run"
            options={tiles.map((one) => ({ value: one.id, label: `${one.run.label}, step ${formatCount(one.value.step)}` }))}
            value={tile.id}
            onChoose={setPicked}
          />
        )}
        <div className={styles["aloneBody"]}>
          <MediaView key={tile.id} item={tile.item} place={tile.place} panel={panel} label={panel} labels={labels} />
        </div>
      </div>
    );
  }
  return (
    <ul className={styles["tiles"]} data-kind={tiles[0]?.item.kind} data-count={tiles.length === 1 ? "one" : "many"}>
      {tiles.map((tile) => (
        <li key={tile.id}>
          <MediaView item={tile.item} place={tile.place} panel={panel} label={`${panel} of ${tile.run.label} at step ${tile.value.step}`} labels={labels} colour={`var(--run-${(tile.run.slot % 20) + 1})`} />
          <Caption tile={tile} many={many} />
        </li>
      ))}
    </ul>
  );
}

function Caption({ tile, many }: { tile: Tile; many: boolean }) {
  return (
    <div className={styles["caption"]}>
      {many && (
        <span className={styles["run"]}>
          <Swatch slot={tile.run.slot} />
          <span title={tile.run.label}>{tile.run.label}</span>
        </span>
      )}
      {tile.item.caption !== "" && <span title={tile.item.caption}>{tile.item.caption}</span>}
      <span className={styles["at"]}>step {formatCount(tile.value.step)}</span>
    </div>
  );
}

/** Runs downwards, steps to the right. */
function StepGrid({ tiles, panel, labels }: { tiles: readonly Tile[]; panel: string; labels: LabelsOf }) {
  const runs = [...new Map(tiles.map((tile) => [tile.run.id, tile.run])).values()];
  const steps = [...new Set(tiles.map((tile) => tile.value.step))].sort((a, b) => a - b);
  return (
    <table className={styles["stepGrid"]}>
      <caption className="visually-hidden">{panel} by run and step</caption>
      <thead>
        <tr>
          <th scope="col">Run</th>
          {steps.map((step) => (
            <th key={step} scope="col">
              {formatCount(step)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row">
              <span className={styles["run"]}>
                <Swatch slot={run.slot} />
                <span title={run.label}>{run.label}</span>
              </span>
            </th>
            {steps.map((step) => {
              const found = tiles.filter((tile) => tile.run.id === run.id && tile.value.step === step);
              return (
                <td key={step}>
                  {found.slice(0, 1).map((tile) => (
                    <MediaView key={tile.id} item={tile.item} place={tile.place} panel={panel} label={`${panel} of ${run.label} at step ${step}`} labels={labels} />
                  ))}
                  {found.length > 1 && <span className={styles["at"]}>+{found.length - 1}</span>}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Maps({ runs, byRun, step, title }: { runs: readonly MediaRun[]; byRun: ReadonlyMap<string, MediaSeries>; step: number | null; title: string }) {
  const shown = runs.filter((run) => byRun.has(run.id));
  return (
    <ul className={styles["maps"]} data-count={shown.length === 1 ? "one" : "many"}>
      {shown.map((run) => (
        <li key={run.id}>
          {shown.length > 1 && (
            <span className={styles["run"]}>
              <Swatch slot={run.slot} />
              <span title={run.label}>{run.label}</span>
            </span>
          )}
          <OneMap series={byRun.get(run.id)} step={step} title={shown.length > 1 ? `${title} of ${run.label}` : title} />
        </li>
      ))}
    </ul>
  );
}

function OneMap({ series, step, title }: { series: MediaSeries | undefined; step: number | null; title: string }) {
  const columns = useMemo<HistogramAt[]>(
    () =>
      (series?.values ?? []).flatMap((value) => {
        const histogram = histogramOf(Array.isArray(value.value) ? value.value[0] : value.value);
        return histogram ? [{ step: value.step, histogram }] : [];
      }),
    [series],
  );
  if (columns.length === 0) return <div className={styles["missing"]}>No histogram here has bins that can be drawn.</div>;
  return <HistogramMap title={title} columns={columns} step={step} />;
}

/** Names of an overlay's classes, as the client keeps them beside the run: by key and overlay. */
function classLabels(wire: Record<string, unknown> | null | undefined, key: string, overlay: string): Record<string, string> {
  const internal = asRecord(wire?.["wandb"]);
  const found: Record<string, string> = {};
  for (const kind of ["mask/class_labels", "bounding_box/class_labels"]) {
    const one = asRecord(asRecord(internal?.[kind])?.[`${key}_wandb_delimeter_${overlay}`]);
    Object.assign(found, labelsOf(one?.["value"]));
  }
  return found;
}
