/**
 * Charts whose specification somebody saved under an entity (`entity/name`), in Vega or Vega-Lite. A table
 * names one and says which of its columns stand for `${field:x}` in it, and which texts for `${string:title}`;
 * its rows are the data set `wandb`.
 */

import type { CustomChart } from "./custom-chart";
import { asRecord } from "./parse";

type JsonObject = Record<string, unknown>;

export interface FilledSpec {
  mode: "vega" | "vega-lite";
  spec: JsonObject;
}

/** Where the definition `entity/name` or `entity/name/v3` is kept; null: it is no such name. */
export function storedPlace(definition: string): { entity: string; name: string } | null {
  const parts = definition.replace(/\/v\d+$/, "").split("/");
  const [entity, name] = parts;
  return parts.length === 2 && entity && name ? { entity, name } : null;
}

/** Throws where `text` is no JSON object. */
export function filledSpec(text: string, chart: CustomChart, rows: readonly JsonObject[]): FilledSpec {
  const parsed = asRecord(JSON.parse(text));
  if (!parsed) throw new Error(`The specification of ${chart.definition} is no JSON object.`);
  const spec = filled(parsed, chart) as JsonObject;
  if (isVega(spec)) return { mode: "vega", spec: { ...spec, data: withRows(spec["data"], rows) } };
  return {
    mode: "vega-lite",
    spec: {
      width: "container",
      height: "container",
      autosize: { type: "fit", contains: "padding" },
      ...spec,
      data: spec["data"] ?? { name: ROWS },
      datasets: { ...asRecord(spec["datasets"]), [ROWS]: rows },
    },
  };
}

const ROWS = "wandb";

function isVega(spec: JsonObject): boolean {
  const schema = spec["$schema"];
  if (typeof schema === "string" && schema.includes("/schema/")) return !schema.includes("/vega-lite/");
  return Array.isArray(spec["marks"]);
}

function withRows(data: unknown, rows: readonly JsonObject[]): unknown[] {
  const sets = Array.isArray(data) ? (data as unknown[]) : [];
  const ours = sets.find((one) => asRecord(one)?.["name"] === ROWS);
  if (ours === undefined) return [{ name: ROWS, values: rows }, ...sets];
  return sets.map((one) => (one === ours ? { ...asRecord(one), values: rows } : one));
}

const PLACE = /\$\{(field|string):([^}]*)\}/g;

function filled(value: unknown, chart: CustomChart): unknown {
  if (typeof value === "string") return filledText(value, chart);
  if (Array.isArray(value)) return value.map((one) => filled(one, chart));
  const record = asRecord(value);
  if (!record) return value;
  return Object.fromEntries(Object.entries(record).map(([name, one]) => [name, filled(one, chart)]));
}

function filledText(text: string, chart: CustomChart): string {
  const whole = /^\$\{field:([^}]*)\}$/.exec(text);
  // By itself it is a field's name, in which dots and brackets would be a path …
  if (whole) return (chart.fields[whole[1] ?? ""] ?? "").replace(/[.[\]\\]/g, "\\$&");
  return text.replace(PLACE, (_, kind: string, name: string) =>
    // … elsewhere it stands between quotes of an expression, or in a title.
    kind === "string" ? (chart.strings[name] ?? "") : (chart.fields[name] ?? "").replace(/['"\\]/g, "\\$&"),
  );
}
