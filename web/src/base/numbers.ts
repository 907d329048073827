/** Numbers as people read them: 4–5 significant digits, the full value kept for titles and copies. */

/** Values that JSON cannot hold arrive as these words. */
export function toNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity") return Number.NEGATIVE_INFINITY;
  return null;
}

/** `0.00012345` → `1.234e-4`, `1234567` → `1,234,567`, `0.30000000000000004` → `0.3`. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString("en-US").replace("-", "−");
  if (size >= 1e9 || size < 1e-4) {
    const text = value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
    return text.replaceAll("-", "−");
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  const text = value.toLocaleString("en-US", { maximumFractionDigits: Math.min(decimals, 10) });
  return text.replace("-", "−");
}

/** Any value of a config or a summary in one line of text. */
export function formatValue(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "";
  const number = toNumber(value);
  if (number !== null) return formatNumber(number);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  return JSON.stringify(value);
}

/** The value at full precision, for titles and copies. */
export function fullValue(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 run`, `2 runs`, `1,204 runs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let size = bytes;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${at === 0 ? size : formatNumber(size, 3)} ${units[at] ?? ""}`;
}

/** Tick label of an axis: short, with SI-like suffixes for large steps. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(1).replace("e+", "e");
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace(".0e", "e");
  return trim(value);
}

function trim(value: number): string {
  return Number(value.toPrecision(6)).toString();
}
