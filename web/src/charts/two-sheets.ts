/** A chart of two canvases: what its data make of it below, what follows the pointer above. */

import { useEffect, type RefObject } from "react";

import { useHover } from "@/model/hover";
import { useTheme } from "@/model/theme";

import { draw, forget } from "./frames";
import { sheetOf, type Sheet } from "./sheet";

type Paint = (sheet: Sheet) => void;
type Canvas = RefObject<HTMLCanvasElement | null>;

/** Both are painted with each new `paint` or `light`, size and theme; `light` also as another run is hovered. */
export function useTwoSheets(lower: Canvas, upper: Canvas, paint: Paint, light: Paint): void {
  const theme = useTheme((state) => state.theme);
  useEffect(() => {
    const [below, above] = [lower.current, upper.current];
    if (!below || !above) return undefined;
    const paintBelow = () => {
      const sheet = sheetOf(below);
      if (sheet) paint(sheet);
    };
    const paintAbove = () => {
      const sheet = sheetOf(above);
      if (sheet) light(sheet);
    };
    const all = () => {
      draw(paintBelow);
      draw(paintAbove);
    };
    const watch = new ResizeObserver(all);
    if (below.parentElement) watch.observe(below.parentElement);
    const stop = useHover.subscribe(() => draw(paintAbove));
    all();
    return () => {
      watch.disconnect();
      stop();
      forget(paintBelow);
      forget(paintAbove);
    };
  }, [lower, upper, paint, light, theme]);
}
