/** The chart's tooltip, kept outside React: it moves with every move of the pointer. */

import { formatNumber, formatTick } from "@/base/numbers";
import { absoluteTime, formatDuration } from "@/base/time";

import styles from "./line-chart.module.css";
import type { Near, XKind } from "./plot";

const ROWS_MAX = 8;

export function xWords(kind: XKind, name: string, value: number): string {
  if (kind === "time") return absoluteTime(value);
  if (kind === "duration") return `${name} ${formatDuration(value)}`;
  return `${name} ${Number.isInteger(value) ? value.toLocaleString("en-US") : formatNumber(value, 6)}`;
}

export class Tooltip {
  private readonly box = element("div", styles["tip"]);
  private readonly dot = element("div", styles["dot"]);

  constructor(private readonly host: HTMLElement) {
    this.box.setAttribute("aria-hidden", "true");
    this.hide();
    host.append(this.box, this.dot);
  }

  hide(): void {
    this.box.hidden = true;
    this.dot.hidden = true;
  }

  /** `over`: the plot within the host, whose corner `left` and `top` count from. */
  show(near: readonly Near[], kind: XKind, xName: string, left: number, top: number, over: HTMLElement): void {
    const first = near[0];
    if (!first) {
      this.hide();
      return;
    }
    const x = first.line.x[first.index] ?? 0;
    const rows = near.slice(0, ROWS_MAX).map((one, at) => row(one, at === 0, x));
    const rest = near.length - rows.length;
    const head = element("div", styles["tipHead"]);
    head.textContent = bucketWords(first, kind, xName, x) + (rest > 0 ? `, nearest ${rows.length} of ${near.length}` : "");
    this.box.replaceChildren(head, ...rows);
    this.box.hidden = false;
    const [dx, dy] = [over.offsetLeft, over.offsetTop];
    const room = this.host.clientWidth;
    const width = this.box.offsetWidth;
    const side = left + dx + 14 + width > room ? Math.max(-dx, left - width - 14) : left + 14;
    this.box.style.transform = `translate(${side + dx}px, ${Math.max(0, top + dy - this.box.offsetHeight - 8)}px)`;
    this.dot.hidden = false;
    this.dot.style.background = first.line.colour;
    this.dot.style.left = `${first.left + dx}px`;
    this.dot.style.top = `${first.top + dy}px`;
  }
}

function bucketWords(first: Near, kind: XKind, xName: string, x: number): string {
  const words = xWords(kind, xName, x);
  return first.line.exact ? words : `${words}, mean of a bucket`;
}

function row({ line, index }: Near, first: boolean, x: number): HTMLElement {
  const out = element("div", styles["tipRow"]);
  out.dataset["first"] = String(first);
  const swatch = element("span", styles["tipSwatch"]);
  swatch.style.background = line.colour;
  const name = element("span");
  name.textContent = line.label;
  const value = element("span");
  const drawn = line.y[index] ?? Number.NaN;
  value.textContent = formatNumber(drawn, 5);
  const more = element("span");
  const parts: string[] = [];
  if (line.raw) parts.push(`raw ${formatNumber(line.raw[index] ?? Number.NaN, 5)}`);
  if (!line.exact && line.low && line.high) {
    const [low, high] = [line.low[index] ?? Number.NaN, line.high[index] ?? Number.NaN];
    if (high > low) parts.push(`${formatNumber(low)} … ${formatNumber(high)}`);
  }
  const own = line.x[index] ?? x;
  if (own !== x && line.exact) parts.push(`@ ${formatTick(own)}`);
  more.textContent = parts.join("  ");
  out.append(swatch, name, value, more);
  return out;
}

function element<K extends keyof HTMLElementTagNameMap>(tag: K, className = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
