/**
 * Series for charts: columns of numbers, thinned by the server to the panel's pixels.
 *
 * The binary answer is a little-endian u32 with the length of a JSON header, the header (padded with
 * spaces so that what follows starts at a multiple of 8), then the columns of each line, one after
 * another: x as float64, the others as float32. NaN is a gap. Lines with `exact` hold logged points,
 * and have only x and mean.
 */

import { path, send } from "./request";
import type { SeriesQuery } from "./types";

export interface Line {
  /** run id; the group's name where `grouped` */
  run: string;
  key: string;
  /** runs or ranks in the aggregate */
  members: number;
  /** every point as it was logged */
  exact: boolean;
  /** points in the range, before thinning */
  total: number;
  /** rising; shape (n,) */
  x: Float64Array;
  /** per bucket; where exact, the logged value; shape (n,) */
  mean: Float32Array | Float64Array;
  min: Float32Array | Float64Array | null;
  max: Float32Array | Float64Array | null;
  /** over the members of an aggregate */
  std: Float32Array | Float64Array | null;
}

export interface Series {
  x: string;
  range: readonly [number, number] | null;
  version: string;
  exact: boolean;
  lines: Line[];
  /** keys that have points, but none for this x */
  noDataX: string[];
}

const COLUMNS = ["x", "mean", "min", "max", "std"] as const;
type ColumnName = (typeof COLUMNS)[number];

interface LineHeader {
  run: string;
  key: string;
  members: number;
  exact: boolean;
  total: number;
  n: number;
  columns: string[];
}

interface Header {
  x: string;
  range: [number | null, number | null] | null;
  version: string | number;
  exact: boolean;
  lines: LineHeader[];
  no_data_x?: string[];
}

const BINARY = "application/vnd.runstone.series";

export async function readSeries(
  entity: string,
  project: string,
  query: SeriesQuery,
  signal?: AbortSignal,
): Promise<Series> {
  const response = await send("POST", `/projects${path(entity, project)}/series`, {
    body: query,
    accept: `${BINARY}, application/json;q=0.5`,
    signal,
  });
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/json")) return decodeSeriesJson(await response.json());
  return decodeSeries(await response.arrayBuffer());
}

/** Throws RangeError where the bytes end before the columns that the header announces. */
export function decodeSeries(bytes: ArrayBuffer): Series {
  const view = new DataView(bytes);
  const headerBytes = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, headerBytes))) as Header;
  let at = 4 + headerBytes;
  const take = (name: string, n: number): Float32Array | Float64Array => {
    const wide = name === "x";
    const size = n * (wide ? 8 : 4);
    if (at + size > bytes.byteLength) {
      throw new RangeError(`The series ends at byte ${bytes.byteLength}, column '${name}' needs ${at + size}.`);
    }
    // A column after an odd count of float32 is not 8-aligned, so it is copied out.
    const aligned = at % (wide ? 8 : 4) === 0;
    const buffer = aligned ? bytes : bytes.slice(at, at + size);
    const start = aligned ? at : 0;
    at += size;
    return wide ? new Float64Array(buffer, start, n) : new Float32Array(buffer, start, n);
  };
  const lines = header.lines.map((line): Line => {
    const columns: Partial<Record<ColumnName, Float32Array | Float64Array>> = {};
    for (const name of line.columns) {
      const column = take(name, line.n);
      if ((COLUMNS as readonly string[]).includes(name)) columns[name as ColumnName] = column;
    }
    return lineOf(line, columns);
  });
  return seriesOf(header, lines);
}

interface JsonLine extends Omit<LineHeader, "n" | "columns"> {
  x: unknown[];
  mean: unknown[];
  min?: unknown[];
  max?: unknown[];
  std?: unknown[];
}

export function decodeSeriesJson(json: unknown): Series {
  const answer = json as Omit<Header, "lines"> & { lines: JsonLine[] };
  const numbers = (values: unknown[] | undefined) =>
    values ? Float64Array.from(values, (value) => (typeof value === "number" ? value : Number.NaN)) : undefined;
  const lines = answer.lines.map((line) =>
    lineOf(line, {
      x: numbers(line.x),
      mean: numbers(line.mean),
      min: line.exact ? undefined : numbers(line.min),
      max: line.exact ? undefined : numbers(line.max),
      std: numbers(line.std),
    }),
  );
  return seriesOf(answer, lines);
}

function lineOf(
  header: Omit<LineHeader, "n" | "columns">,
  columns: Partial<Record<ColumnName, Float32Array | Float64Array | undefined>>,
): Line {
  const x = columns.x instanceof Float64Array ? columns.x : new Float64Array();
  return {
    run: header.run,
    key: header.key,
    members: header.members,
    exact: header.exact,
    total: header.total,
    x,
    mean: columns.mean ?? new Float32Array(x.length),
    min: columns.min ?? null,
    max: columns.max ?? null,
    std: columns.std ?? null,
  };
}

function seriesOf(header: Omit<Header, "lines">, lines: Line[]): Series {
  const [lo, hi] = header.range ?? [null, null];
  return {
    x: header.x,
    range: lo === null || hi === null ? null : [lo, hi],
    version: String(header.version),
    exact: header.exact,
    lines,
    noDataX: header.no_data_x ?? [],
  };
}
