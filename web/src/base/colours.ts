/** Run colours: slots 1–20, checked for normal, protan, deutan and tritan vision, contrast ≥ 3:1. */

export type Theme = "light" | "dark";

const LIGHT: readonly string[] =
  "#0F69D2 #C30F00 #C3785A #A587D2 #4B0096 #F05AA5 #FF3C00 #7878FF #5A2D69 #005A3C #A5004B #692D00 #D22DA5 #1E6978 #87871E #695A0F #00A578 #2D1EC3 #A53C87 #96694B".split(" ");
const DARK: readonly string[] =
  "#4B96E1 #F01E1E #F0A587 #B4B4FF #695AFF #C36996 #FFD287 #1EF0FF #A54BD2 #69875A #FF6987 #A5964B #D21EA5 #4BE1B4 #E1F000 #C3B400 #B4F0C3 #78B4C3 #F069FF #96E14B".split(" ");

export const SLOTS = 20;
const HALF = 10;

/** The colour of a slot as the server gives it: 0, 1, 2, … in order of the project's runs. */
export function runColour(slot: number, theme: Theme): string {
  const at = ((Math.trunc(slot) % SLOTS) + SLOTS) % SLOTS;
  const colours = theme === "dark" ? DARK : LIGHT;
  return colours[at] ?? "#888888";
}

/** Canvas dash of a slot: lines that could be confused differ in pattern too. */
export function runDash(slot: number): readonly number[] {
  if (slot >= SLOTS) return [2, 3];
  return slot >= HALF ? [6, 3] : [];
}

/** The custom property of a slot, for CSS that follows the theme by itself. */
export function runColourVar(slot: number): string {
  return `var(--run-${(((Math.trunc(slot) % SLOTS) + SLOTS) % SLOTS) + 1})`;
}
