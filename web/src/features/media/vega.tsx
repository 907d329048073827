/** A custom chart, drawn by Vega without evaluating any text as code. Loaded only where one is shown. */

import { useEffect, useRef, useState } from "react";
import vegaEmbed from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

import { runColour } from "@/base/colours";
import { specOf, vegaConfig, type ChartTheme, type CustomChart } from "@/base/custom-chart";
import { filledSpec, type FilledSpec } from "@/base/stored-chart";
import { useTheme } from "@/model/theme";
import { ErrorPanel } from "@/widgets/feedback";

import styles from "./chart.module.css";

export interface VegaRun {
  name: string;
  slot: number;
}

/** `rows` hold the chart's columns, and `run`: the name of the run they are of. `stored`: the specification
 * that somebody saved under the chart's definition, as text. */
export function VegaChart({ chart, stored, rows, runs, label }: {
  chart: CustomChart;
  stored: string | null;
  rows: readonly Record<string, unknown>[];
  runs: readonly VegaRun[];
  label: string;
}) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme((state) => state.theme);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const palette = runs.length > 1 ? runs.map((run) => runColour(run.slot, theme)) : Array.from({ length: 20 }, (_, slot) => runColour(slot, theme));
    const look: ChartTheme = { fg: colour("--fg"), fg2: colour("--fg2"), line: colour("--line"), accent: runColour(runs[0]?.slot ?? 0, theme), colours: palette };
    let gone = false;
    let finish: (() => void) | undefined;
    const draw = async () => {
      const { mode, spec } = made(chart, stored, rows, runs, look);
      const result = await vegaEmbed(element, spec, {
        mode,
        ast: true,
        expr: expressionInterpreter,
        loader: REFUSING,
        actions: false,
        renderer: "canvas",
        config: vegaConfig(look),
        ...(mode === "vega" && { width: element.clientWidth, height: element.clientHeight }),
      });
      finish = () => result.finalize();
      if (gone) finish();
    };
    setError(null);
    draw().catch((reason: unknown) => {
      if (!gone) setError(reason);
    });
    return () => {
      gone = true;
      finish?.();
    };
  }, [chart, stored, rows, runs, theme]);
  if (error !== null) return <ErrorPanel what={`The chart ${label} could not be drawn`} error={error} />;
  return (
    <div className={styles["vegaFrame"]} role="img" aria-label={`${chart.title || label}: ${words(chart)} of ${rows.length} rows`}>
      <div ref={host} className={styles["vega"]} />
    </div>
  );
}

function made(
  chart: CustomChart,
  stored: string | null,
  rows: readonly Record<string, unknown>[],
  runs: readonly VegaRun[],
  look: ChartTheme,
): FilledSpec {
  if (chart.kind === "other" && stored !== null) {
    // Saved charts know a run as `name`, and its colour.
    const colours = new Map(runs.map((run, at) => [run.name, look.colours[at % look.colours.length]]));
    const whole = rows.map((row) => ({ name: row["run"], color: colours.get(String(row["run"])), ...row }));
    return filledSpec(stored, chart, whole);
  }
  const spec = specOf(chart, runs.map((run) => run.name), look);
  if (!spec) throw new Error(`The chart is drawn by “${chart.definition}”, which this server does not hold.`);
  return { mode: "vega-lite", spec: { ...spec, data: { values: rows } } };
}

function words(chart: CustomChart): string {
  return chart.kind === "other" ? "chart" : chart.kind.replace("_", " ");
}

const refuse = (what: string) => Promise.reject(new Error(`A chart may load nothing; it asked for ${what.slice(0, 200)}.`));

/** A specification is somebody's data: no address that it names is asked. */
const REFUSING = {
  load: refuse,
  sanitize: (uri: string) => refuse(uri) as Promise<{ href: string }>,
  http: refuse,
  file: refuse,
};
