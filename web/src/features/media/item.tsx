/** One medium, drawn as what it is. What is heavy is loaded when the first of its kind is shown. */

import { lazy, Suspense } from "react";

import { histogramOf, type MediaItem } from "@/base/media";
import { formatBytes, formatCount } from "@/base/numbers";
import { HistogramBars } from "@/charts/histograms";
import { ErrorBoundary, Skeleton } from "@/widgets/feedback";

import { AudioView } from "./audio";
import { ImageView, type LabelsOf } from "./image";
import styles from "./media.module.css";
import { downloadOf, urlOf, type Place } from "./place";

const PlotlyView = lazy(() => import("./plotly").then((module) => ({ default: module.PlotlyView })));
const SceneView = lazy(() => import("./scene").then((module) => ({ default: module.SceneView })));
const TableView = lazy(() => import("./table").then((module) => ({ default: module.TableView })));

export interface MediaViewProps {
  item: MediaItem;
  place: Place;
  panel: string;
  /** said of it where it has no caption */
  label: string;
  labels?: LabelsOf;
  /** in a cell of a table */
  small?: boolean;
  colour?: string;
}

export function MediaView(props: MediaViewProps) {
  return (
    <ErrorBoundary what={`${props.label} could not be shown`} resetKey={props.item.path}>
      <Suspense fallback={<Skeleton height="100%" />}>
        <One {...props} />
      </Suspense>
    </ErrorBoundary>
  );
}

function One({ item, place, panel, label, labels, small = false, colour = "var(--accent)" }: MediaViewProps) {
  const name = item.caption || label;
  switch (item.kind) {
    case "image":
      return <ImageView item={item} place={place} panel={panel} label={label} {...(labels && { labels })} />;
    case "audio":
      return small ? <audio controls preload="none" src={urlOf(place, item.path)} aria-label={name} /> : <AudioView item={item} place={place} label={label} />;
    case "video":
      return /\.gif$/i.test(item.path) ? (
        <img className={styles["video"]} src={urlOf(place, item.path)} alt={name} loading="lazy" />
      ) : (
        <video className={styles["video"]} controls loop preload="metadata" src={urlOf(place, item.path)} aria-label={name} />
      );
    case "html":
      return small ? <Download item={item} place={place} /> : <iframe className={styles["frame"]} title={name} src={urlOf(place, item.path)} sandbox="allow-scripts" loading="lazy" referrerPolicy="no-referrer" />;
    case "plotly":
      return small ? <Download item={item} place={place} /> : <PlotlyView item={item} place={place} label={name} />;
    case "table":
      if (small) return <span>{tableWords(item)}</span>;
      return <TableView item={item} place={place} label={name} />;
    case "histogram": {
      const histogram = histogramOf(item.value);
      return histogram ? (
        <HistogramBars title={name} histogram={histogram} colour={resolved(colour)} />
      ) : (
        <div className={styles["missing"]}>This histogram has no bins that can be drawn.</div>
      );
    }
    case "molecule":
    case "object3D":
      return small ? <Download item={item} place={place} /> : <SceneView item={item} place={place} label={name} />;
    case "unknown":
      return (
        <div className={styles["missing"]}>
          A value of type “{item.type}”, which is not drawn here.
          {item.path !== "" && <Download item={item} place={place} />}
        </div>
      );
  }
}

/** A canvas knows no custom properties. */
function resolved(colour: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1];
  return name === undefined ? colour : getComputedStyle(document.documentElement).getPropertyValue(name);
}

function tableWords(item: MediaItem): string {
  const rows = Number(item.value["nrows"]);
  return Number.isFinite(rows) ? `table of ${formatCount(rows)} rows` : "table";
}

export function Download({ item, place }: { item: MediaItem; place: Place }) {
  return (
    <a className={styles["download"]} href={downloadOf(place, item.path)} download>
      Download{item.bytes > 0 ? ` ${formatBytes(item.bytes)}` : ""}
    </a>
  );
}
