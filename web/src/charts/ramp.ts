/** The sequential colours of continuous values: viridis, by its published anchors. */

const ANCHORS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
];

/** `share` 0 to 1; what lies outside is drawn as the end. */
export function viridis(share: number): string {
  const at = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * (ANCHORS.length - 1);
  const i = Math.min(ANCHORS.length - 2, Math.floor(at));
  const [from, to] = [ANCHORS[i] ?? [0, 0, 0], ANCHORS[i + 1] ?? [0, 0, 0]];
  const mix = (one: number, other: number) => Math.round(one + (other - one) * (at - i));
  return `rgb(${mix(from[0], to[0])}, ${mix(from[1], to[1])}, ${mix(from[2], to[2])})`;
}
