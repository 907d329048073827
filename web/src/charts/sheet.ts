/** A canvas that is as large as its host, in the theme's colours, redrawn when either changes. */

export interface Colours {
  fg: string;
  fg2: string;
  line: string;
  strong: string;
  accent: string;
  bg: string;
  bad: string;
}

export interface Sheet {
  context: CanvasRenderingContext2D;
  /** CSS pixels */
  width: number;
  height: number;
  colours: Colours;
}

/** Cleared and scaled to the screen's pixels; null while the host has no size. */
export function sheetOf(canvas: HTMLCanvasElement): Sheet | null {
  const host = canvas.parentElement;
  const context = canvas.getContext("2d");
  if (!host || !context || host.clientWidth === 0 || host.clientHeight === 0) return null;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [host.clientWidth, host.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "11px 'Inter Variable', system-ui, sans-serif";
  const style = getComputedStyle(host);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    context,
    width,
    height,
    colours: {
      fg: token("--fg"),
      fg2: token("--fg2"),
      line: token("--line"),
      strong: token("--line-strong"),
      accent: token("--accent"),
      bg: token("--bg"),
      bad: token("--bad"),
    },
  };
}

/** Text that fits a width, its middle left out where it does not: names often differ at their ends. */
export function fitText(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let keep = Math.max(2, Math.floor((text.length * width) / Math.max(1, context.measureText(text).width)) - 1);
  while (keep > 2) {
    const head = Math.ceil(keep / 2);
    const cut = `${text.slice(0, head)}…${text.slice(text.length - (keep - head))}`;
    if (context.measureText(cut).width <= width) return cut;
    keep -= 1;
  }
  return `${text.slice(0, 1)}…`;
}
