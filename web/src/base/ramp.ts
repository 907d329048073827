/** Viridis, by nine of its colours: how much there is of something, dark to bright. */

const STOPS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
  [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];

/** `amount` 0…1, outside of it the nearest end. */
export function viridis(amount: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, Number.isFinite(amount) ? amount : 0)) * (STOPS.length - 1);
  const low = Math.floor(at);
  const [a, b] = [STOPS[low] ?? [0, 0, 0], STOPS[Math.min(low + 1, STOPS.length - 1)] ?? [0, 0, 0]];
  const part = at - low;
  const mix = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * part);
  return [mix(0), mix(1), mix(2)];
}
