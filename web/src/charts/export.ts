/** A chart taken along: numbers at full precision, or a picture. Loaded when asked for. */

import { scaleLinear, scaleLog } from "d3-scale";

import { formatTick } from "@/base/numbers";

import type { ChartLine, Column } from "./geometry";
import type { LinePlot } from "./plot";

/** One row per point; names that hold commas or quotes are quoted. */
export function toCsv(lines: readonly ChartLine[], xName: string): string {
  const rows = [["id", "name", xName, "value", "smoothed", "min", "max"].map(cell).join(",")];
  for (const line of lines) {
    const mean = line.raw ?? line.y;
    for (let i = 0; i < line.x.length; i += 1) {
      const at = (column: Column | null) => column?.[i] ?? "";
      rows.push(
        [line.id, line.label, line.x[i] ?? "", at(mean), at(line.raw ? line.y : null), at(line.low), at(line.high)]
          .map(cell)
          .join(","),
      );
    }
  }
  return rows.join("\n") + "\n";
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toPng(plot: LinePlot, title: string, lines: readonly ChartLine[]): Promise<Blob> {
  const source = plot.image();
  const style = getComputedStyle(document.documentElement);
  const ratio = source.width / plot.frame.width;
  const [head, row] = [28 * ratio, 18 * ratio];
  const named = lines.slice(0, 24);
  const columns = Math.max(1, Math.floor(source.width / (220 * ratio)));
  const foot = Math.ceil(named.length / columns) * row + 8 * ratio;
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + head + foot;
  const ctx = canvas.getContext("2d");
  if (!ctx) return Promise.reject(new Error("This browser gives no canvas to draw on."));
  ctx.fillStyle = style.getPropertyValue("--bg");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = style.getPropertyValue("--fg");
  ctx.font = `600 ${13 * ratio}px Inter Variable, sans-serif`;
  ctx.fillText(title, 12 * ratio, 19 * ratio);
  ctx.drawImage(source, 0, head);
  ctx.font = `${11 * ratio}px Inter Variable, sans-serif`;
  named.forEach((line, at) => {
    const x = (at % columns) * (canvas.width / columns) + 12 * ratio;
    const y = head + source.height + Math.floor(at / columns) * row + 14 * ratio;
    ctx.fillStyle = line.colour;
    ctx.fillRect(x, y - 5 * ratio, 12 * ratio, 3 * ratio);
    ctx.fillStyle = style.getPropertyValue("--fg");
    ctx.fillText(line.label, x + 18 * ratio, y, canvas.width / columns - 36 * ratio);
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))), "image/png");
  });
}

export function toSvg(plot: LinePlot, title: string, lines: readonly ChartLine[], log: boolean): string {
  const [width, height] = [720, 400];
  const [left, top, right, bottom] = [64, 36, 16, 28 + Math.ceil(Math.min(lines.length, 24) / 3) * 16];
  const [xs, ys] = [plot.frame.scales["x"], plot.frame.scales["y"]];
  const x = scaleLinear([xs?.min ?? 0, xs?.max ?? 1], [left, width - right]);
  const y = (log ? scaleLog : scaleLinear)([ys?.min ?? 0, ys?.max ?? 1], [height - bottom, top]);
  const text = (at: number, up: number, words: string, more = "") =>
    `<text x="${at.toFixed(1)}" y="${up.toFixed(1)}" ${more}>${escape(words)}</text>`;
  const parts = [
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(12, 22, title, 'font-weight="600" font-size="13"'),
    ...x.ticks(8).map((tick) => text(x(tick), height - bottom + 14, formatTick(tick), 'text-anchor="middle"')),
    ...y.ticks(6).map(
      (tick) =>
        `<path d="M${left} ${y(tick).toFixed(1)}H${width - right}" stroke="#dde2e8"/>` +
        text(left - 6, y(tick) + 4, formatTick(tick), 'text-anchor="end"'),
    ),
  ];
  for (const line of lines) {
    const points = trace(line, x, y, log);
    const dash = line.dash.length > 0 ? ` stroke-dasharray="${line.dash.join(" ")}"` : "";
    parts.push(`<path d="${points}" fill="none" stroke="${line.colour}" stroke-width="1.4"${dash} clip-path="url(#c)"/>`);
  }
  lines.slice(0, 24).forEach((line, at) => {
    const [lx, ly] = [left + (at % 3) * 210, height - bottom + 32 + Math.floor(at / 3) * 16];
    parts.push(`<rect x="${lx}" y="${ly - 5}" width="12" height="3" fill="${line.colour}"/>`, text(lx + 18, ly, line.label));
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Inter, sans-serif" ` +
    `font-size="11" fill="#16202b"><clipPath id="c"><rect x="${left}" y="${top}" width="${width - left - right}" ` +
    `height="${height - top - bottom}"/></clipPath>${parts.join("")}</svg>\n`
  );
}

function trace(line: ChartLine, x: (at: number) => number, y: (at: number) => number, log: boolean): string {
  let path = "";
  let open = false;
  for (let i = 0; i < line.x.length; i += 1) {
    const value = line.y[i] ?? Number.NaN;
    if (!Number.isFinite(value) || (log && value <= 0)) {
      open = false;
      continue;
    }
    path += `${open ? "L" : "M"}${x(line.x[i] ?? 0).toFixed(1)} ${y(value).toFixed(1)}`;
    open = true;
  }
  return path;
}

function escape(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** To the clipboard where the browser allows it there, else as a file. Says which. */
export async function copyPicture(blob: Blob, name: string): Promise<"copied" | "saved"> {
  try {
    await navigator.clipboard.write([new ClipboardItem({ [blob.type]: blob })]);
    return "copied";
  } catch {
    save(blob, name);
    return "saved";
  }
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
