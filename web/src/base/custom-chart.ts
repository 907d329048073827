/**
 * Charts that a client logged as a table and a way to draw it: `wandb.plot.*`, `runstone.plot.*`, or a
 * Vega specification of one's own. Here they become specifications; nothing is drawn.
 */

import { asRecord, asString } from "./parse";

type JsonObject = Record<string, unknown>;

export const CHART_KINDS = ["line", "scatter", "bar", "histogram", "confusion_matrix", "roc_curve", "pr_curve", "area"] as const;
export type ChartKind = (typeof CHART_KINDS)[number];

export interface CustomChart {
  /** what people call it: the key without what the client appended */
  name: string;
  title: string;
  kind: ChartKind | "other";
  /** of the definition, as the client named it: `wandb/line/v0` */
  definition: string;
  fields: Readonly<Record<string, string>>;
  strings: Readonly<Record<string, string>>;
}

export const CHART_ROWS_MAX = 20_000;

/** How the table under `key` is to be drawn, as a foreign client said it in its part of the run. */
export function chartOfWire(key: string, wire: JsonObject | null | undefined): CustomChart | null {
  const charts = asRecord(asRecord(wire?.["wandb"])?.["visualize"]) ?? {};
  for (const [name, raw] of Object.entries(charts)) {
    if (key !== `${name}_table` && key !== `Custom Chart Tables/${name}_table`) continue;
    const config = asRecord(asRecord(raw)?.["panel_config"]);
    if (!config) return null;
    const definition = asString(config["panelDefId"]) ?? "";
    const strings = textsOf(config["stringSettings"]);
    return {
      name,
      title: strings["title"] ?? "",
      kind: WIRE_KINDS[definition.replace(/\/v\d+$/, "")] ?? "other",
      definition,
      fields: textsOf(config["fieldSettings"]),
      strings,
    };
  }
  return null;
}

const WIRE_KINDS: Readonly<Record<string, ChartKind>> = {
  "wandb/line": "line",
  "wandb/lineseries": "line",
  "wandb/scatter": "scatter",
  "wandb/bar": "bar",
  "wandb/histogram": "histogram",
  "wandb/confusion_matrix": "confusion_matrix",
  "wandb/area-under-curve": "area",
};

/** Of a table value that carries its own `chart`. */
export function chartOfValue(key: string, value: unknown): CustomChart | null {
  const raw = asRecord(asRecord(value)?.["chart"]);
  if (!raw) return null;
  const definition = asString(raw["kind"]) ?? "";
  const kind = CHART_KINDS.find((one) => one === definition) ?? WIRE_KINDS[definition.replace(/\/v\d+$/, "")] ?? "other";
  return { name: key, title: asString(raw["title"]) ?? "", kind, definition, fields: textsOf(raw["fields"]), strings: {} };
}

function textsOf(value: unknown): Record<string, string> {
  const pairs = Object.entries(asRecord(value) ?? {}).flatMap(([name, one]) => {
    const text = asString(one);
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(pairs);
}

export interface ChartTheme {
  fg: string;
  fg2: string;
  line: string;
  accent: string;
  colours: readonly string[];
}

/** A Vega-Lite specification of a chart whose rows hold its columns and `run`; null: no kind we know. */
export function specOf(chart: CustomChart, runs: readonly string[], theme: ChartTheme): JsonObject | null {
  const several = runs.length > 1;
  const colourOfRuns = { field: "run", type: "nominal", title: "Run", scale: { domain: runs, range: theme.colours } };
  const field = (...names: string[]) => names.map((name) => chart.fields[name]).find((one) => one !== undefined) ?? "";
  const at = (name: string, type: string, more: object = {}) => ({ field: escaped(name), type, title: name, ...more });
  const base = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: "container", autosize: { type: "fit", contains: "padding" } };
  switch (chart.kind) {
    case "line":
    case "area":
    case "roc_curve":
    case "pr_curve": {
      const [x, y, stroke] = [field("x", "step"), field("y", "lineVal"), field("stroke", "lineKey", "class")];
      const unit = chart.kind === "roc_curve" || chart.kind === "pr_curve" || chart.kind === "area";
      const scale = unit ? { scale: { domain: [0, 1] } } : { scale: { zero: false } };
      const series = stroke !== "" && { field: escaped(stroke), type: "nominal", title: stroke };
      return {
        ...base,
        mark: { type: "line", tooltip: true, strokeWidth: 1.6 },
        encoding: {
          x: at(x, "quantitative", { title: chart.strings["xname"] ?? chart.strings["x-axis-title"] ?? x, ...scale }),
          y: at(y, "quantitative", { title: chart.strings["y-axis-title"] ?? (y === "lineVal" ? "" : y), ...scale }),
          // Along x as logged: a curve may turn back.
          order: { value: null },
          ...(several
            ? { color: colourOfRuns, ...(series && { strokeDash: series }) }
            : series
              ? { color: { ...series, scale: { range: theme.colours } } }
              : { color: { value: theme.accent } }),
        },
      };
    }
    case "scatter":
      return {
        ...base,
        mark: { type: "point", tooltip: true, filled: true, size: 24, opacity: 0.7 },
        encoding: {
          x: at(field("x"), "quantitative", { scale: { zero: false } }),
          y: at(field("y"), "quantitative", { scale: { zero: false } }),
          color: several ? colourOfRuns : { value: theme.accent },
        },
      };
    case "bar":
      return {
        ...base,
        mark: { type: "bar", tooltip: true },
        encoding: {
          y: at(field("label"), "nominal", { sort: null }),
          x: at(field("value"), "quantitative"),
          color: several ? colourOfRuns : { value: theme.accent },
          ...(several && { yOffset: { field: "run" } }),
        },
      };
    case "histogram":
      return {
        ...base,
        mark: { type: "bar", tooltip: true, opacity: several ? 0.6 : 1 },
        encoding: {
          x: at(field("value"), "quantitative", { bin: { maxbins: 40 } }),
          y: { aggregate: "count", type: "quantitative", title: "Count", stack: null },
          color: several ? colourOfRuns : { value: theme.accent },
        },
      };
    case "confusion_matrix": {
      const [actual, predicted] = [field("actual", "Actual"), field("predicted", "Predicted")];
      const count = field("count", "nPredictions");
      const place = { x: at(predicted, "nominal", { sort: null }), y: at(actual, "nominal", { sort: null }) };
      const value = { aggregate: "sum", field: escaped(count), type: "quantitative", title: "Predictions" };
      return {
        ...base,
        mark: { type: "rect", tooltip: true },
        encoding: { ...place, color: { ...value, scale: { scheme: "viridis" } } },
      };
    }
    case "other":
      return null;
  }
}

/** Dots and brackets in a field's name are part of the name. */
function escaped(name: string): string {
  return name.replace(/[.[\]\\]/g, "\\$&");
}

/** Colours, lines and letters of the page. */
export function vegaConfig(theme: ChartTheme): JsonObject {
  const letters = { labelColor: theme.fg2, titleColor: theme.fg2, labelFontSize: 11, titleFontSize: 11, titleFontWeight: 500 };
  return {
    background: "transparent",
    font: "Inter Variable, system-ui, sans-serif",
    view: { stroke: theme.line },
    axis: { ...letters, gridColor: theme.line, domainColor: theme.line, tickColor: theme.line },
    legend: { ...letters, orient: "bottom", symbolSize: 60 },
    title: { color: theme.fg, fontSize: 12 },
    range: { category: theme.colours },
  };
}
