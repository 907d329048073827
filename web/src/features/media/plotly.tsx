/** A logged Plotly figure. This file is loaded only where one is shown. */

import { useQuery } from "@tanstack/react-query";
import Plotly from "plotly.js-strict-dist-min";
import { useEffect, useRef, useState } from "react";

import { parseLooseJson } from "@/base/json";
import type { MediaItem } from "@/base/media";
import { asRecord } from "@/base/parse";
import { useTheme } from "@/model/theme";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";

import styles from "./chart.module.css";
import { bytesQuery, textOf, type Place } from "./place";

export function PlotlyView({ item, place, label }: { item: MediaItem; place: Place; label: string }) {
  const file = useQuery(bytesQuery(place, item.path));
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme((state) => state.theme);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const element = host.current;
    if (!element || !file.data) return undefined;
    const data = file.data;
    let gone = false;
    const draw = async () => {
      const figure = asRecord(parseLooseJson(textOf(data)));
      if (!figure || !Array.isArray(figure["data"])) throw new Error("The file is no Plotly figure: it has no data.");
      const style = getComputedStyle(element);
      const colour = (name: string) => style.getPropertyValue(name);
      const layout = {
        margin: { l: 48, r: 16, t: 32, b: 40 },
        ...asRecord(figure["layout"]),
        autosize: true,
        width: undefined,
        height: undefined,
        paper_bgcolor: "transparent",
        plot_bgcolor: "transparent",
        font: { ...asRecord(asRecord(figure["layout"])?.["font"]), color: colour("--fg") },
        modebar: { bgcolor: "transparent", color: colour("--fg2"), activecolor: colour("--accent") },
      };
      await Plotly.react(element, figure["data"], themed(layout, colour("--line")), {
        responsive: true,
        displaylogo: false,
        showSendToCloud: false,
        plotlyServerURL: "",
      });
    };
    setError(null);
    draw().catch((reason: unknown) => {
      if (!gone) setError(reason);
    });
    return () => {
      gone = true;
      Plotly.purge(element);
    };
  }, [file.data, theme]);
  const failed = file.error ?? error;
  if (failed) return <ErrorPanel what={`${label} could not be drawn`} error={failed} onRetry={() => void file.refetch()} />;
  return (
    <>
      {!file.data && <Skeleton height="100%" />}
      <div ref={host} className={styles["plotly"]} role="group" aria-label={`Plotly figure ${label}`} />
    </>
  );
}

/** Axes in the page's own line colour, unless the figure says another. */
function themed(layout: Record<string, unknown>, line: string): Record<string, unknown> {
  const out: Record<string, unknown> = { ...layout };
  const axes = new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))]);
  for (const name of axes) out[name] = { gridcolor: line, zerolinecolor: line, linecolor: line, ...asRecord(layout[name]) };
  return out;
}
