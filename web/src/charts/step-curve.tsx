/** A value that only rises, over what came: small enough to stand beside a chart. */

import { formatNumber } from "@/base/numbers";

import styles from "./sheets.module.css";

export interface StepPoint {
  x: number;
  y: number;
}

const WIDTH = 240;
const HEIGHT = 64;

/** `until`: where x ends, at the last value. */
export function StepCurve({ title, points, until, words }: { title: string; points: readonly StepPoint[]; until: number; words: string }) {
  const last = points.at(-1);
  if (!last) return null;
  const across = (x: number) => (until <= 1 ? WIDTH : ((x - 1) / (until - 1)) * WIDTH);
  const down = (y: number) => HEIGHT - 2 - (last.y > 0 ? y / last.y : 0) * (HEIGHT - 4);
  const path = points.reduce((text, point) => `${text}H${across(point.x).toFixed(1)}V${down(point.y).toFixed(1)}`, `M0 ${HEIGHT - 2}`);
  return (
    <figure className={styles["curve"]}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${words}`}>
        <path d={`${path}H${WIDTH}`} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption>
        <span>{words}</span>
        <strong title={String(last.y)}>{formatNumber(last.y, 5)}</strong>
      </figcaption>
    </figure>
  );
}
