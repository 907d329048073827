/** From the server's series to the lines of a chart: names, colours, smoothing. */

import type { Line, Series } from "@/api/series";
import { runColour, runDash, type Theme } from "@/base/colours";
import { smooth, type Smoothing } from "@/base/smoothing";
import type { ChartLine } from "@/charts/geometry";
import type { Drawn } from "@/model/drawn";

export function chartLines(series: Series, drawn: Drawn, smoothing: Smoothing, theme: Theme): ChartLine[] {
  const runs = new Map(drawn.runs.map((run) => [run.id, run]));
  const groups = new Map(drawn.groups.map((group) => [group.name, group]));
  const found: ChartLine[] = [];
  for (const line of series.lines) {
    const group = groups.get(line.run);
    const run = runs.get(line.run);
    const own = group ?? run;
    // A line of a run that was hidden meanwhile: the answer is of a moment ago.
    if (!own) continue;
    found.push({
      id: line.run,
      label: group ? `${group.label} (mean of ${line.members})` : own.label,
      colour: runColour(own.slot, theme),
      dash: runDash(own.slot),
      pinned: run?.pinned ?? false,
      ...columns(line, smoothing, group !== undefined),
    });
  }
  return found;
}

function columns(line: Line, smoothing: Smoothing, grouped: boolean) {
  const { x, mean } = line;
  const smoothed = smoothing.kind !== "none";
  const bands = grouped && line.std ? deviation(mean, line.std) : { low: line.min, high: line.max };
  return {
    x,
    y: smoothed ? smooth(x, mean, smoothing) : mean,
    raw: smoothed ? mean : null,
    ...bands,
    exact: line.exact,
    total: line.total,
    members: line.members,
  };
}

/** A group's band: mean ± standard deviation over its runs. */
function deviation(mean: Line["mean"], std: Line["mean"]) {
  const low = new Float64Array(mean.length);
  const high = new Float64Array(mean.length);
  for (let i = 0; i < mean.length; i += 1) {
    const [m, s] = [mean[i] ?? Number.NaN, std[i] ?? Number.NaN];
    low[i] = Number.isFinite(s) ? m - s : m;
    high[i] = Number.isFinite(s) ? m + s : m;
  }
  return { low, high };
}

/** How far the lines are from the logged points, in words; "" where they are them. */
export function thinningWords(series: Series, grouped = false): string {
  if (grouped && series.lines.length > 0) return "mean ± standard deviation over the runs of each group";
  if (series.exact || series.lines.every((line) => line.exact)) return "";
  const total = series.lines.reduce((sum, line) => sum + line.total, 0);
  const shown = series.lines.reduce((sum, line) => sum + line.x.length, 0);
  if (shown >= total) return "";
  return `${total.toLocaleString("en-US")} points in ${shown.toLocaleString("en-US")} buckets, zoom in for each`;
}
