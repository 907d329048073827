/** The room of a grid on a page that scrolls: as high as its rows, up to a good part of the window. */

import type { ReactNode } from "react";

import styles from "./registry.module.css";

const ROW_PX = 32;
const HEAD_PX = 28;
const SCROLLBAR_PX = 18;

/** rows: how many there are, each 32 pixels high. tall: it is what the page is for. */
export function GridBox({ rows, tall = false, children }: { rows: number; tall?: boolean; children: ReactNode }) {
  const whole = HEAD_PX + rows * ROW_PX + SCROLLBAR_PX;
  return (
    <div className={styles["gridBox"]} style={{ height: `min(${whole}px, max(${tall ? 70 : 50}vh, 280px))` }}>
      {children}
    </div>
  );
}
